import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { journalService } from './journal-service.ts'
import { Settings } from './settings.ts'

let dataDir: string
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'journal-service-'))
})
afterEach(() => rm(dataDir, { recursive: true }))

const log = { info: () => undefined, warn: () => undefined, error: () => undefined }
const open = () => journalService(Settings.parse({ dataDir }), log)

it('a standalone process keeps its journal in its data folder, for itself', async () => {
  const first = open()
  await expect(first.journal()).rejects.toMatchObject({ code: 'E_INTERNAL' })
  await first.role.start()
  const journal = await first.journal()
  await journal.append({ at_ms: 1, who: 'ann', body: { kind: 'contracts', contracts: [] } })
  const second = open()
  await expect(second.role.start()).rejects.toMatchObject({ code: 'E_JOURNAL_LOCKED' })
  await expect(second.role.start()).rejects.toThrow(`process ${process.pid} uses the journal in`)
  await first.role.stop()
  await second.role.start()
  expect(await (await second.journal()).last()).toBe(1)
  await second.role.stop()
})
