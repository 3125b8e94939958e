import { createHash } from 'node:crypto'

/** What separates a partition from its parent when both are named by one slot. */
const PARTITION_MARK = '#'
const SLOT = 'slot:'

/** device_id: the first 8 bytes (big-endian) of SHA-256 of the canonical key, as UInt64. 0 means "no device". */
export function deviceId(key: string): bigint {
  const id = createHash('sha256').update(key).digest().readBigUInt64BE(0)
  // 0 is "no device" in events and parent_id: one key in 2^64 gives its place up.
  return id === 0n ? 1n : id
}

/**
 * A key as it identifies a device across the fleet. Slot keys arrive as `slot:<node>/<bus>/<chip>` and
 * are only unique within a cluster; a partition that only has its parent's slot is told apart by its id.
 */
export function fleetKey(cluster: string, key: string, partitionId: string | null): string {
  if (!key.startsWith(SLOT)) return key
  const suffix = partitionId === null ? '' : PARTITION_MARK + partitionId
  return `${SLOT}${cluster}/${key.slice(SLOT.length)}${suffix}`
}

/** `uuid`, `vdie`, `serial`, `mig` or `slot`. */
export const keyKind = (key: string): string => key.slice(0, key.indexOf(':'))

export const isSlotKey = (key: string): boolean => key.startsWith(SLOT)
