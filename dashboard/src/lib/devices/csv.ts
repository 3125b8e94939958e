import type { Device } from '#schemas/api.ts'
import type { Sheet } from '#lib/csv.ts'
import { holderCell } from './holder.ts'

/** Latest values that the table shows, in canonical units. */
const METRICS = [
  'busy_ratio',
  'power_watts',
  'temperature_celsius',
  'memory_used_bytes',
  'memory_total_bytes',
] as const

/** The devices of one page of the list as they are saved. */
export const devicesSheet = (devices: readonly Device[]): Sheet => ({
  header: [
    'node',
    'index',
    'partition',
    'state',
    'ledger_state',
    ...METRICS,
    'model',
    'cluster',
    'hall',
    'rack',
    'pool',
    'holder',
    'more_holders',
    'last_sample_at',
    'device_id',
    'key',
  ],
  rows: devices.map((device) => {
    const holder = holderCell(device)
    return [
      device.node,
      device.index,
      device.partition?.id ?? null,
      device.state,
      device.ledger?.state ?? null,
      ...METRICS.map((metric) => device.latest[metric] ?? null),
      device.model,
      device.cluster,
      device.hall,
      device.rack,
      device.pool,
      holder.text,
      holder.more,
      device.last_sample_at,
      device.device_id,
      device.canonical_key,
    ]
  }),
})
