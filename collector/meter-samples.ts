import { meterId } from '#schemas/meter-id.ts'
import { meterMetricDefinition } from '#schemas/meter-metrics.ts'
import type { MeterReading } from '#schemas/reading.ts'
import type { MeterSampleRecord } from '#schemas/records.ts'
import type { ValueBag } from './fields.ts'
import type { Accepted } from './merge.ts'
import { valuesInRange } from './node-samples.ts'
import type { TargetRead } from './runner.ts'

/** Points of one target: a PDU of 54 outlets with phases, banks and breakers, some times over. */
const METERS_PER_TARGET = 512
/** Readings of one file or push, many times of many meters. */
const OWN_TIMES_PER_TARGET = 4096
const EXAMPLES = 8
/** A meter's own time further from ours than this is a clock of its own making: ours counts, and it is said. */
const CLOCK_OFF_MS = 60_000
/** Readings that were pushed or filed late keep their times up to this age, ms. */
const LATE_MAX_MS = 30 * 86_400_000

/** What a read said about meters, range-checked. */
export interface MeterSight extends Pick<Accepted, 'rejected' | 'examples'> {
  readonly samples: readonly MeterSampleRecord[]
  readonly values: readonly ValueBag[]
}

/**
 * The meter samples of one read; pure. A point without a usable name, and values outside the range of their metric, are
 * refused and counted. A reading of a device that was asked now carries our time: what its own clock says is compared
 * and, when it is off by more than a minute, counted as `meter_clock`. Readings that came by themselves
 * (`isTimeOwn`) keep theirs.
 */
export function readMeters(read: TargetRead): MeterSight {
  const { meters = [] } = read.interpretation
  const samples: MeterSampleRecord[] = []
  const rejected: Record<string, number> = {}
  const examples: { line: string; reason: string }[] = []
  const refuse = (reason: string, line: string, count = 1) => {
    rejected[reason] = (rejected[reason] ?? 0) + count
    if (examples.length < EXAMPLES) examples.push({ line: line.slice(0, 512), reason })
  }
  const most = meters[0]?.isTimeOwn === true ? OWN_TIMES_PER_TARGET : METERS_PER_TARGET
  if (meters.length > most) refuse('meter_limit', `${meters.length} meters`, meters.length - most)
  for (const [at, reading] of meters.entries()) {
    if (at >= most) break
    const meter = meterId(reading.meter ?? read.target.node, reading.point)
    if (meter === null) {
      refuse('no_identity', `meter ${reading.meter ?? read.target.node} point ${reading.point}`)
      continue
    }
    const values = valuesInRange(metricsOf(reading), meterMetricDefinition, (reason, what) =>
      refuse(reason, `${meter} ${what}`),
    )
    if (isEmpty(values)) continue
    const at_ms = timeOf(reading, read, (what) => refuse('meter_clock', `${meter} ${what}`))
    if (at_ms === null) continue
    const step_ms = reading.stepMs ?? read.intervalMs
    samples.push({ kind: 'meter_sample', at_ms, step_ms, meter, source: read.source, values })
  }
  return { samples, rejected, examples, values: samples.map(({ values }) => values) }
}

/** A counter that says when it was reset is not taken for one that rose, should it have passed its old value. */
function metricsOf({ metrics, energyResetMs = null }: MeterReading): MeterReading['metrics'] {
  const hasCounter = (metrics.energy_joules_total ?? null) !== null
  if (energyResetMs === null || !hasCounter) return metrics
  return { ...metrics, energy_reset_seconds: energyResetMs / 1000 }
}

function isEmpty(values: ValueBag): boolean {
  for (const _ in values) return false
  return true
}

function timeOf(
  { atMs = null, isTimeOwn = false }: MeterReading,
  { tickMs, atMs: readMs }: TargetRead,
  refuse: (what: string) => void,
): number | null {
  if (atMs === null) return tickMs
  if (isTimeOwn) {
    if (atMs <= readMs + CLOCK_OFF_MS && atMs > readMs - LATE_MAX_MS) return atMs
    refuse(`says ${new Date(atMs).toISOString()}, which nobody can have measured`)
    return null
  }
  if (Math.abs(atMs - readMs) > CLOCK_OFF_MS)
    refuse(
      `says it is ${new Date(atMs).toISOString()}: its clock or time zone is wrong; our time is taken`,
    )
  return tickMs
}
