import type { JobDevice, JobFigures } from '#schemas/api-jobs.ts'
import type { OwnerFigures } from '#schemas/api-ledger.ts'
import type { Sheet } from '#lib/csv.ts'
import type { TenantTrends } from './calls.ts'
import { trendOf } from './figures.ts'

/** Tables of these pages as they are saved. */

export const jobSheet = (jobs: readonly JobFigures[]): Sheet => ({
  header: [
    'cluster',
    'job',
    'tenant',
    'class',
    'billing',
    'devices',
    'nodes',
    'state',
    'started_at',
    'ended_at',
    'known_to_s',
    'device_hours',
    'utilization',
    'coverage',
    'active',
    'effective',
    'idle_device_hours',
    'lost_device_hours',
    'lost_usd',
    'assumed',
    'low',
    'hint',
  ],
  rows: jobs.map((job) => [
    job.cluster,
    job.job,
    job.tenant,
    job.class,
    job.billing,
    job.devices,
    job.nodes,
    job.state,
    job.started_at,
    job.ended_at,
    job.known_to_s,
    job.gpu_hours,
    job.utilization,
    job.coverage,
    job.active.value,
    job.effective.value,
    job.idle_held.gpu_hours,
    job.lost.gpu_hours,
    job.lost.usd,
    String(job.assumed),
    String(job.is_low),
    job.hint,
  ]),
})

export const tenantSheet = (
  owners: readonly OwnerFigures[],
  trends: TenantTrends | null,
): Sheet => ({
  header: [
    'tenant',
    'name',
    'contact',
    'billing',
    'held_device_hours',
    'idle_device_hours',
    'utilization',
    'coverage',
    'utilization_last_week',
    'utilization_three_weeks_before',
    'lost_device_hours',
    'lost_usd',
    'contract_device_hours',
  ],
  rows: owners.map((owner) => {
    const trend = trendOf(trends, owner.tenant)
    return [
      owner.tenant,
      owner.display_name,
      owner.contact,
      owner.billing,
      owner.held_device_seconds / 3600,
      owner.idle_held_device_seconds / 3600,
      owner.utilization,
      owner.coverage,
      trend?.lately ?? null,
      trend?.before ?? null,
      owner.lost_gpu_hours,
      owner.loss_usd.versus_capacity,
      owner.contract === null ? null : owner.contract.sold_device_seconds / 3600,
    ]
  }),
})

export const deviceSheet = (devices: readonly JobDevice[]): Sheet => ({
  header: [
    'node',
    'index',
    'device_id',
    'rack',
    'device_hours',
    'utilization',
    'coverage',
    'active',
    'effective',
    'idle_device_hours',
    'power_watts',
  ],
  rows: devices.map((device) => [
    device.node,
    device.index,
    device.device_id,
    device.rack,
    device.gpu_hours,
    device.utilization,
    device.coverage,
    device.active,
    device.effective,
    device.idle_hours,
    device.power_watts,
  ]),
})
