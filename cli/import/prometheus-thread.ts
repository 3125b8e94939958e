import { parentPort, workerData } from 'node:worker_threads'
import { connectStore } from '../../ingest/store/store.ts'
import { PlimsollError } from '#schemas/errors.ts'
import { createPrometheusApi } from './prometheus-api.ts'
import { importGroup } from './prometheus-job.ts'
import { sourcesOf } from './prometheus-sources.ts'
import { GroupOrder, type ThreadSetup, type ThreadWord } from './prometheus-threads.ts'

/** Runs in a thread of its own: takes one group after the other. */
const port = parentPort
if (port === null) throw new Error('prometheus-thread.ts runs as a thread of the import only')
const setup: ThreadSetup = workerData
const store = connectStore(setup.connection)
const deps = {
  api: createPrometheusApi({ url: setup.url }),
  store,
  clock: Date.now,
  sources: await sourcesOf(setup),
}
const say = (word: ThreadWord) => port.postMessage(word)

port.on('message', (message: unknown) => {
  const group = GroupOrder.parse(message)
  importGroup(deps, setup.question, group, () => say({ kind: 'part' })).then(
    (report) => say({ kind: 'done', report: { ...report, refused: new Map(report.refused) } }),
    (error: unknown) => {
      const code = error instanceof PlimsollError ? error.code : ''
      say({ kind: 'failed', code, message: error instanceof Error ? error.message : String(error) })
    },
  )
})
