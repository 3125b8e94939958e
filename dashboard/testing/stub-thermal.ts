import { ThermalAnswer } from '#schemas/api-thermal.ts'
import { DEFINITION_SET } from '#schemas/zones.ts'
import { deviceOf } from './stub-devices.ts'
import { MINUTE_MS } from './stub-fleet.ts'

/** TEST ONLY. GET /api/v1/thermal of the made-up site. */

const EDGES = Array.from({ length: 31 }, (_, at) => at * 2)

/** 24 devices from 3 degrees of margin up; every seventh stands out from its peers, every fifth has no temperature. */
export function thermalAt(query: URLSearchParams, nowMs: number): ThermalAnswer {
  const to = Math.floor(nowMs / MINUTE_MS) * MINUTE_MS
  const devices = Array.from({ length: 24 }, (_, at) => {
    const { device_id, cluster, hall, rack, node, vendor, model } = deviceOf(at, nowMs)
    const isKnown = at % 5 !== 4
    const isOutlier = isKnown && at % 7 === 0
    return {
      device_id,
      device_index: at % 8,
      cluster,
      hall,
      rack,
      node,
      vendor,
      model,
      temperature_celsius: isKnown ? 84 - at : null,
      temperature_celsius_max: isKnown ? 85 - at : null,
      margin_celsius: isKnown ? 3 + at : null,
      margin_source: isKnown ? ('model' as const) : null,
      rise_celsius_per_minute: isKnown ? 1.2 - at / 10 : null,
      rise_samples: isKnown ? 60 : 0,
      power_watts: isKnown ? 620 - at : null,
      temperature_coverage: isKnown ? 1 : 0,
      power_coverage: 1,
      peers: {
        reference: 'supply' as const,
        unit: 'celsius_per_watt' as const,
        peers: isKnown ? 32 : 0,
        resistance: isKnown ? 0.063 : null,
        median: isKnown ? 0.058 : null,
        mad: isKnown ? 0.001 : null,
        deviation: isKnown ? 0.005 : null,
        score: isKnown ? (isOutlier ? 8.2 : 0.4) : null,
        is_outlier: isOutlier,
        reason: isKnown ? null : ('no_temperature' as const),
      },
      throttled_heat_seconds: at === 0 ? 40 : 0,
      throttled_heat_24h: { device_seconds: at === 0 ? 5400 : 0, hours: [] },
    }
  })
  if (query.get('sort') === '-score')
    devices.sort((a, b) => (b.peers.score ?? -1) - (a.peers.score ?? -1))
  const rack = { cluster: 'h1-train', hall: 'h1', temperature_celsius_median: 66, outliers: 0 }
  return ThermalAnswer.parse({
    definition: DEFINITION_SET,
    simulated: true,
    settled_until: new Date(to).toISOString(),
    from: new Date(to - 10 * MINUTE_MS).toISOString(),
    to: new Date(to).toISOString(),
    total: 2048,
    with_temperature: 2016,
    temperature_coverage: 0.984,
    margin_edges: EDGES,
    margins: [
      ['nvidia', 'H100 SXM5 80GB', 12, 3],
      ['huawei', 'Ascend 910B', 0, 29],
    ].map(([vendor, model, below, shift]) => ({
      vendor,
      model,
      devices: 1040,
      bins: [
        below,
        ...EDGES.map((edge) => Math.max(0, 80 - Math.abs(edge - 20 - Number(shift)) * 8)),
      ],
      unknown: 16,
      below_margin: below,
      least: Number(shift) - 4,
    })),
    devices_below_margin: 12,
    devices,
    racks: [1, 2, 3].map((at) => ({
      ...rack,
      rack: `h1-r0${at}`,
      devices: 32,
      temperature_celsius_max: 85 - at,
      margin_celsius_min: 2 * at,
      devices_below_margin: at === 3 ? 0 : 12,
      throttled_heat_seconds: at === 3 ? 0 : 600,
      temperature_coverage: 1,
    })),
    next_cursor: null,
  })
}
