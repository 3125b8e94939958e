import { fork } from 'node:child_process'
import {
  appendFile,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  truncate,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import { silent } from '../worker/ingest.testing.ts'
import { openFileJournal, type FileJournal } from './file-journal.ts'
import { change, describeJournal } from './journal-suite.testing.ts'

const folders: string[] = []
const journals: FileJournal[] = []
afterEach(async () => {
  for (const journal of journals.splice(0)) await journal.close()
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true })
})

async function folder(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'journal-'))
  folders.push(directory)
  return directory
}
const unlocked = async () => async () => undefined
async function openIn(directory: string, segmentBytes?: number): Promise<FileJournal> {
  const size = segmentBytes === undefined ? {} : { segmentBytes }
  const journal = await openFileJournal({ directory, log: silent, lock: unlocked, ...size })
  journals.push(journal)
  return journal
}
const segments = async (directory: string) =>
  (await readdir(directory)).filter((name) => name.endsWith('.journal')).toSorted()

describeJournal('files', async () => {
  const directory = await folder()
  let journal = await openIn(directory, 2_000)
  return {
    journal,
    async reopen() {
      await journal.close()
      journal = await openIn(directory, 2_000)
      return journal
    },
    close: () => journal.close(),
  }
})

describe('files of the journal', () => {
  it('what is there after a cut anywhere, and garbage behind it, is a prefix of what was appended', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(200), { maxLength: 12 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.uint8Array({ maxLength: 40 }),
        fc.constantFrom(400, 100_000),
        async (sizes, share, garbage, segmentBytes) => {
          const directory = await folder()
          const journal = await openIn(directory, segmentBytes)
          const entries = []
          for (const [n, size] of sizes.entries())
            entries.push(await journal.append(change(n, 'p'.repeat(size))))
          await journal.close()
          const names = await segments(directory)
          const tail = join(directory, names.at(-1) ?? '')
          const { size } = await stat(tail)
          const cutAt = Math.floor(size * share)
          await truncate(tail, cutAt)
          await appendFile(
            tail,
            garbage.filter((byte) => byte !== 0x0a),
          )
          const again = await openIn(directory, segmentBytes)
          const found = await again.readFrom(1, 1_000)
          expect(found).toEqual(entries.slice(0, found.length))
          const whole = (await readFile(tail)).length
          expect(whole).toBeLessThanOrEqual(cutAt)
          // It goes on where the prefix ends.
          const next = await again.append(change(99), { expectedLast: found.length })
          expect(await again.readFrom(1, 1_000)).toEqual([...found, next])
          await again.close()
        },
      ),
      { numRuns: 60 },
    )
  })

  it('begin anew when one is full, and are read across', async () => {
    const directory = await folder()
    const journal = await openIn(directory, 500)
    for (let n = 1; n <= 20; n += 1) await journal.append(change(n))
    const names = await segments(directory)
    expect(names.length).toBeGreaterThan(5)
    expect(names[0]).toBe('000000000001.journal')
    expect((await journal.readFrom(3, 15)).map(({ who }) => who)).toEqual(
      Array.from({ length: 15 }, (_, index) => `p-${index + 3}`),
    )
  })

  it('damage with whole entries behind it is refused and named, not cut off', async () => {
    const directory = await folder()
    const journal = await openIn(directory)
    for (let n = 1; n <= 5; n += 1) await journal.append(change(n))
    await journal.close()
    const path = join(directory, '000000000001.journal')
    const bytes = await readFile(path)
    bytes[bytes.length >> 1] = 0x20
    await writeFile(path, bytes)
    await expect(openIn(directory)).rejects.toMatchObject({ code: 'E_JOURNAL_DAMAGED' })
    await expect(openIn(directory)).rejects.toThrow(/damaged behind entry 2;/)
    expect(await readFile(path)).toEqual(bytes)
  })

  it('a damaged or missing older file is found when it is read, or at the start when it is the first', async () => {
    const directory = await folder()
    const journal = await openIn(directory, 500)
    for (let n = 1; n <= 20; n += 1) await journal.append(change(n))
    await journal.close()
    const [first, second] = await segments(directory)
    const path = join(directory, second ?? '')
    await truncate(path, (await stat(path)).size - 1)
    const again = await openIn(directory, 500)
    expect(await again.last()).toBe(20)
    await expect(again.readFrom(1, 20)).rejects.toMatchObject({ code: 'E_JOURNAL_DAMAGED' })
    await again.close()
    await rm(join(directory, first ?? ''))
    await expect(openIn(directory, 500)).rejects.toThrow(/begins with entry/)
  })

  it('give the directory back when they cannot be opened, and when they are closed', async () => {
    const directory = await folder()
    let held = 0
    const lock = async () => {
      held += 1
      return async () => void (held -= 1)
    }
    await writeFile(join(directory, '000000000007.journal'), '')
    await expect(openFileJournal({ directory, log: silent, lock })).rejects.toThrow(/missing/)
    expect(held).toBe(0)
    await rm(join(directory, '000000000007.journal'))
    const journal = await openFileJournal({ directory, log: silent, lock })
    expect(held).toBe(1)
    await journal.close()
    expect(held).toBe(0)
    await expect(journal.append(change(1))).rejects.toMatchObject({ code: 'E_JOURNAL_AWAY' })
    await expect(journal.last()).rejects.toMatchObject({ code: 'E_JOURNAL_AWAY' })
  })

  it('what was acknowledged before kill -9 is there afterwards, in order, and goes on', async () => {
    const directory = await folder()
    let acknowledged = 0
    for (let round = 1; round <= 4; round += 1) {
      const child = fork(join(import.meta.dirname, 'journal-writer.testing.ts'), [directory])
      const ended = new Promise((resolve) => child.once('exit', resolve))
      const target = acknowledged + 25
      await new Promise<void>((resolve) => {
        child.on('message', (sequence) => {
          acknowledged = Number(sequence)
          if (acknowledged >= target) resolve()
        })
      })
      child.kill('SIGKILL')
      await ended
      const journal = await openIn(directory, 4_000)
      const last = await journal.last()
      expect(last).toBeGreaterThanOrEqual(acknowledged)
      const found = await journal.readFrom(1, 10_000)
      expect(found.map(({ who }) => who)).toEqual(found.map(({ sequence }) => `p-${sequence}`))
      expect(found).toHaveLength(last)
      acknowledged = last
      await journal.close()
    }
  }, 30_000)
})
