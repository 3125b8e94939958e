import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { BUILT_IN_MODELS } from '#schemas/models/built-in.ts'
import { modelCatalogue } from '#schemas/models/model.ts'
import type { Reader } from '#schemas/ports.ts'
import { buildApp, type QueryApp } from '../app.ts'
import type { QueryDeps } from '../deps.ts'
import { createAudit } from './audit.ts'
import { AccessConfig } from './config.ts'
import { createTokenStore } from './tokens.ts'

export const START_MS = Date.UTC(2026, 4, 4, 8)

/** A store that answers each named query (told apart by a word in its text) with given rows. */
export function fakeReader(answers: Readonly<Record<string, readonly unknown[]>> = {}): Reader & {
  readonly asked: { readonly sql: string; readonly params: Readonly<Record<string, unknown>> }[]
} {
  const asked: { sql: string; params: Readonly<Record<string, unknown>> }[] = []
  return {
    asked,
    query(sql, params) {
      asked.push({ sql, params })
      const found = Object.entries(answers).find(([word]) => sql.includes(word))
      return Promise.resolve([...(found?.[1] ?? [])])
    },
    ping: () => Promise.resolve(true),
  }
}

export interface TestApp extends QueryApp {
  readonly tokenPath: string
  readonly auditPath: string
  /** Moves the injected clock. */
  advance(ms: number): void
}

/** The whole application on a fake store, with token and audit files of its own. */
export async function testApp(
  overrides: Partial<QueryDeps> & { readonly accessInput?: unknown } = {},
): Promise<TestApp> {
  const { accessInput = {}, ...deps } = overrides
  const directory = await mkdtemp(join(tmpdir(), 'plimsoll-query-'))
  const tokenPath = join(directory, 'tokens.json')
  const auditPath = join(directory, 'audit.jsonl')
  let now = START_MS
  const clock = () => now
  const built = await buildApp({
    reader: fakeReader(),
    clock,
    log: { info: () => undefined, warn: () => undefined, error: () => undefined },
    parse: (bytes, source) => ({
      source: source ?? 'dcgm-exporter',
      outcome: 'ok',
      devices: [],
      rejected: [],
      rejected_total: bytes.length,
      ignored: [],
    }),
    ready: () => ({ ready: true, progress: '' }),
    simulated: false,
    timeZone: 'Asia/Shanghai',
    version: '0.0.0',
    pipeline: () => null,
    roles: () => [],
    tokens: createTokenStore(tokenPath, clock),
    audit: createAudit(auditPath, clock),
    control: null,
    journal: null,
    models: modelCatalogue(BUILT_IN_MODELS),
    access: AccessConfig.parse(accessInput),
    dashboardDir: null,
    ...deps,
  })
  return {
    ...built,
    tokenPath,
    auditPath,
    advance(ms) {
      now += ms
    },
  }
}
