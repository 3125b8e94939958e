import type { MeterReading } from '#schemas/reading.ts'
import type { MeterSampleRecord } from '#schemas/records.ts'
import { type MeterSight, readMeters } from '../meter-samples.ts'
import type { Facts, ReadFacts, SourceFacts, TargetFacts } from './facts.ts'
import { bestRead } from './seen-devices.ts'

/** What a read said about meters, joined and checked exactly as the collector does. */
export function metersIn(
  { source, target }: Pick<TargetFacts, 'source' | 'target'>,
  { atMs, durationMs, interpretation }: Pick<ReadFacts, 'atMs' | 'durationMs' | 'interpretation'>,
): MeterSight {
  return readMeters({
    id: `${source} ${target.address}`,
    source,
    target,
    tickMs: atMs,
    intervalMs: 60_000,
    atMs,
    durationMs,
    bytes: 0,
    interpretation,
  })
}

export const readingsIn = ({ interpretation }: ReadFacts): readonly MeterReading[] =>
  interpretation.outcome === 'ok' ? (interpretation.meters ?? []) : []

/** The samples of a target's best read. */
export const samplesOf = (target: TargetFacts): readonly MeterSampleRecord[] =>
  readingsIn(bestRead(target)).length === 0 ? [] : metersIn(target, bestRead(target)).samples

/** Transports that nothing but meters comes by. */
const OF_METERS: ReadonlySet<SourceFacts['transport']> = new Set(['snmp', 'modbus', 'file'])

/** Sources that gave readings of meters in this run, were they refused, or that can give nothing else. */
export const meterSources = ({ sources }: Facts): SourceFacts[] =>
  sources.filter(
    ({ transport, targets }) =>
      targets.length > 0 &&
      (OF_METERS.has(transport) ||
        targets.some((target) => readingsIn(bestRead(target)).length > 0)),
  )
