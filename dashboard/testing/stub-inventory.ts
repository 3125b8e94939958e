import { type FaultRate, InventoryAnswer } from '#schemas/api-inventory.ts'
import { DEFINITION_SET } from '#schemas/zones.ts'

/** TEST ONLY. An inventory with drift, one version that is worse than chance, and devices that never came. */

const rate = (faults: number, device_days: number, low: number, high: number): FaultRate => ({
  faults,
  faulty_devices: faults,
  device_days,
  per_thousand: (1000 * faults) / device_days,
  low,
  high,
})

export function inventoryAt(query: URLSearchParams, nowMs: number): InventoryAnswer {
  const days = Number(query.get('days') ?? 30)
  const place = { vendor: 'nvidia', model: 'H100 SXM5 80GB', pool: 'train' }
  const none = { waiting: 0, retired: 0, pending: 0, never_seen: 0, unlisted: 0 }
  const nodes = { never_seen_nodes: '', unlisted_nodes: '' }
  const value = { is_majority: false, nodes: '', is_worse: false }
  return InventoryAnswer.parse({
    definition: DEFINITION_SET,
    at: new Date(nowMs).toISOString(),
    from: new Date(nowMs - days * 86_400_000).toISOString(),
    to: new Date(nowMs).toISOString(),
    days_asked: days,
    days: Math.min(days, 28),
    has_inventory: true,
    capacity: [
      { ...place, hall: 'h1', accepted: 1_024, ...none, ...nodes },
      {
        ...place,
        hall: 'h2',
        accepted: 512,
        ...none,
        waiting: 64,
        never_seen: 8,
        never_seen_nodes: 'n133',
        unlisted: 16,
        unlisted_nodes: 'n[201-202]',
      },
    ],
    models: [
      {
        vendor: 'nvidia',
        model: 'H100 SXM5 80GB',
        devices: 1_528,
        rate: rate(42, 42_784, 0.71, 1.33),
        versions: [
          {
            name: 'driver_version',
            told: 1_528,
            drifted: 64,
            values: [
              {
                ...value,
                value: '570.86.15',
                devices: 1_464,
                is_majority: true,
                rate: rate(28, 40_992, 0.45, 0.99),
              },
              {
                ...value,
                value: '550.127.08',
                devices: 64,
                nodes: 'n[017-024]',
                rate: rate(14, 1_792, 4.27, 13.1),
                is_worse: true,
              },
            ],
          },
          {
            name: 'cuda_version',
            told: 1_400,
            drifted: 0,
            values: [
              {
                ...value,
                value: '12.8',
                devices: 1_400,
                is_majority: true,
                rate: rate(40, 39_200, 0.73, 1.39),
              },
            ],
          },
        ],
      },
    ],
    simulated: true,
  })
}
