import type { MetricUnit } from '#schemas/metric-definition.ts'

/** What a unit of a mapping file stands for: the canonical unit and the step to it. */
interface UnitRule {
  readonly to: MetricUnit
  readonly times?: number
  /** Division where the factor is no whole number: 37 percent are 0.37 exactly. */
  readonly over?: number
}

/** Units a mapping may name. `kb` is 1000 bytes, `kib` 1024; where a vendor writes MB and means MiB, write `mib`. */
export const UNITS = {
  ratio: { to: 'ratio' },
  percent: { to: 'ratio', over: 100 },
  bytes: { to: 'bytes' },
  kb: { to: 'bytes', times: 1e3 },
  kib: { to: 'bytes', times: 2 ** 10 },
  mb: { to: 'bytes', times: 1e6 },
  mib: { to: 'bytes', times: 2 ** 20 },
  gb: { to: 'bytes', times: 1e9 },
  gib: { to: 'bytes', times: 2 ** 30 },
  bytes_per_s: { to: 'bytes_per_second' },
  kb_per_s: { to: 'bytes_per_second', times: 1e3 },
  kib_per_s: { to: 'bytes_per_second', times: 2 ** 10 },
  mb_per_s: { to: 'bytes_per_second', times: 1e6 },
  mib_per_s: { to: 'bytes_per_second', times: 2 ** 20 },
  gb_per_s: { to: 'bytes_per_second', times: 1e9 },
  gbit_per_s: { to: 'bytes_per_second', times: 1.25e8 },
  watts: { to: 'watts' },
  milliwatts: { to: 'watts', over: 1000 },
  joules: { to: 'joules' },
  millijoules: { to: 'joules', over: 1000 },
  watt_hours: { to: 'joules', times: 3600 },
  celsius: { to: 'celsius' },
  millicelsius: { to: 'celsius', over: 1000 },
  hertz: { to: 'hertz' },
  khz: { to: 'hertz', times: 1e3 },
  mhz: { to: 'hertz', times: 1e6 },
  seconds: { to: 'seconds' },
  milliseconds: { to: 'seconds', over: 1e3 },
  microseconds: { to: 'seconds', over: 1e6 },
  nanoseconds: { to: 'seconds', over: 1e9 },
  volts: { to: 'volts' },
  millivolts: { to: 'volts', over: 1000 },
  count: { to: 'count' },
  code: { to: 'code' },
  bitmask: { to: 'bitmask' },
} as const satisfies Record<string, UnitRule>

export type UnitName = keyof typeof UNITS

/** Every unit name, for schemas and messages. */
export const UNIT_NAMES = Object.keys(UNITS).filter((name): name is UnitName => name in UNITS)

/** A printed number in the canonical unit. */
export function inCanonicalUnit(value: number, unit: UnitName): number {
  const rule: UnitRule = UNITS[unit]
  return rule.over === undefined ? value * (rule.times ?? 1) : value / rule.over
}
