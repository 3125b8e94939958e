import type { InventoryDevice } from '#schemas/journal.ts'
import { type DeviceRow, deviceFacts } from '../identity/history.ts'
import { OPEN_MS } from '../settle/capacity.ts'

/**
 * What an inventory knows of a device that has never reported, as a row of `devices`, so that its capacity has a model
 * and a node. Whatever a collector says is later and counts from then on.
 */
export function describedBy(
  listed: InventoryDevice,
  deviceId: bigint,
  entry: { readonly atMs: number },
): DeviceRow {
  const { key, cluster, node, vendor, model, bus, hall, rack, pool } = listed
  const dates = [listed.delivered_ms, listed.accepted_ms].filter((date) => date !== null)
  const device = {
    keys: [key],
    node,
    vendor,
    model,
    index: listed.index,
    bus: bus === '' ? null : bus,
    parent: null,
    partition: null,
    holder: null,
    hall,
    rack,
    pool,
    sources: ['inventory'],
    labels: {},
  }
  const facts = deviceFacts({
    deviceId,
    canonicalKey: key,
    cluster,
    collector: '',
    simulated: false,
    parentId: 0n,
    device,
  })
  const atMs = Math.min(...(dates.length > 0 ? dates : [entry.atMs]), OPEN_MS)
  return { facts, atMs, logPosition: 0 }
}
