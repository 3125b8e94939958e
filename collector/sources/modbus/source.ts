import { type Interpretation, type MeterReading, unread } from '#schemas/reading.ts'
import type { MeterMetricName } from '#schemas/meter-metrics.ts'
import type { ModbusAnswer, ModbusRange } from '../../field-io.ts'
import { byPace } from '../../formats/meter-pace.ts'
import { createRejections } from '../../formats/rejections.ts'
import type { Detection, ReadContext, Source, SourceTarget } from '../../source.ts'
import { wordsOf } from './decode.ts'
import { exceptionOf, FAILURES, failureOf } from './faults.ts'
import {
  interpretCapture,
  meterReading,
  reading,
  recognizeCapture,
  SOURCE_NAME,
} from './interpret.ts'
import { createMapStore, type MapStore } from './load-map.ts'
import { type JumpMemory, type Refusal, valuesOf, type WordsOf } from './map.ts'
import { configOf, type DevicePlan, type ModbusConfig, planFor } from './options.ts'
import { type PlannedRange, planRanges } from './plan.ts'
import type { MapPoint } from './register-map.ts'

/** Read on every tick where `full_every` makes a difference: what a leak or a loss of flow shows first. */
const FAST: ReadonlySet<MeterMetricName> = new Set([
  'leak_state',
  'pump_state',
  'pump_speed_ratio',
  'flow_liters_per_minute',
])
const ANSWER_BYTES = 256 << 10
const MEMORY = 'device'
/** A first read opens a connection: so many devices of a long list begin per second. */
const STARTS_PER_SECOND = 25
/** Reads of 2,000 meters begin some 40 at a time, ms. */
const GATHER_MS = 500

/** What is remembered of a target. */
interface Kept {
  readonly jumps: JumpMemory
  /** The device refuses requests that span registers it lacks. */
  isGapless: boolean
  /** Tick of the last full read. */
  fullMs: number
  /** Where between two full reads this device has its own, 0..1: all at once would be a burst. */
  readonly phase: number
  /** The map has points that are read on every tick. */
  hasFast: boolean
  /** What follows from its target and options, while both stay the same. */
  task: (Omit<Task, 'kept'> & Pick<ReadContext<ModbusConfig>, 'target' | 'config'>) | null
}

/** Modbus TCP as a source; `store` says where register maps are read. */
export function createModbusSource(
  store: MapStore = createMapStore(),
  random: () => number = Math.random,
): Source<ModbusConfig> {
  const keptByMemory = new WeakMap<object, Kept>()
  return {
    name: SOURCE_NAME,
    transport: 'modbus',
    address: { schemes: ['modbus'], port: 502, path: '/' },
    defaultIntervalMs: 30_000,
    startsPerSecond: STARTS_PER_SECOND,
    gatherMs: GATHER_MS,
    config: configOf(store),
    // Which metrics come depends on the map.
    expects: [],
    recognize: recognizeCapture,
    interpret: (bytes) => interpretCapture(bytes, store.builtIn()),
    detect: () => Promise.resolve(NOT_LOCAL),
    isDue({ memory, config, nowMs }) {
      const kept = memory.has(MEMORY) ? keptByMemory.get(memory) : undefined
      const { full_every: fullEveryMs } = config
      if (kept === undefined || fullEveryMs === undefined) return true
      return kept.hasFast || isNewCell(kept, nowMs, fullEveryMs)
    },
    read(context) {
      const known = context.memory.has(MEMORY) ? keptByMemory.get(context.memory) : undefined
      const kept = known ?? newKept(random)
      context.memory.set(MEMORY, true)
      keptByMemory.set(context.memory, kept)
      const { target, config } = context
      if (kept.task?.target !== target || kept.task.config !== config) {
        const { place, ...named } = placeOf(target)
        const plan = planFor(config, store.builtIn(), named)
        kept.task = plan === null ? null : { plan, place, target, config }
      }
      return kept.task === null
        ? Promise.resolve(unread(SOURCE_NAME, FAILURES.no_map))
        : readDevice(context, { ...kept.task, kept })
    },
    close: (memory) => memory.clear(),
  }
}

const newKept = (random: () => number): Kept => ({
  jumps: new Map(),
  isGapless: false,
  fullMs: 0,
  phase: random(),
  hasFast: true,
  task: null,
})

export default createModbusSource()

const NOT_LOCAL: Detection = {
  state: 'absent',
  looked: 'nowhere: Modbus devices are named as targets',
}

/** `modbus://gw-1:502/3`: host, port, and the unit where the path is one. */
function placeOf({ address, node }: SourceTarget): {
  readonly place: { readonly host: string; readonly port: number }
  readonly names: readonly string[]
  readonly unitId: number | null
} {
  const url = URL.parse(address)
  const host = (url?.hostname ?? '').replace(/^\[|\]$/g, '')
  const unit = /^\/(\d{1,3})$/.exec(url?.pathname ?? '')?.[1]
  const unitId = unit === undefined || Number(unit) > 255 ? null : Number(unit)
  return { place: { host, port: Number(url?.port ?? '') || 502 }, names: [node, host], unitId }
}

interface Task {
  readonly plan: DevicePlan
  readonly kept: Kept
  readonly place: { readonly host: string; readonly port: number }
}

async function readDevice(
  { io, config, nowMs, timeoutMs }: ReadContext<ModbusConfig>,
  { plan, kept, place }: Task,
): Promise<Interpretation> {
  const modbus = io.field?.modbus
  if (modbus === undefined) return unread(SOURCE_NAME, FAILURES.no_field)
  const { map, unitId } = plan
  const fullEveryMs = config.full_every ?? null
  const isFull = fullEveryMs === null || isNewCell(kept, nowMs, fullEveryMs)
  const { fast } = pointsOf(map)
  kept.hasFast = fast.length > 0
  const points = isFull ? map.points : fast
  if (points.length === 0) return nothingNow(map)
  const asked = askedFor(points, map, { unitId, gap: kept.isGapless ? 0 : map.gap })
  const limits = { timeoutMs, maxBytes: ANSWER_BYTES }
  const answer = await modbus.read(place, asked.ranges, limits)
  kept.isGapless ||= asked.planned.some(
    ({ hasGap }, at) => hasGap && answer.ranges[at] === null && answer.exception !== null,
  )
  if (isFull && answer.failure === null) kept.fullMs = nowMs
  const rejections = createRejections<Refusal>()
  const values = valuesOf(points, wordsIn(asked, answer), rejections, kept.jumps)
  const meters = values.map(meterReading)
  return reading(
    map,
    fullEveryMs === null ? meters : meters.flatMap((one) => paced(one, fullEveryMs)),
    rejections,
    whyNothing(answer),
  )
}

/** A map without fast points has nothing to say between its full reads. */
const nothingNow = (map: DevicePlan['map']): Interpretation => ({
  ...unread(SOURCE_NAME, FAILURES.no_values),
  outcome: 'ok',
  reason: null,
  detail: null,
  toolLabels: { map: map.name },
})

const isNewCell = ({ fullMs, phase }: Kept, nowMs: number, cellMs: number) =>
  Math.floor(fullMs / cellMs + phase) !== Math.floor(nowMs / cellMs + phase)

function whyNothing({ failure, exception }: ModbusAnswer) {
  if (failure !== null) return failureOf(failure)
  return exception === null ? FAILURES.no_values : exceptionOf(exception)
}

/** The fast points of a map, and its requests by unit, gap and which points; all devices of one kind share them. */
interface MapPoints {
  readonly fast: readonly MapPoint[]
  readonly asked: Map<string, Asked>
}

/** What is asked of a device, and where its points lie in the answers. */
interface Asked {
  readonly planned: readonly PlannedRange[]
  readonly ranges: readonly ModbusRange[]
  readonly places: ReadonlyMap<MapPoint, { readonly range: number; readonly from: number }>
}

const pointsByMap = new WeakMap<DevicePlan['map'], MapPoints>()

function pointsOf(map: DevicePlan['map']): MapPoints {
  const known = pointsByMap.get(map)
  if (known !== undefined) return known
  const fast = map.points.filter(({ metric }) => FAST.has(metric))
  const made = { fast, asked: new Map<string, Asked>() }
  pointsByMap.set(map, made)
  return made
}

function askedFor(
  points: readonly MapPoint[],
  map: DevicePlan['map'],
  options: Parameters<typeof planRanges>[2],
): Asked {
  const { asked } = pointsOf(map)
  const key = `${options.unitId} ${options.gap} ${points.length}`
  const known = asked.get(key)
  if (known !== undefined) return known
  const planned = planRanges(points, map, options)
  const places = new Map(
    planned.flatMap(({ range, points: own }, at) =>
      own.map((point) => [point, { range: at, from: point.address - range.address }] as const),
    ),
  )
  const made = { planned, ranges: planned.map(({ range }) => range), places }
  asked.set(key, made)
  return made
}

const wordsIn =
  ({ places }: Asked, { ranges }: ModbusAnswer): WordsOf =>
  (point) => {
    const place = places.get(point)
    if (place === undefined) return null
    return ranges[place.range]?.slice(place.from, place.from + wordsOf(point.type)) ?? null
  }

/** What is read on every tick speaks for a tick, the rest until the next full read. */
function paced({ metrics, ...rest }: MeterReading, fullEveryMs: number): MeterReading[] {
  const { fast, slow } = byPace(metrics, FAST)
  return [
    ...(fast === null ? [] : [{ ...rest, metrics: fast }]),
    ...(slow === null ? [] : [{ ...rest, metrics: slow, stepMs: fullEveryMs }]),
  ]
}
