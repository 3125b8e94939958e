import { CONFIG_DEFAULTS } from '../../collector/config.ts'
import type { OpenPages, PageReader } from '../../collector/formats/page-reader.ts'
import { type Accepted, createMerger, type Merger } from '../../collector/merge.ts'
import type { TargetRead } from '../../collector/runner.ts'
import type { Source, SourceIo } from '../../collector/source.ts'
import type { SteadyDevice } from '../../collector/steady.ts'
import { type Target, toTarget } from '../../collector/targets/target.ts'
import type { BatchDevice } from '#schemas/batch.ts'
import { DEVICE_METRICS, type MetricValues } from '#schemas/metrics.ts'
import type { DeviceReading, NodeReading } from '#schemas/reading.ts'
import type { PastSeries } from './prometheus-answer.ts'
import type { Instants } from './prometheus-api.ts'
import { linesOf, pageText, type PastLine, type PastRun, runsOf } from './prometheus-pages.ts'

/** One exporter of the past, read as a collector reads a living one. */
export interface PastExporter {
  /** Reads all pages of a span, oldest first; spans follow each other. A reading holds until the next one. */
  read(series: readonly PastSeries[], at: Instants): AsyncGenerator<PastReading>
  /** Lines and values that the source or the plausibility range refused so far, by reason. */
  refused(): ReadonlyMap<string, number>
}

export interface PastReading {
  readonly atMs: number
  readonly rows: readonly PastRow[]
  readonly nodes: readonly NodeReading[]
  /** Node of readings that do not name theirs. */
  readonly node: string
}

/** One device at one instant. */
export interface PastRow {
  readonly device: BatchDevice
  readonly busySource: number
  /** Its values from `offset` on, in the order of `DEVICE_METRICS`; NaN where it has none. */
  readonly values: Float64Array
  readonly offset: number
  /** Places in `DEVICE_METRICS` that may have a value. */
  readonly slots: readonly number[]
}

export interface PastExporterOptions {
  readonly source: Source
  /** How the source reads pages with the same lines; absent: as text, one by one. */
  readonly openPages?: OpenPages
  /** The source's own options, checked. */
  readonly config: unknown
  readonly instance: string
  readonly cluster: string
  readonly stepMs: number
}

const TIMEOUT_MS = 60_000
/** Sets of lines that are kept ready: an exporter mostly goes back to one that it had. */
const READERS_MAX = 64
/** Pages that are turned out of columns at once: one by one, each of them asks a hundred places of memory. */
const PAGES_TOGETHER = 16
const METRICS = DEVICE_METRICS.length
const slotOf = new Map<string, number>(DEVICE_METRICS.map(({ name }, slot) => [name, slot]))
const BUSY_SLOT = slotOf.get('busy_ratio') ?? -1
/** What the collector's joining looks at: the rest of a row passes it by. */
const GR_ENGINE_SLOT = slotOf.get('gr_engine_active_ratio') ?? -1
const GPU_UTIL_SLOT = slotOf.get('gpu_util_ratio') ?? -1
const NPU_UTIL_SLOT = slotOf.get('npu_util_ratio') ?? -1
const AICORE_SLOT = slotOf.get('aicore_ratio') ?? -1
/** The plausible range of each metric. */
const LOWEST = Float64Array.from(DEVICE_METRICS, ({ min }) => min)
const HIGHEST = Float64Array.from(DEVICE_METRICS, ({ max }) => max)
const ALL_SLOTS = DEVICE_METRICS.map((_, slot) => slot)
const NO_NODES: readonly NodeReading[] = []
const encoder = new TextEncoder()

/** The source's own reading and the collector's own joining: identity, units, busy source as they are live. */
export function createPastExporter(options: PastExporterOptions): PastExporter {
  const { instance, cluster, openPages, stepMs } = options
  const labels = { hall: '', rack: '', pool: '' }
  const state: ExporterState = {
    options,
    target: targetOf(instance),
    memory: new Map(),
    merger: createMerger({
      config: { labels, nodeLabels: new Map(), cluster },
      orderOf: () => 0,
      onPinChange: () => undefined,
    }),
    refused: new Map(),
  }
  return {
    async *read(series, { fromMs, toMs }) {
      const lines = linesOf(series)
      const readers = new Map<string, PageReader | null>()
      const readerOf = (run: PastRun): PageReader | null => {
        if (run.isOdd || openPages === undefined) return null
        const key = run.lines.join()
        const known = readers.get(key)
        if (known !== undefined) return known
        if (readers.size >= READERS_MAX) forgetReaders(state, readers)
        const heads = run.lines.map((line) => lines[line]?.head ?? '')
        const opened = openPages(heads, state.memory)
        readers.set(key, opened)
        return opened
      }
      for (const run of runsOf(lines, Math.ceil((toMs - fromMs) / stepMs))) {
        const reader = readerOf(run)
        if (reader === null) yield* readTexts(state, lines, run, fromMs)
        else yield* readColumns(state, { lines, run, reader }, fromMs)
      }
      forgetReaders(state, readers)
    },
    refused: () => state.refused,
  }
}

interface ExporterState {
  readonly options: PastExporterOptions
  readonly target: Target
  readonly memory: Map<string, unknown>
  readonly merger: Merger
  readonly refused: Map<string, number>
}

function forgetReaders({ refused }: ExporterState, readers: Map<string, PageReader | null>): void {
  for (const reader of readers.values())
    for (const [reason, count] of reader?.refused() ?? []) tally(refused, reason, count)
  readers.clear()
}

function tally(refused: Map<string, number>, reason: string, count: number): void {
  refused.set(reason, (refused.get(reason) ?? 0) + count)
}

/** Page by page, as the source reads them live. */
async function* readTexts(
  state: ExporterState,
  lines: readonly PastLine[],
  run: PastRun,
  fromMs: number,
): AsyncGenerator<PastReading> {
  const { options, target, memory, refused } = state
  const { source, config, stepMs } = options
  for (let instant = run.from; instant < run.to; instant += 1) {
    const atMs = fromMs + instant * stepMs
    const body = encoder.encode(pageText(lines, run, instant))
    const io = answering(body)
    const context = { io, target, config, nowMs: atMs, timeoutMs: TIMEOUT_MS, memory }
    const interpretation = await source.read(context)
    for (const [reason, count] of Object.entries(interpretation.rejectedByReason))
      tally(refused, reason, count)
    const joined = join(state, interpretation.devices, atMs)
    const rows = joined.rows.map(({ device, busySource, metrics }) => {
      const values = new Float64Array(METRICS).fill(Number.NaN)
      for (const [name, value] of Object.entries(metrics)) {
        const slot = slotOf.get(name)
        if (slot !== undefined && value !== null) values[slot] = value
      }
      return { device, busySource, values, offset: 0, slots: ALL_SLOTS }
    })
    yield { atMs, rows, nodes: interpretation.nodes ?? [], node: target.node }
  }
}

interface ColumnsWork {
  readonly lines: readonly PastLine[]
  readonly run: PastRun
  readonly reader: PageReader
}

/** All pages of a run: the collector's joining sees of each what it looks at, the other values go past it. */
function* readColumns(
  state: ExporterState,
  { lines, run, reader }: ColumnsWork,
  fromMs: number,
): Generator<PastReading> {
  const { target, options, merger } = state
  const columns = run.lines.map((line, at) =>
    (lines[line]?.series.values ?? new Float64Array()).subarray(run.offsets[at]),
  )
  const pages = createPages(columns)
  const devices = reader.devices.map((reading): DeviceReading => ({ ...reading, metrics: {} }))
  const values = new Float64Array(devices.length * METRICS).fill(Number.NaN)
  const table = { devices, values, slots: [...new Set([...reader.slots, BUSY_SLOT])] }
  const isRead = DEVICE_METRICS.map((_, slot) => reader.slots.includes(slot))
  let again: PastRows | null = null
  for (let instant = run.from; instant < run.to; instant += 1) {
    const atMs = fromMs + instant * options.stepMs
    reader.read(pages(instant - run.from), atMs, values)
    refuseOutside(values, reader.slots, state.refused)
    for (let at = 0; at < devices.length; at += 1)
      putBusy(devices[at]?.metrics ?? {}, isRead, values, at * METRICS)
    let rows = again?.(atMs)
    if (rows === undefined) {
      rows = joinedRows(state, table, atMs)
      const steady = merger.steady(readAt(state, devices, atMs))
      again = steady === null ? null : steadyRows(steady, table)
    }
    yield { atMs, rows, nodes: NO_NODES, node: target.node }
  }
}

/** Gives the page at a place of columns: in the order of places, some pages are turned out of the columns at once. */
function createPages(columns: readonly Float64Array[]): (place: number) => Float64Array {
  const lines = columns.length
  const together = new Float64Array(lines * PAGES_TOGETHER)
  const views = Array.from({ length: PAGES_TOGETHER }, (_, at) =>
    together.subarray(at * lines, (at + 1) * lines),
  )
  const turn = (from: number) => {
    for (const [line, column] of columns.entries())
      for (let at = 0; at < PAGES_TOGETHER; at += 1)
        together[at * lines + line] = column[from + at] ?? Number.NaN
  }
  return (place) => {
    const at = place % PAGES_TOGETHER
    if (at === 0) turn(place)
    return views[at] ?? together
  }
}

/** The devices of a run, and the values of one of its pages. */
interface PageTable {
  readonly devices: readonly DeviceReading[]
  readonly values: Float64Array
  readonly slots: readonly number[]
}

function joinedRows(
  state: ExporterState,
  { devices, values, slots }: PageTable,
  atMs: number,
): PastRow[] {
  const offsetOf = new Map(devices.map((reading, at) => [reading, at * METRICS]))
  const joined = join(state, devices, atMs)
  const offsets = new Map(joined.seen.map(({ key, reading }) => [key, offsetOf.get(reading) ?? 0]))
  return joined.rows.map(({ device, busySource, metrics }) => {
    const offset = offsets.get(device.keys[0] ?? '') ?? 0
    values[offset + BUSY_SLOT] = metrics.busy_ratio ?? Number.NaN
    return { device, busySource, values, offset, slots }
  })
}

/** The rows of a later page of a run; the same objects each time. */
type PastRows = (atMs: number) => readonly PastRow[]

function steadyRows(
  steady: readonly SteadyDevice[],
  { devices, values, slots }: PageTable,
): PastRows {
  const rows = steady.map(({ at, device, take }) => ({
    device,
    busySource: 0,
    values,
    offset: at * METRICS,
    slots,
    metrics: devices[at]?.metrics ?? {},
    take,
  }))
  return (atMs) => {
    for (const row of rows) {
      row.busySource = row.take(row.metrics, atMs)
      values[row.offset + BUSY_SLOT] = row.metrics.busy_ratio ?? Number.NaN
    }
    return rows
  }
}

/** `busy_ratio` may still have what the joining of the page before put there: `isRead` says whose values are of this one. */
function putBusy(
  metrics: MetricValues,
  isRead: readonly boolean[],
  values: Float64Array,
  offset: number,
): void {
  const valueOf = (slot: number): number | null => {
    const value = isRead[slot] === true ? (values[offset + slot] ?? Number.NaN) : Number.NaN
    return Number.isNaN(value) ? null : value
  }
  // By name each, always the same ones: a name out of a list costs several times as much.
  metrics.gr_engine_active_ratio = valueOf(GR_ENGINE_SLOT)
  metrics.gpu_util_ratio = valueOf(GPU_UTIL_SLOT)
  metrics.npu_util_ratio = valueOf(NPU_UTIL_SLOT)
  metrics.aicore_ratio = valueOf(AICORE_SLOT)
  metrics.busy_ratio = valueOf(BUSY_SLOT)
}

/** As the collector's joining does with a reading's values. */
function refuseOutside(
  values: Float64Array,
  slots: readonly number[],
  refused: Map<string, number>,
): void {
  for (let offset = 0; offset < values.length; offset += METRICS)
    for (const slot of slots) {
      const value = values[offset + slot] ?? Number.NaN
      // No comparison is true of NaN.
      const isOutside = value < (LOWEST[slot] ?? 0) || value > (HIGHEST[slot] ?? 0)
      if (!isOutside) continue
      values[offset + slot] = Number.NaN
      tally(refused, `range:${DEVICE_METRICS[slot]?.name}`, 1)
    }
}

function join(state: ExporterState, devices: readonly DeviceReading[], atMs: number): Accepted {
  const accepted = state.merger.accept(readAt(state, devices, atMs))
  for (const [reason, count] of Object.entries(accepted.rejected))
    tally(state.refused, reason, count)
  return accepted
}

function readAt(
  { options, target }: ExporterState,
  devices: readonly DeviceReading[],
  atMs: number,
): TargetRead {
  const { instance, source, stepMs } = options
  return {
    id: instance,
    source: source.name,
    target,
    tickMs: atMs,
    intervalMs: stepMs,
    atMs,
    durationMs: 0,
    bytes: 0,
    interpretation: { ...NOTHING, source: source.name, devices },
  }
}

/** Only the devices of a reading are joined. */
const NOTHING = {
  outcome: 'ok',
  reason: null,
  detail: null,
  events: [],
  ignored: [],
  toolLabels: {},
  rejected: [],
  rejectedByReason: {},
} as const

/** What Prometheus calls an instance is mostly an address; where it is none it is a name. */
function targetOf(instance: string): Target {
  try {
    return toTarget(instance, {}, instance)
  } catch {
    const place = { hall: '', rack: '', pool: '' }
    return { address: instance, node: instance, isNodeNamed: true, cluster: '', ...place }
  }
}

/** An outside world in which one page is all there is. */
const answering = (body: Uint8Array): SourceIo => ({
  get: async () => ({ status: 200, body, failure: null }),
  run: () => Promise.reject(new RangeError('history runs no command')),
  stream: () => 'busy',
  hasCommand: async () => false,
})

/** Cluster of devices that nobody said one for: as a collector without a configuration. */
export const CLUSTER_DEFAULT: string = CONFIG_DEFAULTS.cluster
