import type { WallLayout } from '#schemas/api-wall.ts'

/** Where every device stands, by place: what drawing, searching and tables go by. */

/** Devices of a node side by side; a node with more has several lines. */
export const LINE_DEVICES = 8

export interface NodePlace {
  readonly name: string
  readonly rack: number
  readonly first: number
  readonly count: number
  /** Place in the layout's kinds. */
  readonly kind: number
  /** Index of each device as its driver counts; null = 0, 1, 2 and so on. */
  readonly slots: readonly number[] | null
}

export interface RackPlace {
  readonly name: string
  readonly hall: number
  /** Changes where a row of racks ends. */
  readonly row: number
  readonly first: number
  readonly count: number
  /** Cells side by side, and lines of them. */
  readonly across: number
  readonly lines: number
}

export interface HallPlace {
  readonly name: string
  readonly cluster: string
  readonly first: number
  readonly count: number
  readonly firstRack: number
  readonly racks: number
}

export interface WallPlaces {
  readonly layout: WallLayout
  readonly halls: readonly HallPlace[]
  readonly racks: readonly RackPlace[]
  readonly nodes: readonly NodePlace[]
  /** By device: its rack, its node, and its cell in the rack. */
  readonly rackOf: Uint16Array
  readonly nodeOf: Uint32Array
  readonly across: Uint8Array
  readonly down: Uint16Array
}

export function placesOf(layout: WallLayout): WallPlaces {
  const halls: HallPlace[] = []
  const racks: RackPlace[] = []
  const nodes: NodePlace[] = []
  const rackOf = new Uint16Array(layout.devices)
  const nodeOf = new Uint32Array(layout.devices)
  const across = new Uint8Array(layout.devices)
  const down = new Uint16Array(layout.devices)
  let place = 0
  let rowNumber = 0
  for (const { cluster, hall, rows } of layout.halls) {
    const [first, firstRack] = [place, racks.length]
    for (const row of rows) {
      for (const rack of row.racks) {
        const width = Math.min(LINE_DEVICES, Math.max(1, ...rack.devices))
        const begin = place
        let line = 0
        rack.nodes.forEach((name, at) => {
          const count = rack.devices[at] ?? 0
          const slots = rack.slots?.[at] ?? null
          for (let index = 0; index < count; index += 1) {
            rackOf[place + index] = racks.length
            nodeOf[place + index] = nodes.length
            across[place + index] = index % width
            down[place + index] = line + Math.floor(index / width)
          }
          nodes.push({
            name,
            rack: racks.length,
            first: place,
            count,
            kind: rack.kinds[at] ?? 0,
            slots,
          })
          place += count
          line += Math.ceil(count / width)
        })
        racks.push({
          name: rack.rack,
          hall: halls.length,
          row: rowNumber,
          first: begin,
          count: place - begin,
          across: width,
          lines: line,
        })
      }
      rowNumber += 1
    }
    const racksHere = racks.length - firstRack
    halls.push({ name: hall, cluster, first, count: place - first, firstRack, racks: racksHere })
  }
  return { layout, halls, racks, nodes, rackOf, nodeOf, across, down }
}

/** A device's index as its driver counts; null = not told. */
export function slotOf({ nodes, nodeOf }: WallPlaces, device: number): number | null {
  const node = nodes[nodeOf[device] ?? -1]
  if (node === undefined) return null
  const slot = node.slots === null ? device - node.first : (node.slots[device - node.first] ?? -1)
  return slot < 0 ? null : slot
}

export interface Found {
  readonly kind: 'hall' | 'rack' | 'node' | 'device'
  readonly name: string
  readonly first: number
  readonly count: number
}

const FOUND_MAX = 8

/** Halls, racks and nodes whose name has the text in it, the closest first; devices whose id begins with it, once ids are there. */
export function find(places: WallPlaces, text: string, ids: BigUint64Array | null): Found[] {
  const q = text.trim().toLowerCase()
  if (q === '') return []
  const named = [
    ...places.halls.map((hall) => ({ ...hall, kind: 'hall' as const })),
    ...places.racks.map((rack) => ({ ...rack, kind: 'rack' as const })),
    ...places.nodes.map((node) => ({ ...node, kind: 'node' as const })),
  ]
    .map((one) => ({ one, rank: rankOf(one.name.toLowerCase(), q) }))
    .filter(({ rank }) => rank >= 0)
    .toSorted((a, b) => a.rank - b.rank)
    .slice(0, FOUND_MAX)
    .map(({ one: { kind, name, first, count } }): Found => ({ kind, name, first, count }))
  if (ids === null || !/^\d{3,20}$/.test(q)) return named
  const devices: Found[] = []
  for (let at = 0; at < ids.length && devices.length + named.length < FOUND_MAX; at += 1) {
    const id = String(ids[at])
    if (id.startsWith(q)) devices.push({ kind: 'device', name: id, first: at, count: 1 })
  }
  return [...named, ...devices]
}

/** The name itself, its begin, a part of it. */
const rankOf = (name: string, q: string) =>
  name === q ? 0 : name.startsWith(q) ? 1 : name.includes(q) ? 2 : -1
