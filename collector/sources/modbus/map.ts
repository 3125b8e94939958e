import { isPlausible } from '#schemas/metrics.ts'
import {
  type MeterMetricName,
  type MeterMetricValues,
  meterMetricDefinition,
  LEAK_STATES,
  PUMP_STATES,
} from '#schemas/meter-metrics.ts'
import { inMeterUnit, rounded } from '../../formats/meter-units.ts'
import type { Rejections } from '../../formats/rejections.ts'
import { decodeWords, hexOf, ordered, wordsOf } from './decode.ts'
import type { MapPoint } from './register-map.ts'

/** Why a value was refused: a fixed list, so the counters stay few. */
export type Refusal = 'not_read' | 'not_a_number' | 'unknown_state' | 'out_of_range' | 'jump'

/** Values of one part of a device. */
export interface PointValues {
  readonly point: string
  readonly metrics: MeterMetricValues
}

/** The last believed value of a point, in its own unit, and how many reads were refused since. */
interface Believed {
  value: number
  refused: number
}

/** What a target is remembered by between reads: the last believed value of each point with a `jump`. */
export type JumpMemory = Map<string, Believed>

/** Registers of a point as they came, or null when they did not. */
export type WordsOf = (point: MapPoint) => readonly number[] | null

const COUNTERS: ReadonlySet<MeterMetricName> = new Set(['energy_joules_total', 'pump_hours_total'])
const UNAVAILABLE: Partial<Record<MeterMetricName, number>> = {
  leak_state: LEAK_STATES.indexOf('unavailable'),
  pump_state: PUMP_STATES.indexOf('unavailable'),
}

/**
 * The values of the points of a map, by part of the device. A marker for "no value" is no value; of a leak detector or a
 * pump it is `unavailable`, which is not ok. What no device of this kind can have measured is refused and said.
 */
export function valuesOf(
  points: readonly MapPoint[],
  wordsAt: WordsOf,
  rejections: Rejections<Refusal>,
  jumps: JumpMemory = new Map(),
): PointValues[] {
  const byPoint = new Map<string, MeterMetricValues>()
  for (const point of points) {
    const refuse = (reason: Refusal, what: string) =>
      rejections.add(
        `${point.point === '' ? 'device' : point.point} ${point.metric} (function ${point.function} address ${point.address}): ${what}`,
        reason,
      )
    const words = wordsAt(point)
    if (words === null || words.length !== wordsOf(point.type)) {
      refuse('not_read', 'the device did not give this range')
      continue
    }
    const value = valueOf(point, words, { refuse, jumps })
    if (value === null) continue
    const metrics = byPoint.get(point.point) ?? {}
    metrics[point.metric] = value
    byPoint.set(point.point, metrics)
  }
  return [...byPoint].map(([point, metrics]) => ({ point, metrics }))
}

interface Judging {
  readonly refuse: (reason: Refusal, what: string) => void
  readonly jumps: JumpMemory
}

function valueOf(point: MapPoint, words: readonly number[], judging: Judging): number | null {
  const { refuse } = judging
  const whole = ordered(words, point.order)
  if (point.invalid.length > 0 && point.invalid.includes(hexOf(whole)))
    return UNAVAILABLE[point.metric] ?? null
  const raw = decodeWords(whole, point.type, point.bits)
  if (raw === null) {
    // NaN is how floats say "no value"; anything else of a float or BCD is damage.
    const hex = hexOf(whole)
    if (!isNoNumber(point, hex)) refuse('not_a_number', `0x${hex} is no ${point.type}`)
    return null
  }
  if (point.states !== null) {
    const code = point.states.get(raw)
    if (code === undefined) refuse('unknown_state', `${raw} is in no table of states`)
    return code ?? UNAVAILABLE[point.metric] ?? null
  }
  if (isDust(point, raw)) {
    refuse('out_of_range', `${raw} (0x${hexOf(whole)}) is no measurement: words are swapped`)
    return null
  }
  const value = rounded(raw * point.scale + point.offset)
  const [min, max] = point.range ?? ANYTHING
  const definition = meterMetricDefinition(point.metric)
  const canonical = inMeterUnit(value, point.unit)
  if (
    value < min ||
    value > max ||
    definition === undefined ||
    !isPlausible(definition, canonical)
  ) {
    refuse(
      'out_of_range',
      `${value} ${point.unit} (0x${hexOf(whole)}); word order, scale or address is wrong`,
    )
    return null
  }
  return isBelieved(point, value, judging) ? canonical : null
}

const ANYTHING = [-Infinity, Infinity] as const

/** NaN and the infinities: the exponent is all ones. */
const isNoNumber = ({ type }: MapPoint, hex: string) =>
  (type === 'float32' && /^[7f]f[89a-f]/.test(hex)) || (type === 'float64' && /^[7f]ff/.test(hex))

/** A usual number with its words swapped is often one next to zero, which no range from zero up would refuse. */
const isDust = ({ type }: MapPoint, raw: number) =>
  (type === 'float32' || type === 'float64') && raw !== 0 && Math.abs(raw) < 1e-30

/**
 * Whether a value is near enough to the last one that was believed. The limit is one of speed: after n refused reads n + 1
 * times as much may have changed, so that a real step is believed some reads later, and swapped words are not.
 * A counter may fall to its start when it is reset, and only there.
 */
function isBelieved(point: MapPoint, value: number, { refuse, jumps }: Judging): boolean {
  if (point.jump === null) return true
  const key = `${point.point} ${point.metric}`
  const last = jumps.get(key)
  const limit = point.jump * ((last?.refused ?? 0) + 1)
  const isReset = COUNTERS.has(point.metric) && value >= 0 && value <= limit
  if (last === undefined || Math.abs(value - last.value) <= limit || isReset) {
    jumps.set(key, { value, refused: 0 })
    return true
  }
  last.refused++
  refuse(
    'jump',
    `${value} ${point.unit} after ${last.value}, limit ${limit}; swapped words look like this`,
  )
  return false
}
