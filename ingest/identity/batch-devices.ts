import type { Batch, BatchDevice } from '#schemas/batch.ts'
import { deviceId, fleetKey } from './device-id.ts'
import { deviceFacts, type DeviceFacts } from './history.ts'
import type { AliasRow, IdentityRegistry, Replacement } from './registry.ts'

/** The devices of one batch, identified. Positions are those of `batch.devices`. */
export interface BatchDevices {
  readonly ids: readonly bigint[]
  /** The ids as pairs of 32-bit words, low word first: how columns hold them. */
  readonly idWords: Uint32Array
  /** The same array as long as nothing about the devices of this list changes. */
  readonly facts: readonly DeviceFacts[]
  /** True for an entry that is the device of an earlier entry of this batch; null = none is. */
  readonly leftOut: readonly boolean[] | null
}

/** What identifying a batch taught us, to be stored before its samples. */
export interface IdentityNews {
  readonly aliases: AliasRow[]
  readonly replacements: Replacement[]
}

interface Remembered {
  readonly answer: BatchDevices
  readonly keysOf: readonly (readonly string[])[]
  readonly parentIds: readonly bigint[]
  version: number
}

/** The parts of a batch that say which devices it is about. */
export type IdentifiedBatch = Pick<Batch, 'devices' | 'cluster' | 'collector' | 'simulated'>

/** Identifies the devices of a batch at its first tick; adds what it learns to `news`. */
export type BatchIdentifier = (
  batch: IdentifiedBatch,
  firstTickMs: number,
  news: IdentityNews,
) => BatchDevices

/**
 * Remembers its answer by the identity of the device array (the decoder hands out the same one while
 * nothing about its sender changes), and looks again when a key moved in between.
 */
export function createBatchIdentifier(registry: IdentityRegistry): BatchIdentifier {
  const remembered = new WeakMap<readonly BatchDevice[], Remembered>()
  return (batch, firstTickMs, news) => {
    const known = remembered.get(batch.devices)
    const isSame = known !== undefined && isSameSender(known.answer, batch)
    if (isSame && known.version === registry.version) return known.answer
    const { cluster, devices } = batch
    const keysOf = isSame
      ? known.keysOf
      : devices.map(({ keys, partition }) =>
          keys.map((key) => fleetKey(cluster, key, partition?.id ?? null)),
        )
    const ids = keysOf.map((keys) => {
      const { id, newAliases, replaced } = registry.identify(keys, firstTickMs)
      news.aliases.push(...newAliases)
      if (replaced !== null) news.replacements.push(replaced)
      return id
    })
    const parentIds = devices.map(({ parent }) => parentOf(registry, cluster, parent))
    if (isSame && isEqual(ids, known.answer.ids) && isEqual(parentIds, known.parentIds)) {
      known.version = registry.version
      return known.answer
    }
    const answer = answerOf(batch, { ids, parentIds, keysOf })
    remembered.set(devices, { answer, keysOf, parentIds, version: registry.version })
    return answer
  }
}

function isSameSender({ facts }: BatchDevices, batch: IdentifiedBatch): boolean {
  const [first] = facts
  if (first === undefined) return true
  return (
    first.cluster === batch.cluster &&
    first.collector === batch.collector &&
    first.simulated === batch.simulated
  )
}

function parentOf(registry: IdentityRegistry, cluster: string, parent: string | null): bigint {
  if (parent === null) return 0n
  const key = fleetKey(cluster, parent, null)
  return registry.lookup(key) ?? deviceId(key)
}

const isEqual = (some: readonly bigint[], others: readonly bigint[]) =>
  some.length === others.length && some.every((id, index) => id === others[index])

function answerOf(
  { cluster, collector, simulated, devices }: IdentifiedBatch,
  found: Pick<Remembered, 'keysOf' | 'parentIds'> & { readonly ids: readonly bigint[] },
): BatchDevices {
  const { ids, parentIds, keysOf } = found
  const facts = devices.map((device, index) =>
    deviceFacts({
      deviceId: ids[index] ?? 0n,
      canonicalKey: keysOf[index]?.[0] ?? '',
      parentId: parentIds[index] ?? 0n,
      cluster,
      collector,
      simulated,
      device,
    }),
  )
  const met = new Set<bigint>()
  const repeated = ids.map((id) => met.size === met.add(id).size)
  const leftOut = repeated.includes(true) ? repeated : null
  return { ids, idWords: new Uint32Array(BigUint64Array.from(ids).buffer), facts, leftOut }
}
