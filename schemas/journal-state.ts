import type { Annotation } from './annotation.ts'
import { type FacilityBook, foldFacility, NO_FACILITY } from './facility.ts'
import type { JournalBody, JournalEntry, JournalKind } from './journal.ts'

/** A document as its latest entry has it. */
export interface InForce<Kind extends JournalKind> {
  readonly sequence: number
  readonly at_ms: number
  readonly who: string
  /** The entry that it replaced; null = it was the first. */
  readonly before: number | null
  readonly body: Extract<JournalBody, { kind: Kind }>
}

/** What the journal says now: small documents whole; of the long lists only how much was said. */
export interface JournalState {
  /** The last entry that was folded in, 0 = none. */
  readonly last: number
  readonly owners: InForce<'owners'> | null
  readonly prices: InForce<'prices'> | null
  readonly references: InForce<'references'> | null
  readonly contracts: InForce<'contracts'> | null
  readonly cost_book: InForce<'cost_book'> | null
  /** Meters, loops and site, every dated row. */
  readonly facility: FacilityBook
  /** Notes on the time axis in force, by id. */
  readonly annotations: ReadonlyMap<string, Annotation>
  /** Entries so far, by kind. */
  readonly entries: Readonly<Record<JournalKind, number>>
  /** Rows so far that imports and calls brought, corrections counted again. */
  readonly rows: Readonly<Record<'inventory' | 'device_states' | 'allocations', number>>
}

export const NO_JOURNAL: JournalState = {
  last: 0,
  owners: null,
  prices: null,
  references: null,
  contracts: null,
  cost_book: null,
  facility: NO_FACILITY,
  annotations: new Map(),
  entries: {
    inventory: 0,
    device_states: 0,
    allocations: 0,
    scheduler_jobs: 0,
    owners: 0,
    prices: 0,
    references: 0,
    contracts: 0,
    facility: 0,
    alerts: 0,
    alert_deliveries: 0,
    alert_acks: 0,
    silences: 0,
    roster: 0,
    rule_trust: 0,
    annotations: 0,
    reports: 0,
    report_deliveries: 0,
    report_sends: 0,
    cost_book: 0,
  },
  rows: { inventory: 0, device_states: 0, allocations: 0 },
}

/** The state after one more entry; one that is folded in already changes nothing. */
export function foldJournal(state: JournalState, entry: JournalEntry): JournalState {
  const { sequence, at_ms, who, body } = entry
  if (sequence <= state.last) return state
  const { kind } = body
  const entries = { ...state.entries, [kind]: state.entries[kind] + 1 }
  const next = { ...state, last: sequence, entries }
  const told = { sequence, at_ms, who }
  const more = (list: keyof JournalState['rows'], rows: number): JournalState => ({
    ...next,
    rows: { ...state.rows, [list]: state.rows[list] + rows },
  })
  switch (body.kind) {
    case 'inventory':
      return more('inventory', body.devices.length + body.nodes.length)
    case 'device_states':
      return more('device_states', body.states.length)
    case 'allocations':
      return more('allocations', body.allocations.length + body.scopes.length)
    case 'owners':
      return { ...next, owners: { ...told, before: state.owners?.sequence ?? null, body } }
    case 'prices':
      return { ...next, prices: { ...told, before: state.prices?.sequence ?? null, body } }
    case 'references':
      return { ...next, references: { ...told, before: state.references?.sequence ?? null, body } }
    case 'facility':
      return { ...next, facility: foldFacility(state.facility, body) }
    case 'contracts':
      return { ...next, contracts: { ...told, before: state.contracts?.sequence ?? null, body } }
    case 'annotations': {
      const annotations = new Map(state.annotations)
      for (const one of body.annotations) annotations.set(one.id, one)
      for (const id of body.withdrawn) annotations.delete(id)
      return { ...next, annotations }
    }
    case 'cost_book':
      return { ...next, cost_book: { ...told, before: state.cost_book?.sequence ?? null, body } }
    default:
      return next
  }
}
