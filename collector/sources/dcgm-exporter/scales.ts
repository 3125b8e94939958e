/**
 * Families of fields whose native unit changed between exporter versions, as data: which unit a page uses is
 * settled in units.ts.
 */

/** Native unit of a family that changed between versions: which one a page uses is settled per page. */
export interface ScaleGroup {
  readonly name: string
  /** Two possible units; `low..high` is the range of positive native values that fit one. */
  readonly units: readonly [ScaleUnit, ScaleUnit]
  /** Unit taken when the page shows no evidence: index into `units`, or null to refuse. */
  readonly assumed: 0 | 1 | null
  /**
   * Old names may carry the new unit once the page's clocks or memory are seen to. `doubts`: then the
   * assumption no longer holds. `waits`: before that, values of the new unit are not even evidence,
   * because small ones fit both units and a single garbage value would decide for all.
   */
  readonly page: 'ignores' | 'doubts' | 'waits'
}

export interface ScaleUnit {
  readonly unit: string
  /** Canonical value = native x times / over; one of the two is 1, so 57 % is 0.57 and not 0.5700000001. */
  readonly times: number
  readonly over: number
  readonly low: number
  readonly high: number
}

const MHZ: ScaleUnit = { unit: 'MHz', times: 1e6, over: 1, low: 1, high: 1e5 }
const HZ: ScaleUnit = { unit: 'Hz', times: 1, over: 1, low: 1e6, high: 1e11 }
/** No device has 1 TiB of memory, so 1,048,576 and more are bytes. */
const MIB: ScaleUnit = { unit: 'MiB', times: 1_048_576, over: 1, low: 1, high: 1_048_575 }
const BYTES: ScaleUnit = { unit: 'bytes', times: 1, over: 1, low: 1_048_576, high: 2 ** 44 }
/** 1 fits both: 1 % or 100 %. */
const PERCENT: ScaleUnit = { unit: 'percent', times: 1, over: 100, low: 1, high: 100 }
const RATIO: ScaleUnit = { unit: 'ratio', times: 1, over: 1, low: 0, high: 1 }
/** 2,000,000 MB/s is above NVLink 5; a small number may be either. */
const MB_PER_S: ScaleUnit = { unit: 'MB/s', times: 1e6, over: 1, low: 1, high: 2e6 }
const B_PER_S: ScaleUnit = { unit: 'B/s', times: 1, over: 1, low: 1, high: 1e13 }
const MILLIJOULES: ScaleUnit = { unit: 'mJ', times: 1, over: 1000, low: 0, high: 1e16 }
const JOULES: ScaleUnit = { unit: 'J', times: 1, over: 1, low: 0, high: 1e13 }

const group = (
  name: string,
  units: ScaleGroup['units'],
  assumed: ScaleGroup['assumed'],
  page: ScaleGroup['page'] = 'ignores',
): ScaleGroup => ({ name, units, assumed, page })

/** `*_base` belongs to the names that carry their unit; a name alone proves nothing, so both vote. */
export const SCALE_GROUPS = [
  group('clock', [MHZ, HZ], 0),
  group('clock_base', [MHZ, HZ], 1),
  group('memory', [MIB, BYTES], 0),
  group('memory_base', [MIB, BYTES], 1),
  group('utilization', [PERCENT, RATIO], 0, 'doubts'),
  // DCGM 4.6 prints 0..100 under the name that says ratio: without evidence, 1 stays unknown.
  group('utilization_base', [PERCENT, RATIO], null),
  group('nvlink', [MB_PER_S, B_PER_S], 0, 'waits'),
  group('energy', [MILLIJOULES, JOULES], 0, 'doubts'),
  group('energy_base', [MILLIJOULES, JOULES], 1),
] as const

export type ScaleName =
  | 'clock'
  | 'clock_base'
  | 'memory'
  | 'memory_base'
  | 'utilization'
  | 'utilization_base'
  | 'nvlink'
  | 'energy'
  | 'energy_base'
