import type { MeterRow } from '#schemas/facility.ts'
import { METER_FLAGS } from '#schemas/meter-flags.ts'
import type { Difference, PowerLimits } from './plausible-power.ts'
import type { StoredReading } from './readings.ts'

/** The longest silence that the difference of a counter speaks for. */
export const BRIDGE_MAX_MS = 24 * 3_600_000
/** How long a run of wrong readings may last and still be seen as such, because the counter goes on as before. */
export const WRONG_RUN_MAX_MS = 900_000
/** A counter that says when it was reset does so to the second. */
const RESET_MIN_MS = 2_000

/** A counter reading with its own word of when it was reset. */
export interface CounterReading extends StoredReading {
  /** Epoch ms by the meter's clock; null = it does not say. */
  readonly resetMs: number | null
}

/** Time between two readings that count. */
export interface CounterStep {
  readonly fromMs: number
  readonly toMs: number
  /** Millijoules that flowed; null = a reading was refused and nothing is known of this time. */
  readonly mj: bigint | null
  readonly flags: number
  /** The longer of the two intervals at which it is read. */
  readonly stepMs: number
  /** When the later stored of the two readings was stored. */
  readonly insertedMs: number
}

/** Whole millijoules of a reading: the same text gives the same number, also where doubles have no more decimals. */
export function millijoulesOf(joules: number): bigint {
  const mj = joules * 1000
  return Number.isSafeInteger(Math.round(mj))
    ? BigInt(Math.round(mj))
    : BigInt(Math.round(joules)) * 1000n
}

interface Judged {
  readonly joules: number
  readonly flags: number
}

/**
 * What a counter says, reading by reading. A fall is a rollover where the meter rolls over and a load can explain it,
 * else a reset: the new value counts from zero. Readings between which the counter goes on as if they had not been
 * (swapped words, one wrong digit) are left out; where it does not go on, that time is unknown and it begins anew.
 */
export function counterSteps(
  readings: readonly CounterReading[],
  facts: Pick<MeterRow, 'rollover_joules'>,
  limits: PowerLimits,
): CounterStep[] {
  const steps: CounterStep[] = []
  let [last] = readings
  for (let at = 1; at < readings.length && last !== undefined; at++) {
    const now = readings[at]
    if (now === undefined) break
    if (now.atMs - last.atMs > BRIDGE_MAX_MS) {
      last = now
      continue
    }
    const beside = [...riseOf(steps.at(-1), last), ...riseTo(now, readings[at + 1])]
    const found = judge(last, now, beside, { facts, limits })
    const again = goesOn(readings, at, last, { found, limits })
    if (again !== null) {
      const next = readings[again]
      if (next === undefined) break
      steps.push(stepOf(last, next, next.value - last.value, METER_FLAGS.implausible))
      last = next
      at = again
    } else if (found === null) {
      steps.push(stepOf(last, now, null, METER_FLAGS.implausible))
      last = now
    } else {
      steps.push(stepOf(last, now, found.joules, found.flags))
      // A counter that trembles by a step must not count that step twice.
      last = found.joules === 0 && now.value < last.value ? { ...now, value: last.value } : now
    }
  }
  return steps
}

interface Rules {
  readonly facts: Pick<MeterRow, 'rollover_joules'>
  readonly limits: PowerLimits
}

function judge(
  from: CounterReading,
  to: CounterReading,
  beside: readonly Difference[],
  { facts, limits }: Rules,
): Judged | null {
  const span = { fromMs: from.atMs, toMs: to.atMs }
  const isPossible = (joules: number) => limits.isPossible({ ...span, joules }, beside)
  const isReset =
    from.resetMs !== null && to.resetMs !== null && to.resetMs >= from.resetMs + RESET_MIN_MS
  const fromZero = { joules: to.value, flags: METER_FLAGS.reset }
  if (isReset) return isPossible(to.value) ? fromZero : null
  const joules = to.value - from.value
  if (joules >= 0) return isPossible(joules) ? { joules, flags: 0 } : null
  if (-joules <= 2 * limits.quantum) return { joules: 0, flags: 0 }
  const { rollover_joules } = facts
  if (rollover_joules !== null && from.value <= rollover_joules) {
    const rolled = rollover_joules - from.value + to.value
    if (isPossible(rolled)) return { joules: rolled, flags: METER_FLAGS.rollover }
  }
  return isPossible(to.value) ? fromZero : null
}

/** What the counter rose by until `last`, where that was believed. */
function riseOf(step: CounterStep | undefined, { atMs }: CounterReading): Difference[] {
  if (step === undefined || step.mj === null || step.toMs !== atMs) return []
  return [{ fromMs: step.fromMs, toMs: step.toMs, joules: Number(step.mj) / 1000 }]
}

function riseTo(now: CounterReading, next: CounterReading | undefined): Difference[] {
  if (next === undefined || next.value < now.value) return []
  return [{ fromMs: now.atMs, toMs: next.atMs, joules: next.value - now.value }]
}

/**
 * Index of the first reading after `at` at which the counter goes on from `last` as if those between had not been;
 * null where it does not, or where nothing is wrong with the reading at `at`.
 */
function goesOn(
  readings: readonly CounterReading[],
  at: number,
  last: CounterReading,
  { found, limits }: { readonly found: Judged | null; readonly limits: PowerLimits },
): number | null {
  const now = readings[at]
  if (now === undefined || (found !== null && (found.flags & METER_FLAGS.reset) === 0)) return null
  const plain = (from: CounterReading, to: CounterReading) =>
    to.value >= from.value &&
    limits.isPossible({ fromMs: from.atMs, toMs: to.atMs, joules: to.value - from.value })
  for (let index = at + 1; index < readings.length; index++) {
    const later = readings[index]
    if (later === undefined || later.atMs - last.atMs > WRONG_RUN_MAX_MS) return null
    if (!plain(last, later)) continue
    // A true reset goes on from its new value too; a wrong reading does not.
    const before = readings[index - 1]
    const isReset = found !== null && before !== undefined && plain(before, later)
    return isReset ? null : index
  }
  return null
}

const stepOf = (
  from: CounterReading,
  to: CounterReading,
  joules: number | null,
  flags: number,
): CounterStep => ({
  fromMs: from.atMs,
  toMs: to.atMs,
  mj: joules === null ? null : millijoulesBetween(from, to, joules),
  flags,
  stepMs: Math.max(from.stepMs, to.stepMs),
  insertedMs: Math.max(from.insertedMs, to.insertedMs),
})

/** A plain rise is the difference of whole readings, so that rises of a day add up to the day. */
function millijoulesBetween(from: CounterReading, to: CounterReading, joules: number): bigint {
  if (joules === to.value - from.value) return millijoulesOf(to.value) - millijoulesOf(from.value)
  return millijoulesOf(joules)
}
