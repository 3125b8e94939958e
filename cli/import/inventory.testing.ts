import type { Device } from '#schemas/api.ts'

/** A device as /api/v1/devices answers it. */
export function deviceOf(over: Partial<Device>): Device {
  return {
    device_id: '1',
    canonical_key: 'uuid:GPU-1',
    keys: [],
    vendor: 'nvidia',
    model: 'H100',
    cluster: 'a',
    hall: 'H1',
    rack: 'R1',
    pool: 'train',
    node: 'n1',
    told: { cluster: 'a', hall: 'H1', rack: 'R1', pool: 'train' },
    index: 0,
    bus: '0000:1b:00.0',
    parent_id: null,
    partition: null,
    holder: null,
    ledger: null,
    sources: ['dcgm-exporter'],
    state: 'reporting',
    accepted: true,
    first_seen: '2026-05-01T00:00:00.000Z',
    last_sample_at: '2026-05-02T00:00:00.000Z',
    interval_ms: 10_000,
    busy_source: 'gpu_util',
    latest: {},
    ...over,
  }
}
