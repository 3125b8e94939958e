import type { DiskStatus, PipelineStatus } from '#schemas/ports.ts'
import type { RoleHealth } from '#schemas/role.ts'
import type { Settler } from '../settle/settle.ts'
import type { Shard } from '../worker/shard.ts'

type Shards = readonly Pick<Shard, 'status'>[]

/** The short form that screens and routes asked for before there were reports. */
export function pipelineStatus(
  shards: Shards,
  settler: Pick<Settler, 'settledUntilMs'> | null,
): Omit<PipelineStatus, 'disk' | 'report'> {
  const lags = shards.map(({ status }) => status.lagMessages)
  const inserts = shards.flatMap(({ status }) => status.lastInsertMs ?? [])
  return {
    lag_messages: lags.includes(null) ? null : sum(lags.map((lag) => lag ?? 0)),
    last_insert_ms: inserts.length === 0 ? null : Math.max(...inserts),
    inserted_rows: sum(shards.map(({ status }) => status.insertedRows)),
    quarantined: sum(shards.map(({ status }) => status.quarantined)),
    settled_until_ms: settler?.settledUntilMs ?? null,
  }
}

export interface RoleFacts {
  readonly isStopped: boolean
  /** True once what is stored has been loaded. */
  readonly isLoaded: boolean
  readonly settleFailure: string | null
}

/** The state of the role, and a sentence when it is not well. */
export function ingestState(
  shards: Shards,
  { isStopped, isLoaded, settleFailure }: RoleFacts,
  disk: DiskStatus | null,
): Pick<RoleHealth, 'state' | 'detail'> {
  if (isStopped) return { state: 'stopped', detail: '' }
  const worst = shards.find(({ status }) => status.state === 'taken' || status.state === 'failed')
  if (worst !== undefined) return { state: 'failed', detail: worst.status.detail }
  const away = shards.find(({ status }) => status.state !== 'ok')
  if (away !== undefined && away.status.state === 'starting')
    return { state: 'starting', detail: away.status.detail }
  if (!isLoaded) return { state: 'starting', detail: '' }
  const detail = away?.status.detail ?? settleFailure ?? ''
  // A full disk is said first: it is the cause of whatever else is wrong, and a person has to act.
  const details = [disk?.detail ?? '', detail].filter((text) => text !== '')
  if (details.length > 0 || away !== undefined)
    return { state: 'degraded', detail: details.join('; ') }
  return { state: 'ok', detail: '' }
}

/** Numbers about the fullest disk; none while nobody has seen one. */
export function diskMetrics(disk: DiskStatus | null): Record<string, number> {
  if (disk === null || disk.used_ratio === null) return {}
  return {
    ingest_disk_used_ratio: disk.used_ratio,
    ...(disk.free_bytes === null ? {} : { ingest_disk_free_bytes: disk.free_bytes }),
    ingest_disk_warning: disk.state === 'ok' ? 0 : 1,
    ingest_disk_stopped: disk.state === 'stopped' ? 1 : 0,
  }
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0)
