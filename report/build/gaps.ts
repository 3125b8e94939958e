import type { FleetSteps } from '#schemas/report/facts.ts'

/** A stretch of minutes of one kind. */
export interface Stretch {
  readonly fromMs: number
  readonly minutes: number
}

/** Below this coverage a minute counts as an outage of telemetry. */
export const OUTAGE_BELOW_COVERAGE = 0.5
const OUTAGE_MINUTES_MIN = 15
/** Nothing runs where the whole known fleet is below this. */
const STANDSTILL_BELOW = 0.01
const STANDSTILL_MINUTES_MIN = 30

/** Stretches in which most of the fleet was not heard of, the longest first. */
export const telemetryOutages = ({ coverage, ...steps }: FleetSteps): readonly Stretch[] =>
  stretches(
    steps,
    coverage,
    (value) => value === null || value < OUTAGE_BELOW_COVERAGE,
    OUTAGE_MINUTES_MIN,
  )

/** Stretches in which the fleet was heard of and nothing ran: perhaps downtime, and counted as idle. */
export const standstills = ({ utilization, ...steps }: FleetSteps): readonly Stretch[] =>
  stretches(
    steps,
    utilization,
    (value) => value !== null && value < STANDSTILL_BELOW,
    STANDSTILL_MINUTES_MIN,
  )

function stretches(
  { fromMs, stepMs }: Pick<FleetSteps, 'fromMs' | 'stepMs'>,
  values: readonly (number | null)[],
  holds: (value: number | null) => boolean,
  minutesMin: number,
): readonly Stretch[] {
  const found: Stretch[] = []
  let begin: number | null = null
  const minutesOf = (steps: number) => (steps * stepMs) / 60_000
  for (let at = 0; at <= values.length; at += 1) {
    const isIn = at < values.length && holds(values[at] ?? null)
    if (isIn) begin ??= at
    else if (begin !== null) {
      const minutes = minutesOf(at - begin)
      if (minutes >= minutesMin) found.push({ fromMs: fromMs + begin * stepMs, minutes })
      begin = null
    }
  }
  return found.toSorted((a, b) => b.minutes - a.minutes || a.fromMs - b.fromMs)
}

/** Steps below a level; what is not known is not below it. */
export const below = (values: readonly (number | null)[], level: number): number =>
  values.filter((value) => value !== null && value < level).length
