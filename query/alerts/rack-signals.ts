import type { SignalAnswer, SignalRow } from '#schemas/alerts/signals.ts'
import { memo } from '../memo.ts'
import { alertRacks } from '../queries/alert-signals.ts'
import { createThermal } from '../thermal.ts'
import {
  type Covered,
  noAnswer,
  perMinute,
  settledMinutes,
  SIGNAL_ROWS_MAX,
  type SignalDeps,
  type SignalSources,
} from './signal.ts'
import { labelsFrom } from './standing.ts'

const MINUTES = 5
/** Racks with more margin than this need not be told: rules begin at 10 K, and end within this. */
const MARGIN_BELOW_KELVIN = 25
const HOT_MAX = 200
const HOT_MINUTES = 3
const HOT_TTL_MS = 5 * 60_000

type RackRow = Awaited<ReturnType<typeof alertRacks.run>>[number]

/** Heat and power brakes by rack, and devices hotter than their peers. */
export function rackSignals(deps: SignalDeps, covered: Covered): SignalSources {
  const thermal = createThermal(deps)
  const racks = perMinute(deps, async () => {
    const window = await settledMinutes(deps, MINUTES)
    if (window === null) return null
    const { toMs, ...range } = window
    const limits = { margin_below: MARGIN_BELOW_KELVIN, limit: SIGNAL_ROWS_MAX }
    return { atMs: toMs, rows: await alertRacks.run(deps.reader, { ...range, ...limits }) }
  })
  // The dearest of all signals, and heat builds up over many minutes.
  const hotSpots = memo(deps.clock, HOT_TTL_MS, async () => {
    const asked = { filters: [], minutes: HOT_MINUTES, sort: '-score' as const, limit: HOT_MAX }
    const { devices } = await thermal(asked)
    return devices.flatMap((device): SignalRow[] => {
      const { score } = device.peers
      const { device_id, cluster, hall, rack, node, vendor } = device
      const labels = labelsFrom({ device: device_id, cluster, hall, rack, node, vendor })
      return score === null || score <= 0 ? [] : [{ labels, value: score, devices: 1 }]
    })
  })
  const ofRacks =
    (
      speaks: 'clock' | 'margin',
      told: (row: RackRow) => Partial<SignalRow> & Pick<SignalRow, 'value'>,
    ) =>
    async (): Promise<SignalAnswer> => {
      const found = await racks()
      if (found === null) return noAnswer(deps.clock())
      const rows = found.rows.map((row): SignalRow => {
        const { cluster, hall, rack, vendor, devices } = row
        return { labels: labelsFrom({ cluster, hall, rack, vendor }), devices, ...told(row) }
      })
      return { atMs: found.atMs, rows, covered: await covered.of(speaks) }
    }
  return {
    thermal_throttle_devices: ofRacks('clock', (row) => ({
      value: row.heat_devices,
      devices: row.heat_devices,
      what: {
        en: `Heat slows ${row.heat_devices} of ${row.devices} devices of rack ${row.rack}`,
        zh: `机柜 ${row.rack} 的 ${row.devices} 卡中 ${row.heat_devices} 卡因过热降频`,
      },
    })),
    power_brake_devices: ofRacks('clock', (row) => ({
      value: row.brake_devices,
      devices: row.brake_devices,
      what: {
        en: `A power brake slows ${row.brake_devices} of ${row.devices} devices of rack ${row.rack}`,
        zh: `机柜 ${row.rack} 的 ${row.devices} 卡中 ${row.brake_devices} 卡因供电限制降频`,
      },
    })),
    margin: ofRacks('margin', (row) => ({
      value: row.margin_p05,
      what: {
        en: `Rack ${row.rack}: the hottest devices are ${row.margin_p05?.toFixed(0) ?? '-'} K from slowing down`,
        zh: `机柜 ${row.rack}：最热设备距降频 ${row.margin_p05?.toFixed(0) ?? '-'} K`,
      },
    })),
    async hot_spot_score() {
      const window = await settledMinutes(deps, HOT_MINUTES)
      if (window === null) return noAnswer(deps.clock())
      return { atMs: window.toMs, rows: await hotSpots(), covered: await covered.of('power') }
    },
  }
}
