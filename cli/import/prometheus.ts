import { loadSources } from '../../collector/sources.ts'
import type { Source } from '../../collector/source.ts'
import { openDataset } from '../../ingest/history/dataset.ts'
import { createLedger } from '../../ingest/settle/ledger.ts'
import type { StoreOptions } from '../../ingest/store/client.ts'
import { migrate } from '../../ingest/store/migrate.ts'
import { connectStore, type Store } from '../../ingest/store/store.ts'
import { PlimsollError } from '#schemas/errors.ts'
import type { Logger } from '#schemas/role.ts'
import type { Invocation } from '../command.ts'
import { createLogger } from '../log.ts'
import { readSettings } from '../settings.ts'
import { createBars, withSite } from './history.ts'
import { createPrometheusApi, type Instants } from './prometheus-api.ts'
import { importPrometheus, type PastSource, type PrometheusReport } from './prometheus-job.ts'
import { CLUSTER_DEFAULT } from './prometheus-readings.ts'

/** Which series are a source's pages, as a matcher of names. */
const PAGES = {
  'dcgm-exporter': 'DCGM_(FI|EXP)_.+',
  'npu-exporter': '(npu_|machine_npu_|vnpu_|container_npu_).+',
} as const
const STEP_SECONDS = 60
const DAYS_DEFAULT = '-30d'
const UNITS_MS = { m: 60_000, h: 3_600_000, d: 86_400_000 } as const

/**
 * `plimsoll import prometheus --url URL`: what exporters said in the past, into a data set or into the site, which must
 * not run meanwhile. Throws E_USAGE, E_PROMETHEUS_AWAY and what the store throws.
 */
export async function run(invocation: Invocation): Promise<number> {
  const url = urlOf(invocation.option('url'))
  const span = spanOf(invocation, Date.now())
  const sources = await sourcesOf(invocation)
  const settings = readSettings(invocation)
  const log = createLogger((line) => console.error(line), Date.now, 'import')
  return withSite(settings, async (site) => {
    const bars = createBars()
    const report = await withTarget(
      { site, dataset: invocation.option('dataset'), log },
      async (store) =>
        importPrometheus({
          api: createPrometheusApi({ url: url.href }),
          server: url.host + url.pathname,
          store,
          ledger: await createLedger(store, Date.now),
          clock: Date.now,
          sources,
          cluster: invocation.option('cluster') ?? CLUSTER_DEFAULT,
          timeZone: settings.timeZone,
          span,
          onProgress: bars.update,
        }),
    )
    bars.done()
    for (const line of linesOf(report)) invocation.print(line)
    return 0
  })
}

function urlOf(text: string | undefined): URL {
  const url = text === undefined ? null : URL.parse(text)
  if (url !== null && (url.protocol === 'http:' || url.protocol === 'https:')) return url
  throw new PlimsollError('E_USAGE', 'give --url, such as --url http://prometheus:9090')
}

/** What is asked for, on whole steps. Throws E_USAGE. */
export function spanOf(invocation: Pick<Invocation, 'option'>, nowMs: number): Instants {
  const stepMs = 1000 * (stepSeconds(invocation) ?? STEP_SECONDS)
  const floor = (ms: number) => Math.floor(ms / stepMs) * stepMs
  const fromMs = floor(timeOf(invocation.option('from') ?? DAYS_DEFAULT, 'from', nowMs))
  const asked = invocation.option('to')
  const toMs = floor(asked === undefined ? nowMs : timeOf(asked, 'to', nowMs))
  if (fromMs < toMs) return { fromMs, toMs, stepMs }
  throw new PlimsollError('E_USAGE', '--from is not before --to: there is nothing to read')
}

function stepSeconds(invocation: Pick<Invocation, 'option'>): number | undefined {
  const text = invocation.option('step')
  if (text === undefined) return undefined
  const step = Number(text)
  if (Number.isInteger(step) && step >= 1 && 60 % step === 0) return step
  throw new PlimsollError('E_USAGE', `--step ${text}: seconds that divide 60, such as 10 or 60`)
}

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:\d\d)$/
const AGO = /^-(\d{1,4})([mhd])$/

function timeOf(text: string, name: string, nowMs: number): number {
  const [, count = '', unit = ''] = AGO.exec(text) ?? []
  if (unit === 'm' || unit === 'h' || unit === 'd') return nowMs - Number(count) * UNITS_MS[unit]
  const ms = TIME.test(text) ? Date.parse(text) : Number.NaN
  if (Number.isFinite(ms)) return ms
  throw new PlimsollError(
    'E_USAGE',
    `--${name} ${text}: give -30d, -12h, or a time with its zone such as 2026-05-01T10:00Z`,
  )
}

const MATCHER = /^[a-zA-Z_][a-zA-Z0-9_]*(=|!=|=~|!~)"([^"\\]|\\.)*"$/

/** The sources that are read, each with its selector. Throws E_USAGE. */
export async function sourcesOf(
  invocation: Pick<Invocation, 'option' | 'options'>,
): Promise<PastSource[]> {
  const matchers = invocation.options('match')
  const wrong = matchers.find((matcher) => !MATCHER.test(matcher))
  if (wrong !== undefined)
    throw new PlimsollError(
      'E_USAGE',
      `--match ${wrong}: write it like cluster="east" or job=~"dcgm.*"`,
    )
  const known = new Map((await loadSources()).map((source) => [source.name, source]))
  const find = (name: string): Source => {
    const source = known.get(name)
    if (source === undefined) throw new RangeError(`there is no source ${name}`)
    return source
  }
  const selector = (names: string) => `{${[`__name__=~"${names}"`, ...matchers].join(',')}}`
  const mapping = invocation.option('mapping')
  const pages = Object.entries(PAGES).map(([name, names]): PastSource => {
    const source = find(name)
    return { source, config: source.config.parse({}), selector: selector(names) }
  })
  if (mapping === undefined) return pages
  const names = invocation.option('names')
  if (names === undefined || !/^[\w:.|()*+[\]?-]{1,1000}$/.test(names))
    throw new PlimsollError(
      'E_USAGE',
      '--mapping needs --names, an expression for the names of its metrics, such as --names "node_.+"',
    )
  const source = find('prometheus')
  const config = source.config.safeParse({ mapping })
  if (!config.success)
    throw new PlimsollError('E_USAGE', `--mapping ${mapping}: ${config.error.issues[0]?.message}`)
  return [...pages, { source, config: config.data, selector: selector(names) }]
}

/** The tables that history goes into. */
async function withTarget<T>(
  target: {
    readonly site: StoreOptions
    readonly dataset: string | undefined
    readonly log: Logger
  },
  work: (store: Store) => Promise<T>,
): Promise<T> {
  const { site, dataset, log } = target
  if (dataset !== undefined) {
    const { store } = await openDataset(site, { name: dataset, log })
    try {
      return await work(store)
    } finally {
      await store.close()
    }
  }
  await migrate({ connection: site, profile: { kind: 'single' }, log })
  const store = connectStore(site)
  try {
    // Samples that are older than what the site keeps live until they are settled.
    await store.command('SYSTEM STOP TTL MERGES samples')
    return await work(store)
  } finally {
    await store.command('SYSTEM START TTL MERGES samples')
    await store.close()
  }
}

function linesOf(report: PrometheusReport): string[] {
  const { exporters, devices, samples, partsBefore, refused, minutesSettled } = report
  const before = partsBefore === 0 ? '' : `; ${partsBefore} parts were stored before`
  return [
    `${samples} samples of ${devices} devices from ${exporters} exporters${before}`,
    ...[...refused].map(([reason, count]) => `  left out: ${count} x ${reason}`),
    `${minutesSettled} minutes settled`,
  ]
}
