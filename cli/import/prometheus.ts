import { openDataset } from '../../ingest/history/dataset.ts'
import { createLedger } from '../../ingest/settle/ledger.ts'
import { createLocalDays } from '../../ingest/settle/local-day.ts'
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
import { importPrometheus, type PrometheusReport } from './prometheus-job.ts'
import { CLUSTER_DEFAULT } from './prometheus-readings.ts'
import { sourcesOf } from './prometheus-sources.ts'
import { startThreads } from './prometheus-threads.ts'

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
  const told = {
    mapping: invocation.option('mapping'),
    names: invocation.option('names'),
    match: invocation.options('match'),
  }
  const sources = await sourcesOf(told)
  const settings = readSettings(invocation)
  const log = createLogger((line) => console.error(line), Date.now, 'import')
  const cluster = invocation.option('cluster') ?? CLUSTER_DEFAULT
  const question = { server: url.host + url.pathname, cluster, span }
  return withSite(settings, async (site) => {
    const bars = createBars()
    const target = { site, dataset: invocation.option('dataset'), log }
    const report = await withTarget(target, async (store, connection) => {
      const threads = startThreads({ url: url.href, connection, question, ...told })
      try {
        return await importPrometheus({
          api: createPrometheusApi({ url: url.href }),
          ...question,
          store,
          ledger: await createLedger(store, Date.now, {
            dayOf: createLocalDays(settings.timeZone),
          }),
          clock: Date.now,
          sources,
          timeZone: settings.timeZone,
          runners: threads.runners,
          onProgress: bars.update,
        })
      } finally {
        await threads.stop()
      }
    })
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

/** The tables that history goes into. */
async function withTarget<T>(
  target: {
    readonly site: StoreOptions
    readonly dataset: string | undefined
    readonly log: Logger
  },
  work: (store: Store, connection: StoreOptions) => Promise<T>,
): Promise<T> {
  const { site, dataset, log } = target
  if (dataset !== undefined) {
    const { store, connection } = await openDataset(site, {
      name: dataset,
      // The migrations of a new data set are no news.
      log: { ...log, info: () => undefined },
    })
    try {
      return await work(store, connection)
    } finally {
      await store.close()
    }
  }
  await migrate({ connection: site, profile: { kind: 'single' }, log })
  const store = connectStore(site)
  try {
    // Samples that are older than what the site keeps live until they are settled.
    await store.command('SYSTEM STOP TTL MERGES samples')
    return await work(store, site)
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
