import { mkdtempSync, rmSync, appendFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { encodeBatch } from '#schemas/wire.ts'
import { newBoot, testBatch, testDevice } from '../../ingest/worker/ingest.testing.ts'
import { NUMBER_METRIC, openJournal, parseJournal, readJournal } from './journal.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'plimsoll-journal-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

it('says of each batch whether the spool took it, and which rows it has', () => {
  const path = join(folder, 'journal')
  const boot = newBoot()
  const devices = [testDevice('a', { index: 4 }), testDevice('b', { index: 2 })]
  const numbers = [
    [11, 11],
    [12, undefined],
  ]
  const cells = { [NUMBER_METRIC]: numbers }
  const payload = encodeBatch(testBatch({ boot, seq: 1, t0Ms: 20_000, devices, cells }))
  const journal = openJournal(path)
  journal.appending(boot, 1, payload)
  journal.appended(boot, 1, false)
  journal.appending(boot, 2, payload)
  const batches = readJournal(path)
  expect(batches.get(`${boot} 1`)).toMatchObject({
    isProduced: true,
    t0Ms: 20_000,
    stepMs: 10_000,
    cells: [4, 0, 11, 2, 0, 11, 4, 1, 12],
  })
  expect(batches.get(`${boot} 2`)).toMatchObject({ isProduced: false })
})

it('passes over a line that a kill cut, and goes on behind it', () => {
  const path = join(folder, 'journal')
  const boot = newBoot()
  openJournal(path)
  appendFileSync(path, '["=","')
  openJournal(path)
  appendFileSync(path, `["+","${boot}",1,0,0,0,[]]\n["=","${boot}",1,0]\n`)
  expect(readJournal(path).get(`${boot} 1`)?.isProduced).toBe(true)
})

it('knows what only memory held when the process was killed, and what reached the disk before', () => {
  const batch = (seq: number) => `["+","b",${seq},0,0,0,[]]\n["=","b",${seq},1]`
  const batches = parseJournal(`["run"]\n${batch(1)}\n["disk"]\n${batch(2)}\n["run"]\n`)
  expect(batches.get('b 1')?.hasDiedInMemory).toBe(false)
  expect(batches.get('b 2')?.hasDiedInMemory).toBe(true)
})
