import type { AliasRow } from '../identity/registry.ts'
import type { DeviceRow } from '../identity/history.ts'
import type { CapacityInterval } from '../settle/capacity.ts'
import type { Poison } from './read-message.ts'

/** A row as the store's JSON insert takes it; 64-bit values as bigint. */
export type JsonRow = Readonly<Record<string, unknown>>

/** How times go into DateTime64 columns. */
export const iso = (ms: number) => new Date(ms).toISOString()

/** Bytes of a refused message that are kept. */
const QUARANTINE_BYTES_MAX = 65_536

export function quarantineRow(
  { message, reason }: Poison,
  place: { shard: number; epoch: string },
): JsonRow {
  return {
    at: iso(message.receivedAtMs),
    subject: message.subject.slice(0, 256),
    id: message.id.slice(0, 256),
    reason,
    shard: place.shard,
    epoch: place.epoch,
    position: message.position,
    bytes: Buffer.from(message.payload.subarray(0, QUARANTINE_BYTES_MAX)).toString('base64'),
  }
}

export const aliasRow = ({ key, deviceId, atMs }: AliasRow): JsonRow => ({
  key,
  device_id: deviceId,
  at: iso(atMs),
})

export const intervalRow = (interval: CapacityInterval): JsonRow => ({
  kind: 'capacity',
  device_id: interval.deviceId,
  from_at: iso(interval.fromMs),
  to_at: iso(interval.toMs),
  reason: interval.reason,
  detail: interval.detail,
  version: interval.version,
})

/** One row of `devices`; what a source did not tell is an empty text, -1 or 0 as the table says. */
export function deviceRow({ facts, atMs, logPosition }: DeviceRow): JsonRow {
  const { device } = facts
  const { node, vendor, model, hall, rack, pool, labels } = device
  return {
    device_id: facts.deviceId,
    at: iso(atMs),
    canonical_key: facts.canonicalKey,
    node,
    vendor,
    model,
    hall,
    rack,
    pool,
    labels,
    device_index: device.index ?? -1,
    bus: device.bus ?? '',
    parent_id: facts.parentId,
    partition_id: device.partition?.id ?? '',
    partition_profile: device.partition?.profile ?? '',
    partition_share: device.partition?.share ?? null,
    cluster: facts.cluster,
    collector: facts.collector,
    tenant: device.holder?.tenant ?? '',
    job: device.holder?.job ?? '',
    namespace: device.holder?.namespace ?? '',
    pod: device.holder?.pod ?? '',
    container: device.holder?.container ?? '',
    class: device.holder?.class ?? '',
    sources: [...device.sources].sort(),
    simulated: facts.simulated ? 1 : 0,
    log_position: logPosition,
  }
}
