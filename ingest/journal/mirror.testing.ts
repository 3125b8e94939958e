import type {
  Allocation,
  AllocationScope,
  DeviceStateInterval,
  InventoryDevice,
  Journal,
  JournalBody,
  JournalEntry,
  NodePlace,
} from '#schemas/journal.ts'
import { randomUUID } from 'node:crypto'
import type { Logger } from '#schemas/role.ts'
import type { TestEngine } from '../engine/engine.testing.ts'
import { deviceId } from '../identity/device-id.ts'
import { deviceFacts } from '../identity/history.ts'
import type { IdentityRegistry } from '../identity/registry.ts'
import { freshStore } from '../pipeline.testing.ts'
import { type Capacity, OPEN_MS } from '../settle/capacity.ts'
import type { Store } from '../store/store.ts'
import { loadKnowledge } from '../worker/load.ts'
import { silent, testDevice } from '../worker/ingest.testing.ts'
import { aliasRow, deviceRow, iso } from '../worker/rows.ts'
import { listed } from './listed.testing.ts'
import { createMirror, type Mirror } from './mirror.ts'

/** A journal in memory. */
export interface MemoryJournal extends Journal {
  readonly entries: JournalEntry[]
  /** Appends a body as `ann` at a time. */
  say(atMs: number, body: JournalBody): Promise<JournalEntry>
}

export function memoryJournal(): MemoryJournal {
  const entries: JournalEntry[] = []
  const append: Journal['append'] = async (change) => {
    const entry = { ...change, sequence: entries.length + 1 }
    entries.push(entry)
    return entry
  }
  return {
    entries,
    append,
    readFrom: async (sequence, limit) => entries.slice(sequence - 1, sequence - 1 + limit),
    last: async () => entries.length,
    say: (at_ms, body) => append({ at_ms, who: 'ann', body }),
  }
}

/** Puts what a batch tells of devices into the store, as ingest does. */
export async function report(
  store: Pick<Store, 'insertJson'>,
  atMs: number,
  devices: readonly { readonly name: string; readonly node: string; readonly index: number }[],
): Promise<bigint[]> {
  const rows = devices.map(({ name, node, index }) => {
    const device = testDevice(name, { node, index, bus: `0000:0${index}:00.0` })
    const id = deviceId(`uuid:${name}`)
    const facts = deviceFacts({
      deviceId: id,
      canonicalKey: `uuid:${name}`,
      cluster: 'c1',
      collector: 'col',
      simulated: false,
      parentId: 0n,
      device,
    })
    return { ...deviceRow({ facts, atMs, logPosition: 1 }), inserted_at: iso(atMs) }
  })
  const token = randomUUID()
  await store.insertJson('devices', rows, token)
  const ids = devices.map(({ name }) => deviceId(`uuid:${name}`))
  await store.insertJson(
    'device_aliases',
    devices.flatMap(({ name, node, index }, at) =>
      [`uuid:${name}`, `slot:c1/${node}/0000:0${index}:00.0/0`].map((key) => ({
        ...aliasRow({ key, deviceId: ids[at] ?? 0n, atMs }),
        inserted_at: iso(atMs),
      })),
    ),
    token,
  )
  return ids
}

/** A mirror as a process has it: with what it knows of devices, loaded from the store. */
export interface World {
  readonly mirror: Mirror
  readonly registry: IdentityRegistry
  readonly capacity: Capacity
  /** Steps until nothing is left. */
  run(): Promise<void>
}

export async function startMirror(
  store: Pick<Store, 'query' | 'insertJson'>,
  journal: Journal,
  clock: () => number,
  log: Logger = silent,
): Promise<World> {
  const { knowledge } = await loadKnowledge(store, clock())
  const { registry, capacity } = knowledge
  const mirror = createMirror({ journal, store, registry, capacity, clock, log })
  return {
    mirror,
    registry,
    capacity,
    async run() {
      while (await mirror.step());
    },
  }
}

export const inventory = (
  devices: readonly Partial<InventoryDevice>[],
  nodes: readonly NodePlace[] = [],
): JournalBody => ({
  kind: 'inventory',
  import_id: 'i',
  devices: devices.map(listed),
  nodes: [...nodes],
})
export const states = (
  ...given: readonly (Partial<DeviceStateInterval> & Pick<DeviceStateInterval, 'from_ms'>)[]
): JournalBody => ({
  kind: 'device_states',
  import_id: 's',
  states: given.map((more) => ({
    state: 'drained',
    key: '',
    node: '',
    to_ms: null,
    reason: 'maintenance',
    ticket: '',
    waiting_on: '',
    eta_ms: null,
    ...more,
  })),
})
export const allocations = (
  given: readonly (Partial<Allocation> & Pick<Allocation, 'from_ms'>)[],
  scopes: readonly AllocationScope[] = [],
): JournalBody => ({
  kind: 'allocations',
  import_id: 'a',
  allocations: given.map((more) => ({
    key: '',
    node: '',
    index: null,
    holder: 'job-1',
    job: '',
    tenant: '',
    account: '',
    queue: '',
    class: '',
    billing: 'unknown',
    source: 'slurm',
    confidence: 'exact',
    to_ms: null,
    share: null,
    ...more,
  })),
  scopes: [...scopes],
})

export const T0 = Date.UTC(2026, 4, 1)
const HOUR = 3_600_000
/** Whole hours since T0. */
export const at = (hour: number) => T0 + hour * HOUR
export const A = deviceId('uuid:a')
export const B = deviceId('uuid:b')

/** A column as whole hours since T0, under the name `from`. */
export const fromHour = `toString(intDiv(toUnixTimestamp64Milli(from_at) - ${T0}, ${HOUR})) AS from`
/** The same for an end, `open` for one that has not come. */
export const toHour = `if(to_at >= fromUnixTimestamp64Milli(toInt64(${OPEN_MS}), 'UTC'), 'open', toString(intDiv(toUnixTimestamp64Milli(to_at) - ${T0}, ${HOUR}))) AS to`

/** A store of its own, a journal and the mirror between them. */
export interface Site {
  readonly store: Store
  readonly journal: MemoryJournal
  world(): World
  /** Appends, by default on the twentieth day, and mirrors all there is. */
  say(body: JournalBody, atMs?: number): Promise<void>
  restart(): Promise<void>
  /** Intervals that count for something, as kind, device, from, to, reason. */
  intervals(): Promise<unknown[][]>
  /** What was told to be settled again, as reason, from, to. */
  changes(): Promise<unknown[][]>
  /** What was told so far is forgotten. */
  forget(): Promise<void>
}

export async function openSite(engine: TestEngine): Promise<Site> {
  const store = await freshStore(engine)
  const journal = memoryJournal()
  let nowMs = at(30 * 24)
  const start = () => startMirror(store, journal, () => (nowMs += 1))
  let world = await start()
  const values = async (sql: string) =>
    (await store.query(sql)).map((row) => Object.values(row ?? {}))
  return {
    store,
    journal,
    world: () => world,
    async say(body, atMs = at(20 * 24)) {
      await journal.say(atMs, body)
      await world.run()
    },
    async restart() {
      world = await start()
      await world.run()
    },
    intervals: () =>
      values(
        `SELECT kind, if(device_id = ${A}, 'a', if(device_id = ${B}, 'b', toString(device_id))) AS device, ${fromHour}, ${toHour}, reason FROM intervals FINAL WHERE to_at > from_at ORDER BY kind, device, from_at`,
      ),
    changes: () =>
      values(
        `SELECT reason, ${fromHour}, ${toHour} FROM interval_changes ORDER BY inserted_at, reason, from_at`,
      ),
    forget: () => store.command('TRUNCATE TABLE interval_changes'),
  }
}
