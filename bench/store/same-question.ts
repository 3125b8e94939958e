import { readFileSync } from 'node:fs'
import { startTestEngine } from '../../ingest/engine/engine.testing.ts'
import { createLedger } from '../../ingest/settle/ledger.ts'
import { createLocalDays } from '../../ingest/settle/local-day.ts'
import type { Store } from '../../ingest/store/store.ts'
import { findProgram } from '../peers/installed.ts'
import { sendAll } from '../peers/peer.ts'
import { cpuSeconds } from '../peers/proc.ts'
import type { PeerBlock } from '../peers/samples.ts'
import { startVictoriaMetrics, type VictoriaMetrics } from '../peers/victoria-metrics.ts'
import { openBenchApi } from './api.ts'
import { childCpuSeconds } from './engine-cpu.ts'

/** Midnight of the API's zone, some days ago: VictoriaMetrics refuses nothing of that age. */
const HOUR_MS = 3_600_000
const MINUTE_MS = 60_000
const END_MS = Math.floor(Date.now() / (24 * HOUR_MS)) * 24 * HOUR_MS - 32 * HOUR_MS
const MINUTES = 1_440
const FROM_MS = END_MS - MINUTES * MINUTE_MS
const MODELS = 8
const METRIC = 'plimsoll_busy_ratio'
/** Both sides divide differently; more than this apart is another answer. */
const DIFFERENCE_MAX = 1e-6
const TICKS_PER_BODY = 240

/** Whole permille of a device and minute, by the same arithmetic here and in SQL. */
const permille = (device: number, minute: number) =>
  (device * 37 + minute * 13 + ((device * minute) % 101)) % 1001
const PERMILLE_SQL = '((d * 37 + m * 13 + ((d * m) % 101)) % 1001)'
const modelOf = (device: number) => `model-${device % MODELS}`

export interface SameQuestion {
  readonly question: string
  readonly devices: number
  readonly samples: number
  readonly plimsoll_p50_ms: number
  readonly plimsoll_cpu_ms: number
  readonly victoriametrics_p50_ms: number
  readonly victoriametrics_cpu_ms: number
  /** Of the CPU: how many times more VictoriaMetrics needs. */
  readonly cpu_ratio: number
  /** Largest difference between the two answers. */
  readonly difference: number
}

/**
 * Mean use by model over a day of minutes, as one figure and as a chart, of the same values on both sides; empty where
 * VictoriaMetrics is not installed. Throws when the answers differ.
 */
export async function compareWithVictoriaMetrics(options: {
  readonly devices: number
  readonly runs: number
}): Promise<SameQuestion[]> {
  const program = findProgram('victoria-metrics')
  if (program === null) {
    console.error('victoria-metrics is not installed: nothing to compare with')
    return []
  }
  const { devices, runs } = options
  const victoria = await startVictoriaMetrics(program, ['-search.disableCache'])
  const engine = await startTestEngine({ migrated: true })
  try {
    await feedVictoria(victoria, devices)
    await feedStore(engine.store, devices)
    const api = await openBenchApi(engine.reader, END_MS)
    const own = async (path: string) => {
      const { body } = await api.get(
        `/api/v1/fleet/${path}&from=${FROM_MS}&to=${END_MS}&group_by=model`,
      )
      return byModel(body)
    }
    const lookBack = (ms: number) => `avg by (model) (avg_over_time(${METRIC}[${ms / 1000}s]))`
    const cases = [
      {
        question: 'mean busy by model, 24 h of minutes, one figure',
        ours: () => own('summary?'),
        theirs: async () => flat(await victoria.query(lookBack(MINUTES * MINUTE_MS), END_MS - 1)),
      },
      {
        question: 'mean busy by model, 24 h of minutes, 288 steps of 5 min',
        ours: () => own('series?points=288'),
        // A step ends where VictoriaMetrics looks back from, its last instant included.
        theirs: async () =>
          flat(
            await victoria.queryRange(lookBack(5 * MINUTE_MS), {
              fromMs: FROM_MS + 5 * MINUTE_MS - 1,
              toMs: END_MS - 1,
              stepMs: 5 * MINUTE_MS,
            }),
          ),
      },
    ]
    const rows: SameQuestion[] = []
    for (const { question, ours, theirs } of cases) {
      const difference = differenceOf(await ours(), await theirs())
      if (!(difference < DIFFERENCE_MAX))
        throw new Error(`${question}: the answers differ by ${difference}`)
      const mine = await timed(ours, runs, childCpuOf(victoria.pid))
      const peer = await timed(theirs, runs, () => cpuSeconds(victoria.pid))
      rows.push({
        question,
        devices,
        samples: devices * MINUTES,
        plimsoll_p50_ms: mine.p50Ms,
        plimsoll_cpu_ms: mine.cpuMs,
        victoriametrics_p50_ms: peer.p50Ms,
        victoriametrics_cpu_ms: peer.cpuMs,
        cpu_ratio: Math.round((peer.cpuMs / mine.cpuMs) * 10) / 10,
        difference,
      })
    }
    await api.stop()
    return rows
  } finally {
    await Promise.all([victoria.stop(), engine.stop()])
  }
}

/** CPU of the engines: of all children but the peer. */
const childCpuOf = (peerPid: number) => () => childCpuSeconds() - cpuSeconds(peerPid)

async function timed(ask: () => Promise<unknown>, runs: number, cpuS: () => number) {
  const times: number[] = []
  const before = cpuS()
  for (let run = 0; run < runs; run += 1) {
    const start = performance.now()
    await ask()
    times.push(performance.now() - start)
  }
  times.sort((a, b) => a - b)
  return {
    p50Ms: Math.round(times[Math.floor(runs / 2)] ?? 0),
    cpuMs: Math.max(1, Math.round(((cpuS() - before) * 1000) / runs)),
  }
}

async function feedVictoria(victoria: VictoriaMetrics, devices: number): Promise<void> {
  const objects = Array.from({ length: devices }, (_, device) => ({
    labels: { device: `d${device}`, model: modelOf(device) },
    metrics: [METRIC],
  }))
  function* bodies() {
    for (let first = 0; first < MINUTES; first += TICKS_PER_BODY) {
      const minutes = Array.from({ length: TICKS_PER_BODY }, (_, tick) => first + tick)
      const block: PeerBlock = {
        timesMs: minutes.map((minute) => FROM_MS + minute * MINUTE_MS),
        rows: objects.map((object, device) => ({
          object,
          values: Float64Array.from(minutes, (minute) => permille(device, minute) / 1000),
        })),
      }
      yield victoria.encode('native import', block)
    }
  }
  await sendAll(victoria, 'native import', bodies())
  await victoria.forceMerge()
}

/** The same values as settled minutes; groups, hours and hours by node are made of them by settling's own statements. */
async function feedStore(store: Store, devices: number): Promise<void> {
  const range = { from_ms: FROM_MS, to_ms: END_MS }
  await store.command(
    `INSERT INTO ledger_1m (bucket, device_id, revision, cluster, node, model, busy_source, capacity_ms, known_ms, busy_ms_x1000)
     SELECT toDateTime({from:UInt32} + 60 * m, 'UTC'), d + 1, 1, 'c', concat('n', toString(intDiv(d, 8))),
       concat('model-', toString(d % ${MODELS})), 1, 60000, 60000, ${PERMILLE_SQL} * 60000
     FROM (SELECT toInt64(number % {devices:UInt32}) AS d, toInt64(intDiv(number, {devices:UInt32})) AS m
           FROM numbers({devices:UInt32} * ${MINUTES}))
     SETTINGS max_partitions_per_insert_block = 10`,
    { devices, from: FROM_MS / 1000 },
  )
  const groups = new URL('../../ingest/settle/minute-groups.sql', import.meta.url)
  await store.command(readFileSync(groups, 'utf8'), { ...range, revision: 1 })
  await store.command(
    `INSERT INTO revisions
     SELECT '1m', toDateTime({from:UInt32} + 60 * number, 'UTC'), 1, now64(3), {devices:UInt32}, ''
     FROM numbers(${MINUTES})`,
    { devices, from: FROM_MS / 1000 },
  )
  const ledger = await createLedger(store, () => END_MS, { dayOf: createLocalDays('UTC') })
  await ledger.settle({ kind: 'hours', fromMs: FROM_MS, toMs: END_MS })
}

interface Group {
  readonly key: { readonly model: string }
  readonly utilization?: number
  readonly values?: readonly number[]
}

function byModel(body: string): Map<string, readonly number[]> {
  const { groups }: { groups: Group[] } = JSON.parse(body)
  return new Map(
    groups.map(({ key, utilization, values }) => [
      key.model,
      values ?? [utilization ?? Number.NaN],
    ]),
  )
}

const flat = (series: Awaited<ReturnType<VictoriaMetrics['query']>>) =>
  new Map(
    series.map(({ metric, values }) => [metric['model'] ?? '', values.map(([, value]) => value)]),
  )

/** The largest difference of two answers; NaN when one knows what the other does not. */
function differenceOf(
  ours: Map<string, readonly number[]>,
  theirs: Map<string, readonly number[]>,
): number {
  if (ours.size !== theirs.size || ours.size === 0) return Number.NaN
  let largest = 0
  for (const [model, values] of ours) {
    const others = theirs.get(model)
    if (others?.length !== values.length) return Number.NaN
    for (const [index, value] of values.entries()) {
      largest = Math.max(largest, Math.abs(value - (others[index] ?? Number.NaN)))
    }
  }
  return largest
}
