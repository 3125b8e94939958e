import { createHash } from 'node:crypto'
import type { WallKind, WallLayout, WallRack } from '#schemas/api-wall.ts'
import type { ModelCatalogue } from '#schemas/models/model.ts'
import { MICRO_USD, type PriceBook } from '#schemas/price-book.ts'
import { DEFINITION_SET } from '#schemas/zones.ts'
import { type PlaceRow, SLOT_UNTOLD } from '../queries/wall.ts'
import { isoOrNull } from '../window.ts'

/** The layout and, by place, what the values are worked out from. */
export interface WallPlan {
  readonly layout: WallLayout
  readonly ids: readonly bigint[]
  readonly placeOf: ReadonlyMap<string, number>
  /** 0 = told by samples and holders, 1 failed, 2 drained, 3 verification. */
  readonly standing: Uint8Array
  readonly held: Uint8Array
  /** Somebody says whether it is held. */
  readonly told: Uint8Array
  readonly referencePpm: Uint32Array
  /** Of the model; NaN = not known. */
  readonly capWatts: Float32Array
  readonly slowdownCelsius: Float32Array
}

export interface WallPlanInput {
  readonly rows: readonly PlaceRow[]
  readonly models: ModelCatalogue
  /** Null = what people entered cannot be read now. */
  readonly prices: PriceBook | null
  readonly nowMs: number
  readonly simulated: boolean
  readonly settledFromMs: number | null
}

const inOrder = new Intl.Collator('en', { numeric: true }).compare

/** Orders devices by hall, row, rack, node and slot, and gives each its place. */
export function wallPlan(input: WallPlanInput): WallPlan {
  const rows = input.rows.toSorted(
    (a, b) =>
      inOrder(a.cluster, b.cluster) ||
      inOrder(a.hall, b.hall) ||
      inOrder(a.rack, b.rack) ||
      inOrder(a.node, b.node) ||
      inOrder(`${a.model} ${a.pool}`, `${b.model} ${b.pool}`),
  )
  const kinds = kindsOf(rows, input)
  // A hall's racks are put in order by row first: the order of places is that of the answer.
  const halls = [
    ...Map.groupBy(rows, ({ cluster, hall }) => JSON.stringify([cluster, hall])).values(),
  ].map((members) => hallOf(members, kinds.at))
  const placed = halls.flatMap(({ placed: ofHall }) => ofHall)
  const devices = placed.flatMap((row) => row.devices.map((device) => ({ row, device })))
  const ids = devices.map(({ device }) => BigInt(device[1]))
  const layout: Omit<WallLayout, 'stamp'> = {
    definition: DEFINITION_SET,
    simulated: input.simulated,
    devices: devices.length,
    settled_from: isoOrNull(input.settledFromMs),
    kinds: kinds.list,
    halls: halls.map(({ hall }) => hall),
  }
  return {
    layout: { ...layout, stamp: stampOf(layout, ids) },
    ids,
    placeOf: new Map(devices.map(({ device }, at) => [device[1], at])),
    standing: Uint8Array.from(devices, ({ device }) => device[2]),
    held: Uint8Array.from(devices, ({ device }) => device[3]),
    told: Uint8Array.from(devices, ({ device }) => device[4]),
    referencePpm: Uint32Array.from(devices, ({ device }) => device[5]),
    capWatts: Float32Array.from(
      devices,
      ({ row }) => input.models.find(row.model)?.power_cap_watts?.value ?? Number.NaN,
    ),
    slowdownCelsius: Float32Array.from(
      devices,
      ({ row }) => input.models.find(row.model)?.temperature_slowdown_celsius?.value ?? Number.NaN,
    ),
  }
}

/** `a1-r07` stands in row `a1-r`, `B12` in `B`; what ends in no number stands in a row without a name. */
export function rowOf(rack: string): string {
  return /^(.*?)\d+\D*$/.exec(rack)?.[1] ?? ''
}

function hallOf(
  members: readonly PlaceRow[],
  kindAt: (row: PlaceRow) => number,
): { readonly hall: WallLayout['halls'][number]; readonly placed: PlaceRow[] } {
  const { cluster = '', hall = '' } = members[0] ?? {}
  const byRow = [...Map.groupBy(members, ({ rack }) => rowOf(rack))]
  const rows = byRow.map(([row, ofRow]) => ({
    // A beginning that all racks share says nothing.
    row: byRow.length === 1 ? '' : row,
    racks: [...Map.groupBy(ofRow, ({ rack }) => rack).values()].map((nodes) =>
      rackOf(nodes, kindAt),
    ),
  }))
  return { hall: { cluster, hall, rows }, placed: byRow.flatMap(([, ofRow]) => ofRow) }
}

function rackOf(nodes: readonly PlaceRow[], kindAt: (row: PlaceRow) => number): WallRack {
  const slots = nodes.map(({ devices }) =>
    devices.every(([slot], at) => slot === at)
      ? null
      : devices.map(([slot]) => (slot === SLOT_UNTOLD ? -1 : slot)),
  )
  return {
    rack: nodes[0]?.rack ?? '',
    nodes: nodes.map(({ node }) => node),
    devices: nodes.map(({ devices }) => devices.length),
    kinds: nodes.map(kindAt),
    ...(slots.every((one) => one === null) ? {} : { slots }),
  }
}

function kindsOf(rows: readonly PlaceRow[], { models, prices, nowMs }: WallPlanInput) {
  const keyOf = ({ vendor, model, pool }: PlaceRow) => JSON.stringify([vendor, model, pool])
  const places = new Map<string, number>()
  const list: WallKind[] = []
  for (const row of rows) {
    const key = keyOf(row)
    if (places.has(key)) continue
    places.set(key, list.length)
    const price = prices?.deviceHour(row, nowMs) ?? null
    list.push({
      vendor: row.vendor,
      model: row.model,
      pool: row.pool,
      power_cap_watts: models.find(row.model)?.power_cap_watts?.value ?? null,
      usd_per_hour: price === null ? null : Number(price.microUsd) / MICRO_USD,
      price_is_assumed: price?.isAssumed ?? false,
    })
  }
  return { list, at: (row: PlaceRow) => places.get(keyOf(row)) ?? 0 }
}

function stampOf(layout: Omit<WallLayout, 'stamp'>, ids: readonly bigint[]): number {
  const hash = createHash('sha256').update(JSON.stringify(layout))
  return hash.update(BigUint64Array.from(ids)).digest().readUInt32LE(0)
}
