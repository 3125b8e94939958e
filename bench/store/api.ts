import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Journal } from '#schemas/journal.ts'
import type { Reader } from '#schemas/ports.ts'
import { modelCatalogue } from '#schemas/models/model.ts'
import { createAudit } from '../../query/access/audit.ts'
import { AccessConfig } from '../../query/access/config.ts'
import { createTokenStore } from '../../query/access/tokens.ts'
import { buildApp } from '../../query/app.ts'
import { FORMATS } from '../../report/formats/registry.ts'
import { createReports } from '../../report/service.ts'

export interface BenchApi {
  /** Status and body of a GET through the whole of the API but its socket. */
  get(url: string): Promise<{ readonly status: number; readonly body: string }>
  stop(): Promise<void>
}

/** The query service over a reader, with a clock that stands at `nowMs` and goes on from there. */
export async function openBenchApi(
  reader: Reader,
  nowMs: number,
  journal: Journal | null = null,
): Promise<BenchApi> {
  const folder = await mkdtemp(join(tmpdir(), 'plimsoll-bench-'))
  const startMs = performance.now()
  // Real time passes on top, so that what is remembered for a second expires as it would.
  const clock = () => nowMs + Math.floor(performance.now() - startMs)
  const { app } = await buildApp({
    reader,
    clock,
    log: { info: () => undefined, warn: console.warn, error: console.error },
    parse: () => {
      throw new Error('not asked')
    },
    ready: () => ({ ready: true, progress: '' }),
    simulated: true,
    timeZone: 'Asia/Shanghai',
    version: 'bench',
    pipeline: () => null,
    roles: () => [],
    tokens: createTokenStore(join(folder, 'tokens.json'), clock),
    audit: createAudit(join(folder, 'audit.jsonl'), clock),
    access: AccessConfig.parse({}),
    dashboardDir: null,
    control: null,
    journal,
    models: modelCatalogue([]),
    reports: (facts) => ({
      reports: createReports({
        facts,
        journal,
        clock,
        timeZone: 'Asia/Shanghai',
        holidays: () => [],
        formats: FORMATS,
      }),
      sends: null,
    }),
  })
  return {
    async get(url) {
      const { statusCode, body } = await app.inject({ url, headers: { host: 'localhost' } })
      return { status: statusCode, body }
    },
    async stop() {
      await app.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
