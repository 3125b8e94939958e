import type { JournalBody, JournalEntry, JournalKind } from '#schemas/journal.ts'
import type { IntervalKind } from '#schemas/ledger.ts'
import type { HolderNames, Tenancy } from '#schemas/owner-match.ts'
import type { DeviceRow } from '../identity/history.ts'
import type { AliasRow } from '../identity/registry.ts'
import {
  changedRows,
  claimKey,
  claimsOf,
  scopeKey,
  scopeOf,
  type StoredClaim,
  type StoredScope,
} from './claims.ts'
import { describedBy } from './described.ts'
import { changedFacility, facilityRows, type StoredFacilityRow } from './facility.ts'
import { createIntervalBook, detailOf, type StoredInterval } from './interval-book.ts'
import { bookDevice, type EntryHead } from './inventory.ts'
import { createNaming, type Keys, type Naming } from './naming.ts'
import { createPlaceBook, type StoredPlace } from './place-book.ts'
import { changedReferences, type StoredReference } from './references.ts'
import type { Seats } from './seats.ts'
import { type Span, spanOf } from './spans.ts'
import type { StoredJournal } from './stored.ts'

/** Why settled minutes are to be settled again (`interval_changes.reason`). */
export type ChangeReason =
  | `${IntervalKind} corrected`
  | 'allocation corrected'
  | 'place corrected'
  | 'reference corrected'
  | 'owner corrected'

/** Everything that one entry changes in the tables. */
export interface Outcome {
  readonly aliases: readonly AliasRow[]
  /** Devices that nobody but an inventory has described. */
  readonly devices: readonly DeviceRow[]
  readonly intervals: readonly StoredInterval[]
  readonly places: readonly StoredPlace[]
  readonly claims: readonly StoredClaim[]
  readonly scopes: readonly StoredScope[]
  readonly references: readonly StoredReference[]
  /** Settling of meters sees them by when they were written (ingest/facility). */
  readonly facility: readonly StoredFacilityRow[]
  readonly changes: readonly (readonly [reason: ChangeReason, spans: readonly Span[]])[]
  /** Rows of the entry that name devices nobody has seen, as an entry of their own; null = none. */
  readonly waiting: JournalBody | null
}

const NOTHING: Outcome = {
  aliases: [],
  devices: [],
  intervals: [],
  places: [],
  claims: [],
  scopes: [],
  references: [],
  facility: [],
  changes: [],
  waiting: null,
}

/** What applying an entry needs to know. */
export interface ApplyDeps {
  readonly stored: StoredJournal
  readonly keys: Keys
  readonly seats: Seats
  readonly owner: (holder: HolderNames) => Tenancy
}

type Body<Kind extends JournalKind> = Extract<JournalBody, { kind: Kind }>

/** Works out what an entry changes against what is stored; writes nothing. */
export async function applyEntry(entry: JournalEntry, deps: ApplyDeps): Promise<Outcome> {
  const { body, sequence } = entry
  const head: EntryHead = { sequence, atMs: entry.at_ms, who: entry.who }
  const naming = createNaming(deps.keys, deps.seats)
  switch (body.kind) {
    case 'inventory':
      return applyInventory(body, head, naming, deps)
    case 'device_states':
      return applyStates(body, head, naming, deps)
    case 'allocations':
      return applyAllocations(body, head, naming, deps)
    case 'references': {
      const found = changedReferences(await deps.stored.references(), body.references, sequence)
      const changes = [['reference corrected', found.spans] as const]
      return { ...NOTHING, references: found.writes, changes }
    }
    case 'owners':
      // Spans read the entry itself (ingest/settle/spans.sql). It counts from its moment on, whenever it gets here.
      return { ...NOTHING, changes: [['owner corrected', [spanOf(head.atMs, null)]]] }
    case 'facility': {
      const rows = facilityRows(body, sequence)
      const before = await deps.stored.facility(rows.map(({ name }) => name))
      return { ...NOTHING, facility: changedFacility(before, rows) }
    }
    default:
      // Prices and contracts are read from memory.
      return NOTHING
  }
}

async function applyInventory(
  body: Body<'inventory'>,
  head: EntryHead,
  naming: Naming,
  { stored, seats }: ApplyDeps,
): Promise<Outcome> {
  const named = body.devices.map((listed) => {
    // Where it sits by the entry's own time: a list says what is so when it is made.
    const id = naming.listed(listed, head.atMs)
    return { listed, id }
  })
  const ids = named.flatMap(({ id }) => id ?? [])
  const nodes = [...new Set(body.nodes.map(({ node }) => node))]
  const intervals = createIntervalBook(await stored.intervals(ids), head)
  const places = createPlaceBook(await stored.places(ids, nodes), head)
  for (const { listed, id } of named) {
    if (id === null) continue
    bookDevice(intervals, id, listed, head)
    places.device(id, listed, intervals.live('capacity', id)[0]?.fromMs ?? null)
  }
  for (const place of body.nodes) places.node(place)
  const unknown = named.filter(({ id }) => id === null).map(({ listed }) => listed)
  const silent = new Map(
    named.flatMap(({ listed, id }) =>
      id === null || seats.has(id) ? [] : [[id, describedBy(listed, id, head)] as const],
    ),
  )
  return {
    ...NOTHING,
    aliases: naming.aliases,
    devices: [...silent.values()],
    intervals: intervals.writes(),
    places: places.writes(),
    changes: [...intervals.changes(), ['place corrected', places.changes()]],
    waiting: unknown.length === 0 ? null : { ...body, devices: unknown, nodes: [] },
  }
}

async function applyStates(
  body: Body<'device_states'>,
  head: EntryHead,
  naming: Naming,
  { stored }: ApplyDeps,
): Promise<Outcome> {
  const named = body.states.map((state) => ({
    state,
    ids: naming.meant({ key: state.key, node: state.node, index: null }, state.from_ms),
  }))
  const ids = named.flatMap((one) => one.ids)
  const book = createIntervalBook(await stored.intervals(ids), head)
  for (const { state, ids: devices } of named) {
    const { reason, ticket, waiting_on, eta_ms } = state
    const detail = detailOf(head.sequence, { reason, ticket, waiting_on, eta_ms, who: head.who })
    const span = spanOf(state.from_ms, state.to_ms)
    for (const deviceId of devices)
      book.put({ kind: state.state, deviceId, ...span, reason, detail })
  }
  const unknown = named.filter((one) => one.ids.length === 0).map(({ state }) => state)
  return {
    ...NOTHING,
    intervals: book.writes(),
    changes: book.changes(),
    waiting: unknown.length === 0 ? null : { ...body, states: unknown },
  }
}

async function applyAllocations(
  body: Body<'allocations'>,
  head: EntryHead,
  naming: Naming,
  { stored, owner }: ApplyDeps,
): Promise<Outcome> {
  const named = body.allocations.map((allocation) => {
    const { key, node, index, from_ms } = allocation
    return { allocation, ids: naming.meant({ key, node, index }, from_ms) }
  })
  const rows = named.flatMap(({ allocation, ids }) =>
    claimsOf(allocation, ids, owner, head.sequence),
  )
  const scopeRows = body.scopes.map((scope) => scopeOf(scope, head.sequence))
  const ids = rows.map(({ deviceId }) => deviceId)
  const claims = changedRows(
    rows.length === 0 ? [] : await stored.claims(ids, startsOf(rows)),
    rows,
    claimKey,
  )
  const scopes = changedRows(
    scopeRows.length === 0 ? [] : await stored.scopes(startsOf(scopeRows)),
    scopeRows,
    scopeKey,
  )
  const unknown = named.filter((one) => one.ids.length === 0).map(({ allocation }) => allocation)
  return {
    ...NOTHING,
    claims: claims.writes,
    scopes: scopes.writes,
    changes: [['allocation corrected', [...claims.spans, ...scopes.spans]]],
    waiting: unknown.length === 0 ? null : { ...body, allocations: unknown, scopes: [] },
  }
}

/** The first and the last start. */
function startsOf(rows: readonly Span[]): Span {
  let [fromMs, toMs] = [Infinity, -Infinity]
  for (const row of rows) {
    fromMs = Math.min(fromMs, row.fromMs)
    toMs = Math.max(toMs, row.fromMs)
  }
  return { fromMs, toMs }
}
