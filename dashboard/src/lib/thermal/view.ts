import type { ThermalMargins, ThermalRack } from '#schemas/api-thermal.ts'
import { readRange, writeRange, type Range } from '#lib/range.ts'

/** What the Thermal page shows, kept in its address; and its histogram as numbers. Pure; tested beside it. */

/** Orders of the device table and what the API sorts by. */
export const VIEWS = {
  margin: 'margin_celsius',
  peers: '-score',
  hottest: '-temperature_celsius',
  throttled: '-throttled_heat_seconds',
} as const
export type ViewKey = keyof typeof VIEWS
export const VIEW_KEYS = [
  'margin',
  'peers',
  'hottest',
  'throttled',
] as const satisfies readonly ViewKey[]

export interface View {
  readonly by: ViewKey
  readonly range: Range
}

interface ReadableParams {
  get(name: string): string | null
}

export function readView(params: ReadableParams): View {
  return {
    by: VIEW_KEYS.find((key) => key === params.get('by')) ?? 'margin',
    range: readRange(params),
  }
}

export function writeView({ by, range }: View): URLSearchParams {
  const params = writeRange(new URLSearchParams(), range)
  if (by !== 'margin') params.set('by', by)
  return params
}

export interface Bar {
  /** Degrees at both ends; the outermost bins reach as far as their neighbours. */
  readonly from: number
  readonly to: number
  readonly devices: number
  /** Below 0 the device is beyond its slowdown point; from 0 to 5 it is close to it. */
  readonly band: 'beyond' | 'close' | 'well'
  /** Height, 0..1 of the model's tallest. A bin with devices is never invisible. */
  readonly height: number
}

/** Degrees from which a device is no longer close to its slowdown point. */
export const CLOSE_CELSIUS = 5
const LEAST_HEIGHT = 0.03

/** The bins of one model as bars. */
export function barsOf({ bins }: Pick<ThermalMargins, 'bins'>, edges: readonly number[]): Bar[] {
  const tallest = Math.max(1, ...bins)
  const width = (edges[1] ?? 2) - (edges[0] ?? 0)
  return bins.map((devices, at) => {
    const from = edges[at - 1] ?? (edges[0] ?? 0) - width
    const to = edges[at] ?? (edges.at(-1) ?? 0) + width
    return {
      from,
      to,
      devices,
      band: to <= 0 ? 'beyond' : from < CLOSE_CELSIUS ? 'close' : 'well',
      height: devices === 0 ? 0 : Math.max(LEAST_HEIGHT, devices / tallest),
    }
  })
}

export type Advice = 'loop' | 'rack' | 'device' | 'data' | 'well'

/**
 * What is worth doing first: where half a rack is close to its limit the cause is what it shares, its loop or air; a device
 * far above its peers is a matter of its own plate; where temperatures are missing, that.
 */
export function adviceOf(
  racks: readonly Pick<
    ThermalRack,
    'devices' | 'devices_below_margin' | 'throttled_heat_seconds'
  >[],
  told: { readonly outliers: number; readonly coverage: number | null; readonly close: number },
): Advice[] {
  const isShared = (rack: (typeof racks)[number]) =>
    rack.throttled_heat_seconds > 0 || rack.devices_below_margin * 2 >= rack.devices
  const shared = racks.filter((rack) => rack.devices > 1 && isShared(rack)).length
  const found: Advice[] = []
  if (shared > 1) found.push('loop')
  else if (shared === 1) found.push('rack')
  if (told.outliers > 0) found.push('device')
  if ((told.coverage ?? 0) < 0.95) found.push('data')
  return found.length === 0 && told.close === 0 ? ['well'] : found
}
