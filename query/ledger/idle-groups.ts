import type {
  IdleGroup,
  IdleGrouping,
  IdleGroupsAnswer,
  IdleOrder,
  IdleTotal,
} from '#schemas/api-idle.ts'
import type { Owner } from '#schemas/journal.ts'
import { Billing } from '#schemas/billing.ts'
import { MICRO_USD, type PriceBook } from '#schemas/price-book.ts'
import { DEFINITION_SET } from '#schemas/zones.ts'
import { cursorOffset, nextCursor } from '../cursor.ts'
import { type Dimension, type FieldPlace, type Filters, parseFilters } from '../filters.ts'
import { type IdleGroupRow, idleHeldGroups } from '../queries/idle-held-groups.ts'
import { namesOf } from '../tenant-names.ts'
import { HOUR_MS, iso, type TimeWindow } from '../window.ts'
import { bookOf, type LedgerDeps } from './cells.ts'
import { joinWorth, moneyOf, NO_WORTH, type Worth, worthOf } from './money.ts'
import { billingOf, type BillingOf } from './payer.ts'

/** The fields that make a line one. */
const KEYS = {
  job: ['cluster', 'job', 'tenant'],
  tenant: ['tenant'],
  node: ['cluster', 'node'],
  rack: ['cluster', 'hall', 'rack'],
  hall: ['cluster', 'hall'],
  model: ['model'],
  pool: ['pool'],
} as const satisfies Record<IdleGrouping, readonly Dimension[]>

export interface IdleGroupsQuestion {
  readonly by: IdleGrouping
  readonly filters: readonly string[]
  readonly sort: IdleOrder
  readonly hours: number
  readonly limit: number
  readonly cursor?: string | undefined
}

/**
 * GET /api/v1/idle-held/groups: idle devices that somebody holds, a line for what belongs together. Throws
 * E_FILTER_INVALID, E_CURSOR_INVALID, E_JOURNAL_AWAY before the journal was ever read, and the reader's errors.
 */
export async function idleGroupsAnswer(
  deps: LedgerDeps,
  asked: IdleGroupsQuestion,
): Promise<IdleGroupsAnswer> {
  const { by, sort, hours, limit, cursor } = asked
  const filters = parseFilters(asked.filters)
  const mark = { by, sort, hours, filters: asked.filters }
  const offset = cursorOffset(mark, cursor)
  const { settledUntilMs } = await deps.published()
  const documents = await deps.documents()
  const prices = bookOf(documents)
  const window =
    settledUntilMs === null
      ? null
      : { fromMs: settledUntilMs - hours * HOUR_MS, toMs: settledUntilMs }
  const lines =
    window === null
      ? []
      : await readLines(deps, { by, filters, window, prices, owners: documents.owners })
  lines.sort(inOrderOf(sort))
  const groups = lines.slice(offset, offset + limit).map(({ group }) => group)
  const page = { offset, given: groups.length, total: lines.length }
  return {
    definition: DEFINITION_SET,
    simulated: deps.simulated,
    settled_until: settledUntilMs === null ? null : iso(settledUntilMs),
    by,
    groups,
    total: lines.length,
    next_cursor: nextCursor(mark, page),
    waste: totalOf(lines.flatMap(({ waste }) => waste)),
    reserve: totalOf(lines.flatMap(({ reserve }) => reserve)),
    names: await namesOf(
      deps.documents,
      groups.flatMap(({ tenants }) => tenants),
    ),
  }
}

interface Asked {
  readonly by: IdleGrouping
  readonly filters: Filters
  readonly window: TimeWindow
  readonly prices: PriceBook
  readonly owners: readonly Owner[]
}

/** Devices of one price, as the store sums them. */
interface Part {
  readonly row: IdleGroupRow
  readonly worth: Worth
  /** Millionths of a dollar per hour, all devices; null = no price. */
  readonly microUsdPerHour: bigint | null
  readonly isAssumed: boolean
}

interface Line {
  readonly group: IdleGroup
  readonly waste: readonly Part[]
  readonly reserve: readonly Part[]
}

async function readLines(deps: LedgerDeps, asked: Asked): Promise<Line[]> {
  const { by, filters, window, prices, owners } = asked
  const starts = [window.fromMs, ...prices.changes(window)]
  const ends = [...starts.slice(1), window.toMs]
  const keys: readonly FieldPlace[] = KEYS[by]
  const [k1 = 'none', k2 = 'none', k3 = 'none'] = keys
  const rows = await idleHeldGroups.run(deps.reader, {
    ...filters.params,
    k1,
    k2,
    k3,
    from_s: window.fromMs / 1000,
    to_s: window.toMs / 1000,
    pieces_from_s: starts.map((ms) => ms / 1000),
    pieces_to_s: ends.map((ms) => ms / 1000),
  })
  const billing = billingOf(owners)
  const contacts = new Map(owners.map(({ tenant, contact }) => [tenant, contact]))
  const parts = rows.map((row) => partOf(row, prices, { starts, nowMs: window.toMs }))
  return [...Map.groupBy(parts, ({ row }) => JSON.stringify(row.keys)).values()].map((members) =>
    lineOf(members, { by, window, billing, contacts }),
  )
}

function partOf(
  row: IdleGroupRow,
  prices: PriceBook,
  { starts, nowMs }: { readonly starts: readonly number[]; readonly nowMs: number },
): Part {
  const place = { model: row.of_model, pool: row.of_pool }
  const now = prices.deviceHour(place, nowMs)
  const worth = row.pieces_ms
    .map((ms, at) => worthOf(ms * 1000n, prices.deviceHour(place, starts[at] ?? nowMs)))
    .reduce(joinWorth, NO_WORTH)
  return {
    row,
    worth,
    microUsdPerHour: now === null ? null : now.microUsd * BigInt(row.devices),
    isAssumed: now?.isAssumed ?? false,
  }
}

function lineOf(
  parts: readonly Part[],
  given: {
    readonly by: IdleGrouping
    readonly window: TimeWindow
    readonly billing: BillingOf
    readonly contacts: ReadonlyMap<string, string>
  },
): Line {
  const { by, window, billing, contacts } = given
  const of = (field: 'tenant' | 'class' | 'model') =>
    distinct(parts.map(({ row }) => row[`of_${field}`]))
  const tenants = of('tenant')
  const sinceMs = Math.min(...parts.map(({ row }) => row.since_ms))
  const reserve = parts.filter(({ row }) => row.of_class === 'serving')
  const waste = parts.filter(({ row }) => row.of_class !== 'serving')
  const { devices, usd_per_hour, so_far, assumed } = totalOf(parts)
  const [first] = parts
  const key = Object.fromEntries(KEYS[by].map((name, at) => [name, first?.row.keys[at] ?? '']))
  const group: IdleGroup = {
    key,
    devices,
    nodes: new Set(parts.flatMap(({ row }) => row.nodes)).size,
    tenants,
    classes: of('class'),
    billing: distinct(
      parts.map(({ row: { of_billing, of_tenant: tenant } }) =>
        Billing.catch('unknown').parse(billing({ billing: of_billing, tenant })),
      ),
    ),
    models: of('model'),
    contact: tenants.length === 1 ? (contacts.get(tenants[0] ?? '') ?? '') : '',
    since: iso(sinceMs),
    since_latest: iso(Math.max(...parts.map(({ row }) => row.since_latest_ms))),
    since_at_least: sinceMs <= window.fromMs,
    so_far,
    usd_per_hour,
    unpriced_devices: parts
      .filter(({ microUsdPerHour }) => microUsdPerHour === null)
      .reduce((sum, { row }) => sum + row.devices, 0),
    assumed,
    is_reserve: waste.length === 0,
  }
  return { group, waste, reserve }
}

function totalOf(parts: readonly Part[]): IdleTotal {
  const priced = parts.flatMap(({ microUsdPerHour: price }) => (price === null ? [] : [price]))
  const perHour = Number(priced.reduce((sum, price) => sum + price, 0n)) / MICRO_USD
  return {
    devices: parts.reduce((sum, { row }) => sum + row.devices, 0),
    // Nothing costs nothing; devices without a price cost nobody knows what.
    usd_per_hour: parts.length > 0 && priced.length === 0 ? null : perHour,
    so_far: moneyOf(parts.map(({ worth }) => worth).reduce(joinWorth, NO_WORTH)),
    assumed: parts.some(({ isAssumed, worth }) => isAssumed || worth.isAssumed),
  }
}

const distinct = <Value extends string>(values: readonly Value[]) => [...new Set(values)].sort()

/** The highest first; without a price after what has one, then by key. */
const inOrderOf =
  (sort: IdleOrder) =>
  ({ group: a }: Line, { group: b }: Line): number =>
    FIGURES[sort](b) - FIGURES[sort](a) ||
    b.devices - a.devices ||
    (JSON.stringify(a.key) < JSON.stringify(b.key) ? -1 : 1)

const FIGURES: Readonly<Record<IdleOrder, (group: IdleGroup) => number>> = {
  usd_per_hour: (group) => group.usd_per_hour ?? -1,
  usd: (group) => group.so_far.usd ?? -1,
  hours: (group) => group.so_far.gpu_hours,
  devices: (group) => group.devices,
  since: (group) => -Date.parse(group.since),
}
