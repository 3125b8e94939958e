import type { Batch, BatchDevice } from '#schemas/batch.ts'
import { deviceId, fleetKey } from './device-id.ts'
import { deviceFacts, type DeviceFacts } from './history.ts'
import type { AliasRow, IdentityRegistry, Replacement } from './registry.ts'

/** The devices of one batch, identified. Positions are those of `batch.devices`. */
export interface BatchDevices {
  readonly ids: readonly bigint[]
  readonly facts: readonly DeviceFacts[]
  /** True for an entry that turned out to be the device of an earlier entry of this batch. */
  readonly repeated: readonly boolean[]
}

/** What identifying a batch taught us, to be stored before its samples. */
export interface IdentityNews {
  readonly aliases: AliasRow[]
  readonly replacements: Replacement[]
}

interface Remembered extends BatchDevices {
  readonly version: number
  readonly simulated: boolean
}

/** Identifies the devices of a batch at its first tick; adds what it learns to `news`. */
export type BatchIdentifier = (
  batch: Batch,
  firstTickMs: number,
  news: IdentityNews,
) => BatchDevices

/**
 * Remembers its answer by the identity of the device array (the decoder hands out the same one while
 * nothing changes), as long as no key moved in between.
 */
export function createBatchIdentifier(registry: IdentityRegistry): BatchIdentifier {
  const remembered = new WeakMap<readonly BatchDevice[], Remembered>()
  return (batch, firstTickMs, news) => {
    const known = remembered.get(batch.devices)
    if (known?.version === registry.version && known.simulated === batch.simulated) return known
    const { cluster, collector, simulated } = batch
    const keysOf = batch.devices.map((device) =>
      device.keys.map((key) => fleetKey(cluster, key, device.partition?.id ?? null)),
    )
    const ids = keysOf.map((keys) => {
      const { id, newAliases, replaced } = registry.identify(keys, firstTickMs)
      news.aliases.push(...newAliases)
      if (replaced !== null) news.replacements.push(replaced)
      return id
    })
    const parentOf = (parent: string | null) => {
      if (parent === null) return 0n
      const key = fleetKey(cluster, parent, null)
      return registry.lookup(key) ?? deviceId(key)
    }
    const facts = batch.devices.map((device, index) =>
      deviceFacts({
        deviceId: ids[index] ?? 0n,
        canonicalKey: keysOf[index]?.[0] ?? '',
        parentId: parentOf(device.parent),
        cluster,
        collector,
        simulated,
        device,
      }),
    )
    const repeated = ids.map((id, index) => ids.indexOf(id) !== index)
    const answer = { ids, facts, repeated, version: registry.version, simulated }
    remembered.set(batch.devices, answer)
    return answer
  }
}
