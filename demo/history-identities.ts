import type { Store } from '../ingest/store/store.ts'
import { slotAt, type SlotMoment } from './fleet/jobs.ts'
import type { SimDevice } from './fleet/layout.ts'
import type { FleetModel } from './fleet/state.ts'
import { storeTime } from './store-time.ts'

export interface IdentityOptions {
  readonly store: Pick<Store, 'insertJson'>
  readonly model: FleetModel
  /** device_id by device position. */
  readonly ids: readonly bigint[]
  readonly fromMs: number
  readonly toMs: number
}

const MINUTE_MS = 60_000
/** The date the store's tables use for "open". */
const OPEN_END = '2100-01-01 00:00:00.000'
const ROWS_PER_INSERT = 20_000

/** Stores what the devices are, that they are capacity from the start, and who held them when. */
export async function writeIdentities(options: IdentityOptions): Promise<void> {
  const { store, model, ids, fromMs } = options
  const at = storeTime(fromMs)
  const aliases = model.fleet.devices.map(({ key }, i) => ({ key, device_id: ids[i], at }))
  const capacity = ids.map((id) => ({
    kind: 'capacity',
    device_id: id,
    from_at: at,
    to_at: OPEN_END,
    reason: 'discovered',
    detail: '',
    version: 1,
  }))
  await insertRows(store, 'device_aliases', aliases)
  await insertRows(store, 'intervals', capacity)
  await insertRows(store, 'devices', holderRows(options))
}

async function insertRows(
  store: IdentityOptions['store'],
  table: string,
  rows: readonly Readonly<Record<string, unknown>>[],
): Promise<void> {
  for (let start = 0; start < rows.length; start += ROWS_PER_INSERT)
    await store.insertJson(
      table,
      rows.slice(start, start + ROWS_PER_INSERT),
      `demo-${table}:${start}`,
    )
}

/** A devices row for every device of a slot whenever the slot's job changes. */
function holderRows({ model, ids, fromMs, toMs }: IdentityOptions): Record<string, unknown>[] {
  const rows: Record<string, unknown>[] = []
  for (const slot of model.slots) {
    const members = slot.nodes.flatMap((node) => node.devices)
    let lastJob: string | null | undefined
    for (let atMs = fromMs; atMs < toMs; atMs += MINUTE_MS) {
      const moment = slotAt(slot, model.fleet.seed, atMs)
      if (moment.job === lastJob) continue
      lastJob = moment.job
      for (const device of members)
        rows.push(deviceRow(device, ids[device.position] ?? 0n, atMs, moment))
    }
  }
  return rows
}

function deviceRow(
  device: SimDevice,
  id: bigint,
  atMs: number,
  moment: SlotMoment,
): Record<string, unknown> {
  const { node, spec } = device
  return {
    device_id: id,
    at: storeTime(atMs),
    canonical_key: device.key,
    node: node.name,
    vendor: spec.vendor,
    model: spec.model,
    device_index: device.index,
    bus: device.bus,
    parent_id: 0,
    partition_id: '',
    partition_profile: '',
    partition_share: null,
    cluster: node.cluster,
    hall: node.hall,
    rack: node.rack,
    pool: node.pool,
    collector: 'demo-history',
    tenant: moment.tenant,
    job: moment.job ?? '',
    namespace: '',
    pod: '',
    container: '',
    class: moment.job === null ? '' : moment.workload,
    sources: [spec.vendor === 'nvidia' ? 'dcgm-exporter' : 'npu-smi'],
    labels: {},
    simulated: 1,
    log_position: 0,
  }
}
