import type { MetricUnit } from '#schemas/metric-definition.ts'

/** What a column counts in -> the canonical unit of the same kind: value x times / by. */
interface Unit {
  readonly unit: MetricUnit
  readonly times: number
  /** Divided, not multiplied by a fraction: 1350100 mW / 1000 is 1350.1 W to the last bit. */
  readonly by: number
}

const unit = (name: MetricUnit, times = 1, by = 1): Unit => ({ unit: name, times, by })

const UNITS: Readonly<Record<string, Unit>> = {
  ratio: unit('ratio'),
  '%': unit('ratio', 1, 100),
  W: unit('watts'),
  mW: unit('watts', 1, 1e3),
  kW: unit('watts', 1e3),
  J: unit('joules'),
  mJ: unit('joules', 1, 1e3),
  Wh: unit('joules', 3600),
  kWh: unit('joules', 3.6e6),
  C: unit('celsius'),
  Hz: unit('hertz'),
  MHz: unit('hertz', 1e6),
  GHz: unit('hertz', 1e9),
  B: unit('bytes'),
  KiB: unit('bytes', 2 ** 10),
  MiB: unit('bytes', 2 ** 20),
  GiB: unit('bytes', 2 ** 30),
  MB: unit('bytes', 1e6),
  GB: unit('bytes', 1e9),
  'B/s': unit('bytes_per_second'),
  'MB/s': unit('bytes_per_second', 1e6),
  'GB/s': unit('bytes_per_second', 1e9),
  s: unit('seconds'),
  ms: unit('seconds', 1, 1e3),
  us: unit('seconds', 1, 1e6),
  V: unit('volts'),
  mV: unit('volts', 1, 1e3),
}

export type Scale = (value: number) => number

/** How a column of this unit becomes the metric's own; null where the two do not fit. */
export function scaleOf(metricUnit: MetricUnit, columnUnit: string | undefined): Scale | null {
  if (columnUnit === undefined) return (value) => value
  const found = Object.hasOwn(UNITS, columnUnit) ? UNITS[columnUnit] : undefined
  if (found === undefined || found.unit !== metricUnit) return null
  const { times, by } = found
  return (value) => (value * times) / by
}

/** Units that a column of this metric may have. */
export const unitsFor = (metricUnit: MetricUnit): string[] =>
  Object.keys(UNITS).filter((name) => UNITS[name]?.unit === metricUnit)
