/**
 * What was odd about the energy of a meter, or of a scope, in a 15-minute bucket: bits of `flags` in meter_energy_15m and
 * facility_15m.
 */
export const METER_FLAGS = {
  /** Part of it is power over time, not a counter. */
  estimated: 1,
  /** The counter fell, or said that it was reset: the new value counts from zero. */
  reset: 2,
  /** The counter passed its largest value and began again. */
  rollover: 4,
  /** The counter was silent for longer than a bucket's worth of readings and its difference was spread over the gap. */
  bridged: 8,
  /** A reading that no load can explain was refused: swapped words, a wrong scale. */
  implausible: 16,
  /** The meter's own clock is off. */
  clock: 32,
  /** The bucket's ratio was below 1 or above 3: a fault of a meter, kept out of every PUE. */
  ratio: 64,
  /** The counter's step is so coarse that the bucket is uncertain by more than 2 %. */
  coarse: 128,
} as const
export type MeterFlag = keyof typeof METER_FLAGS

/** Names of the bits that are set. */
export function meterFlags(bits: number): MeterFlag[] {
  const names: readonly MeterFlag[] = [
    'estimated',
    'reset',
    'rollover',
    'bridged',
    'implausible',
    'clock',
    'ratio',
    'coarse',
  ]
  return names.filter((name) => (bits & METER_FLAGS[name]) !== 0)
}
