import type { ThermalMargins } from '#schemas/api-thermal.ts'
import type { DeviceHeat } from './thermal-groups.ts'

/** Degrees below the slowdown point at which a device is close to it (proposal of the project's thermal rules). */
const MARGIN_LOW_CELSIUS = 5

/** Sensors give whole degrees: bins of two hold two of them each. */
export const MARGIN_EDGES: readonly number[] = Array.from({ length: 31 }, (_, at) => at * 2)

type Margin = Pick<DeviceHeat, 'margin'>

export const isClose = ({ margin }: Margin) => margin !== null && margin < MARGIN_LOW_CELSIUS

/** How margins are spread over the devices of each model, the model with the least first; unknown ones last. */
export function marginsOf(
  heat: readonly (Margin & { readonly place: Pick<DeviceHeat['place'], 'vendor' | 'model'> })[],
): ThermalMargins[] {
  const models = Map.groupBy(heat, ({ place: { vendor, model } }) =>
    JSON.stringify([vendor, model]),
  )
  return [...models.values()]
    .map((devices) => {
      const { vendor = '', model = '' } = devices[0]?.place ?? {}
      const known = devices.flatMap(({ margin }) => (margin === null ? [] : [margin]))
      const bins = Array.from({ length: MARGIN_EDGES.length + 1 }, () => 0)
      for (const margin of known) {
        const at = MARGIN_EDGES.findLastIndex((edge) => margin >= edge) + 1
        bins[at] = (bins[at] ?? 0) + 1
      }
      return {
        vendor,
        model,
        devices: devices.length,
        bins,
        unknown: devices.length - known.length,
        below_margin: devices.filter(isClose).length,
        least: known.length === 0 ? null : known.reduce((low, value) => Math.min(low, value)),
      }
    })
    .sort(
      (a, b) =>
        Number(a.least === null) - Number(b.least === null) ||
        (a.least ?? 0) - (b.least ?? 0) ||
        (a.model < b.model ? -1 : 1),
    )
}
