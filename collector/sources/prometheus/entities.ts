import type { ExpositionRow } from '../../formats/exposition.ts'
import { identityOf, labelOf, namesOf, type RowIdentity } from './identity.ts'
import { LIMITS, type Refusal } from './limits.ts'
import type { Mapping } from './mapping.ts'

/** A node, device or link of the page, and the rows that speak of it. */
export interface Entity {
  readonly node: string | null
  /** Names of the device, strongest first; of a link's device; empty for a node. */
  names: string[]
  readonly link: string | null
  readonly rows: Map<string, ExpositionRow[]>
}

export type Refuse = (row: ExpositionRow, reason: Refusal) => void

/** Names of the metrics that a mapping reads, by the scope of what they become. */
export interface WantedNames {
  readonly node: ReadonlySet<string>
  readonly device: ReadonlySet<string>
  readonly link: ReadonlySet<string>
}

export interface Entities {
  readonly nodes: readonly Entity[]
  readonly devices: readonly Entity[]
  readonly links: readonly Entity[]
}

const newEntity = (node: string | null, names: string[], link: string | null): Entity => ({
  node,
  names,
  link,
  rows: new Map(),
})

function give(entity: Entity, row: ExpositionRow): void {
  const rows = entity.rows.get(row.name)
  if (rows === undefined) entity.rows.set(row.name, [row])
  else rows.push(row)
}

/** Sorts the rows of a page to the nodes, devices and links they are of. */
export function entitiesOf(
  rows: readonly ExpositionRow[],
  mapping: Mapping,
  wanted: WantedNames,
  refuse: Refuse,
): Entities {
  const nodes = new Map<string, Entity>()
  const devices = createDevices(mapping, refuse)
  const links = new Map<string, Entity>()
  devices.learn(rows.filter((row) => wanted.device.has(row.name) || wanted.link.has(row.name)))
  for (const row of rows) {
    const node = nodeOf(row, mapping)
    if (wanted.node.has(row.name)) {
      const known = nodes.get(node ?? '')
      if (known === undefined && nodes.size >= LIMITS.nodes) refuse(row, 'too_many_nodes')
      else {
        const entity = known ?? newEntity(node, [], null)
        nodes.set(node ?? '', entity)
        give(entity, row)
      }
    }
    if (wanted.device.has(row.name)) devices.give(row)
    if (wanted.link.has(row.name)) giveToLink(row, { mapping, links, devices, refuse })
  }
  return { nodes: [...nodes.values()], devices: devices.list(), links: [...links.values()] }
}

/** `instance` carries the exporter's port behind the node's name. */
function nodeOf(row: ExpositionRow, mapping: Mapping): string | null {
  return labelOf(row, mapping.node)?.replace(/:\d{1,5}$/, '') ?? null
}

/** Kinds of names a device can have behind its strongest. */
const HOPS = 4

interface Devices {
  /** Learns from rows that carry several names which of them belong to one device. */
  learn(rows: readonly ExpositionRow[]): void
  /** The device's names, strongest first, or null when the row does not tell which device it is of. */
  namesOf(row: ExpositionRow): string[] | null
  give(row: ExpositionRow): void
  list(): readonly Entity[]
}

/**
 * A row is of the device with its strongest name. A row with a weaker name only (an index without a uuid) is of
 * the device that other rows show under both; where they show several, it is nobody's.
 */
function createDevices(mapping: Mapping, refuse: Refuse): Devices {
  const rule = mapping.device
  const known = new Map<string, Entity>()
  /** Node and weaker name -> the strongest names it was seen beside. */
  const owners = new Map<string, Set<string>>()
  const all = new Map<string, string[]>()
  const identities = new WeakMap<ExpositionRow, RowIdentity>()
  const read = (row: ExpositionRow): string[] => {
    if (rule === undefined) return []
    const identity = identities.get(row) ?? identityOf(row, rule)
    identities.set(row, identity)
    return namesOf(identity)
  }
  const placed = (row: ExpositionRow, name: string) => `${nodeOf(row, mapping) ?? ''} ${name}`
  const ownersOf = (row: ExpositionRow, name: string) => owners.get(placed(row, name))
  const resolve = (row: ExpositionRow): string[] | null => {
    let [name] = read(row)
    // An index may lead to a serial number, and that to a uuid.
    for (let hop = 0; hop < HOPS && name !== undefined; hop++) {
      const strongest = ownersOf(row, name)
      if (strongest === undefined) break
      if (strongest.size > 1) return null
      ;[name] = strongest
    }
    if (name === undefined) return null
    const names = all.get(placed(row, name)) ?? [name]
    // A name that several devices carry (the serial number of their board) is nobody's own.
    return names.filter((other) => (ownersOf(row, other)?.size ?? 1) === 1)
  }
  return {
    learn(rows) {
      for (const row of rows) {
        const names = read(row)
        const [first, ...weaker] = names
        if (first === undefined) continue
        const joined = all.get(placed(row, first)) ?? []
        all.set(placed(row, first), [...new Set([...joined, ...names])].slice(0, 8))
        for (const name of weaker) {
          const owner = owners.get(placed(row, name)) ?? new Set()
          if (owner.size < 2) owners.set(placed(row, name), owner.add(first))
        }
      }
    },
    namesOf: resolve,
    give(row) {
      const names = resolve(row)
      if (names === null) {
        refuse(row, read(row).length === 0 ? 'no_identity' : 'ambiguous_device')
        return
      }
      const key = placed(row, names[0] ?? '')
      const entity = known.get(key) ?? newEntity(nodeOf(row, mapping), names, null)
      if (!known.has(key) && known.size >= LIMITS.devices) refuse(row, 'too_many_devices')
      else {
        known.set(key, entity)
        give(entity, row)
      }
    },
    list: () => [...known.values()].map((entity) => withSortedNames(entity)),
  }
}

const STRENGTH = ['uuid:', 'serial:', 'slot:']

/** Strongest kind first; of the slots a PCI address before a bare position. */
function withSortedNames(entity: Entity): Entity {
  const rank = (name: string) =>
    STRENGTH.findIndex((kind) => name.startsWith(kind)) + (name.startsWith('slot:index') ? 0.5 : 0)
  return { ...entity, names: entity.names.toSorted((a, b) => rank(a) - rank(b)) }
}

interface LinkWork {
  readonly mapping: Mapping
  readonly links: Map<string, Entity>
  readonly devices: Devices
  readonly refuse: Refuse
}

function giveToLink(row: ExpositionRow, { mapping, links, devices, refuse }: LinkWork): void {
  const name = linkName(row, mapping.link?.name ?? '')
  if (name === null) return refuse(row, 'no_link_name')
  const isOfDevice = mapping.link?.of === 'device'
  const names = isOfDevice ? devices.namesOf(row) : []
  if (names === null) return refuse(row, 'no_identity')
  const node = nodeOf(row, mapping)
  const key = [node ?? '', names[0] ?? '', name].join(' ')
  const known = links.get(key)
  if (known === undefined && links.size >= LIMITS.links) return refuse(row, 'too_many_links')
  const entity = known ?? newEntity(node, names, name)
  links.set(key, entity)
  give(entity, row)
}

/** `{device}/{port}` with the row's labels; null when one of them is missing. */
function linkName(row: ExpositionRow, template: string): string | null {
  let isWhole = true
  const name = template.replaceAll(/\{([A-Za-z_]\w*)\}/g, (_all, label: string) => {
    const text = row.labels[label] ?? ''
    isWhole &&= text !== ''
    return text
  })
  return isWhole && name !== '' ? name.slice(0, LIMITS.labelChars) : null
}
