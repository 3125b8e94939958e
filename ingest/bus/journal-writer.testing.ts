import { silent } from '../worker/ingest.testing.ts'
import { openFileJournal } from './file-journal.ts'
import { change } from './journal-suite.testing.ts'

/** Run as a process of its own to be killed: appends without end and tells what was acknowledged. */
const [, , directory = ''] = process.argv
const journal = await openFileJournal({
  directory,
  log: silent,
  lock: async () => async () => undefined,
  segmentBytes: 4_000,
})
for (let n = (await journal.last()) + 1; ; n += 1) {
  const { sequence } = await journal.append(change(n))
  process.send?.(sequence)
}
