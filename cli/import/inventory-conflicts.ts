import type { Device } from '#schemas/api.ts'
import type { InventoryDevice, NodePlace } from '#schemas/journal.ts'
import { isGone } from './discovered-devices.ts'
import { UNDATED_MS } from './inventory-places.ts'
import type { Inventory } from './inventory.ts'

/** Examples kept of each kind; all are counted. */
const EXAMPLES = 20
const PARTS = ['site', 'cluster', 'hall', 'rack', 'pool'] as const
type Part = (typeof PARTS)[number]

/** What differs from what a server knows: how many, and the first ones in a sentence each. */
export interface Conflict {
  readonly count: number
  readonly examples: readonly string[]
}

export interface InventoryConflicts {
  /** Nodes whose place the file changes, and since when. */
  readonly moved: Conflict
  /** Devices that the file lists in another node than the one they report from. */
  readonly elsewhere: Conflict
  /** Devices that report and are not in the file: they stay, as discovered. */
  readonly unlisted: Conflict
  /** Devices in service by the file that nothing has ever reported. */
  readonly unseen: Conflict
}

/**
 * Compares an inventory with the devices of /api/v1/devices. Nothing here stops an import: a card that moves is no
 * mistake, but a person should know of it first. `nowMs` decides what is in service.
 */
export function inventoryConflicts(
  { devices: listed, nodes }: Pick<Inventory, 'devices' | 'nodes'>,
  discovered: readonly Device[],
  nowMs: number,
): InventoryConflicts {
  const present = discovered.filter((device) => !isGone(device))
  const found = createIndex(discovered)
  const matched = new Set<string>()
  const elsewhere = collector()
  const unseen = collector()
  for (const device of listed) {
    const seen = found(device)
    if (seen !== undefined) {
      matched.add(seen.device_id)
      if (device.node !== '' && seen.node !== '' && device.node !== seen.node)
        elsewhere.add(`${nameOf(device)} reports from ${seen.node}, listed in ${device.node}`)
    } else if (serves(device, nowMs)) unseen.add(nameOf(device))
  }
  const unlisted = collector()
  for (const device of present)
    if (!matched.has(device.device_id))
      unlisted.add(`${device.canonical_key} in ${device.node} (${device.model})`)
  return {
    moved: movesOf(nodes, present),
    elsewhere: elsewhere.done(),
    unlisted: unlisted.done(),
    unseen: unseen.done(),
  }
}

/** Lines for a person, empty when everything agrees. */
export function conflictLines(conflicts: InventoryConflicts): string[] {
  const kinds = [
    [conflicts.moved, 'nodes stand elsewhere than the server shows'],
    [conflicts.elsewhere, 'devices report from another node than the listed one'],
    [conflicts.unlisted, 'devices report and are not listed; they stay in capacity as discovered'],
    [conflicts.unseen, 'devices are listed as in service and nothing has ever reported them'],
  ] as const
  return kinds.flatMap(([{ count, examples }, text]) => {
    if (count === 0) return []
    const more = count - examples.length
    const rest = more > 0 ? [`  and ${more} more`] : []
    return [`${count} ${text}:`, ...examples.map((example) => `  ${example}`), ...rest]
  })
}

function collector() {
  let count = 0
  const examples: string[] = []
  return {
    add(text: string) {
      count++
      if (examples.length < EXAMPLES) examples.push(text)
    },
    done: (): Conflict => ({ count, examples }),
  }
}

const serves = ({ accepted_ms, retired_ms }: InventoryDevice, nowMs: number) =>
  accepted_ms !== null && accepted_ms <= nowMs && (retired_ms === null || retired_ms > nowMs)

/** Finds the device that a row means: by any of its keys, else by its place in the node. */
function createIndex(discovered: readonly Device[]) {
  const byKey = new Map<string, Device>()
  const bySeat = new Map<string, Device>()
  for (const device of discovered) {
    for (const key of [device.canonical_key, ...device.keys]) byKey.set(key, device)
    if (isGone(device)) continue
    if (device.index !== null) bySeat.set(`${device.node} ${device.index}`, device)
    if (device.bus !== '') bySeat.set(`${device.node} @${device.bus.toLowerCase()}`, device)
  }
  return ({ key, node, index, bus }: InventoryDevice): Device | undefined => {
    if (key !== '') return byKey.get(key)
    const seat = index === null ? `@${bus.toLowerCase()}` : String(index)
    return bySeat.get(`${node} ${seat}`)
  }
}

const nameOf = ({ key, node, index, bus }: InventoryDevice) =>
  key === '' ? `device ${index ?? bus} of ${node}` : key

/** One sentence for each node whose devices are known to stand elsewhere than the file says last. */
function movesOf(nodes: readonly NodePlace[], present: readonly Device[]): Conflict {
  const moved = collector()
  const last = new Map<string, NodePlace>()
  for (const place of nodes)
    if (place.from_ms >= (last.get(place.node)?.from_ms ?? 0)) last.set(place.node, place)
  const known = new Map<string, Device[]>()
  for (const device of present) {
    const others = known.get(device.node)
    if (others === undefined) known.set(device.node, [device])
    else others.push(device)
  }
  for (const place of last.values()) {
    const there = known.get(place.node)?.find((device) => changedParts(place, device).length > 0)
    if (there === undefined) continue
    const parts = changedParts(place, there)
    const told = parts.map((part) => `${part} ${placeOf(there, part)} to ${place[part]}`)
    const count = known.get(place.node)?.length ?? 0
    moved.add(`${place.node} (${count} devices): ${told.join(', ')}, ${sinceOf(place)}`)
  }
  return moved.done()
}

function changedParts(place: NodePlace, device: Device): Part[] {
  return PARTS.filter((part) => {
    const before = placeOf(device, part)
    return before !== '' && place[part] !== '' && before !== place[part]
  })
}

/** Collectors tell no site. */
const placeOf = (device: Device, part: Part) => (part === 'site' ? '' : device[part])

const sinceOf = ({ from_ms }: NodePlace) =>
  from_ms === UNDATED_MS
    ? 'from the import on; if it moved earlier, say so in the column from'
    : `since ${new Date(from_ms).toISOString()}`
