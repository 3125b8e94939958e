import type { WallColumn } from '#schemas/wall.ts'
import { wallValue, type WallHead } from '#schemas/wall.ts'
import { countClasses, type Scale, stateOf } from './classes.ts'
import type { WallPlaces } from './places.ts'

/** What a table says of some devices. */

export type Columns = Readonly<Record<WallColumn, Uint8Array>>

export interface GroupFigures {
  readonly devices: number
  /** Mean of those that are known; null = of none. */
  readonly busy: number | null
  readonly busyKnown: number
  /** By class of the scale. */
  readonly counts: readonly number[]
}

/** Devices from `first` on. */
export function figuresOf(
  columns: Columns,
  scale: Scale,
  { first, count }: { readonly first: number; readonly count: number },
): GroupFigures {
  let [sum, known] = [0, 0]
  for (let at = first; at < first + count; at += 1) {
    const busy = wallValue('busy', columns.busy[at] ?? 255, 'live')
    if (busy !== null) [sum, known] = [sum + busy, known + 1]
  }
  const part = columns[scale.by].subarray(first, first + count)
  return {
    devices: count,
    busy: known === 0 ? null : sum / known,
    busyKnown: known,
    counts: countClasses(scale, part),
  }
}

export interface SelectionFigures {
  readonly devices: number
  readonly nodes: number
  readonly busy: number | null
  readonly busyKnown: number
  /** Of those that have a price; null = none has. */
  readonly usdPerHour: number | null
  /** Of it what is not busy, of devices whose busy is known. */
  readonly unusedUsdPerHour: number | null
  readonly unpriced: number
  readonly isAssumed: boolean
}

export function selectionFigures(
  places: WallPlaces,
  columns: Columns,
  selected: readonly number[],
): SelectionFigures {
  let [sum, known, usd, unused, priced] = [0, 0, 0, 0, 0]
  let isAssumed = false
  const nodes = new Set<number>()
  for (const device of selected) {
    const node = places.nodeOf[device] ?? 0
    nodes.add(node)
    const busy = wallValue('busy', columns.busy[device] ?? 255, 'live')
    if (busy !== null) [sum, known] = [sum + busy, known + 1]
    const kind = places.layout.kinds[places.nodes[node]?.kind ?? -1]
    if (kind === undefined || kind.usd_per_hour === null) continue
    isAssumed ||= kind.price_is_assumed
    priced += 1
    usd += kind.usd_per_hour
    if (busy !== null) unused += kind.usd_per_hour * (1 - busy)
  }
  return {
    devices: selected.length,
    nodes: nodes.size,
    busy: known === 0 ? null : sum / known,
    busyKnown: known,
    usdPerHour: priced === 0 ? null : usd,
    unusedUsdPerHour: priced === 0 || known === 0 ? null : unused,
    unpriced: selected.length - priced,
    isAssumed,
  }
}

export const SELECTION_CSV_HEADER = [
  'device_id',
  'cluster',
  'hall',
  'rack',
  'node',
  'index',
  'model',
  'pool',
  'state',
  'busy_ratio',
  'active_ratio',
  'effective_ratio',
  'margin_celsius',
  'power_share_of_cap',
  'coverage_or_age_seconds',
  'usd_per_hour',
] as const

/** One device as a line of the file: values as they are known, to within a byte. */
export function deviceCsvRow(
  places: WallPlaces,
  columns: Columns,
  device: number,
  { id, slot, source }: { id: string | null; slot: number | null; source: WallHead['source'] },
): (string | number | null)[] {
  const node = places.nodes[places.nodeOf[device] ?? -1]
  const rack = places.racks[places.rackOf[device] ?? -1]
  const hall = places.halls[rack?.hall ?? -1]
  const kind = places.layout.kinds[node?.kind ?? -1]
  const value = (column: Exclude<WallColumn, 'state'>) =>
    wallValue(column, columns[column][device] ?? 255, source)
  return [
    id,
    hall?.cluster ?? '',
    hall?.name ?? '',
    rack?.name ?? '',
    node?.name ?? '',
    slot,
    kind?.model ?? '',
    kind?.pool ?? '',
    stateOf(columns.state[device] ?? 255),
    value('busy'),
    value('active'),
    value('effective'),
    value('margin'),
    value('power'),
    value('coverage'),
    kind?.usd_per_hour ?? null,
  ]
}
