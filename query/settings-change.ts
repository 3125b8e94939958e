import type { OwnersChange, PricesChange, SettingChanged } from '#schemas/api-settings-change.ts'
import { PlimsollError } from '#schemas/errors.ts'
import { type Journal, type JournalBody, Owner } from '#schemas/journal.ts'
import type { InForce, JournalState } from '#schemas/journal-state.ts'
import { modelKey } from '#schemas/models/model.ts'
import type { PriceLine } from '#schemas/journal.ts'
import type { Clock } from '#schemas/role.ts'
import type { Audit } from './access/audit.ts'
import type { JournalView } from './journal-state.ts'

/** Changes of prices and owners from a screen: one line on top of the document in force, never of an older one. */

type Kind = 'prices' | 'owners'
type Body<Of extends Kind> = Extract<JournalBody, { kind: Of }>

export interface SettingsChangeDeps {
  readonly journal: Journal | null
  readonly journalView: Pick<JournalView, 'current' | 'changed'>
  readonly audit: Pick<Audit, 'record'>
  readonly clock: Clock
}

export interface Actor {
  readonly who: string
  readonly role: string
  readonly address: string
}

/** Others write all the time (alerts); a change that met one is made again on the newer end. */
const TRIES = 5

/** POST /api/v1/settings/prices. Throws E_SETTING_REFUSED, E_JOURNAL_CHANGED, E_JOURNAL_AWAY. */
export function changePrices(
  deps: SettingsChangeDeps,
  actor: Actor,
  { base, change }: PricesChange,
): Promise<SettingChanged> {
  const target = change.kind === 'undo' ? 'undo' : `${change.kind} ${lineText(change.line)}`
  const edit = (before: Body<'prices'> | null): Body<'prices'> => {
    const book = before ?? { kind: 'prices', lines: [], currencies: [], electricity: [] }
    if (change.kind === 'undo') return book
    if (change.kind === 'remove') return withoutLine(book, change.line)
    return withLine(book, change.line)
  }
  return apply(deps, actor, { kind: 'prices', base, isUndo: change.kind === 'undo', target, edit })
}

/** POST /api/v1/settings/owners. Throws as changePrices. */
export function changeOwners(
  deps: SettingsChangeDeps,
  actor: Actor,
  { base, change }: OwnersChange,
): Promise<SettingChanged> {
  const target =
    change.kind === 'undo' ? 'undo' : `${change.tenant}: ${change.contact || 'no contact'}`
  const edit = (before: Body<'owners'> | null): Body<'owners'> => {
    const owners = before?.owners ?? []
    if (change.kind === 'undo') return { kind: 'owners', owners }
    const { tenant, display_name, contact } = change
    const isKnown = owners.some((owner) => owner.tenant === tenant)
    const next = isKnown
      ? owners.map((owner) =>
          owner.tenant === tenant ? { ...owner, display_name, contact } : owner,
        )
      : [...owners, Owner.parse({ tenant, display_name, contact })]
    return { kind: 'owners', owners: next }
  }
  return apply(deps, actor, { kind: 'owners', base, isUndo: change.kind === 'undo', target, edit })
}

interface Change<Of extends Kind> {
  readonly kind: Of
  readonly base: number
  readonly isUndo: boolean
  /** For the audit log. */
  readonly target: string
  /** From the document it stands on; null = nobody entered one. */
  readonly edit: (before: Body<Of> | null) => Body<Of>
}

async function apply<Of extends Kind>(
  deps: SettingsChangeDeps,
  actor: Actor,
  change: Change<Of>,
): Promise<SettingChanged> {
  const { journal, journalView, audit, clock } = deps
  if (journal === null)
    throw new PlimsollError(
      'E_JOURNAL_AWAY',
      'this query service has no journal: start it with --nats as ingest is',
    )
  const told = { ...actor, action: `settings_${change.kind}`, target: change.target }
  const attempt = async (): Promise<SettingChanged> => {
    journalView.changed()
    const state = await journalView.current()
    const body = await bodyOf(journal, state, change)
    const entry = { at_ms: clock(), who: actor.who, body }
    const { sequence } = await journal.append(entry, { expectedLast: state.last })
    return { sequence, at_ms: entry.at_ms, who: actor.who }
  }
  // Refused before it is told: a change that cannot be is no change.
  await bodyOf(journal, await journalView.current(), change)
  await audit.record({ ...told, outcome: 'done' })
  try {
    for (let tries = 1; ; tries += 1) {
      try {
        return await attempt()
      } catch (error) {
        const isMet = error instanceof PlimsollError && error.code === 'E_JOURNAL_CHANGED'
        if (!isMet || error instanceof StaleBase || tries === TRIES) throw error
      }
    }
  } catch (error) {
    await audit.record({ ...told, outcome: 'failed' })
    throw error
  } finally {
    journalView.changed()
  }
}

/** Somebody else changed this very document: making it again would not help. */
class StaleBase extends PlimsollError {
  constructor(kind: Kind, who: string) {
    super('E_JOURNAL_CHANGED', `${who} changed the ${kind} meanwhile: look at them again`)
  }
}

async function bodyOf<Of extends Kind>(
  journal: Journal,
  state: JournalState,
  { kind, base, isUndo, edit }: Change<Of>,
): Promise<Body<Of>> {
  const inForce = state[kind]
  if ((inForce?.sequence ?? 0) !== base) throw new StaleBase(kind, inForce?.who ?? 'somebody')
  if (!isUndo) return edit(documentOf(inForce, kind))
  if (inForce === null) throw refused(`no ${kind} were ever entered: there is nothing to undo`)
  if (inForce.before === null) return edit(null)
  const [entry] = await journal.readFrom(inForce.before, 1)
  const before = entry?.sequence === inForce.before ? ofKind(entry.body, kind) : null
  if (before === null) throw refused(`the entry ${inForce.before} is in the journal no more`)
  return edit(before)
}

const documentOf = <Of extends Kind>(
  inForce: InForce<'prices'> | InForce<'owners'> | null,
  kind: Of,
): Body<Of> | null => (inForce === null ? null : ofKind(inForce.body, kind))

/** The body, where it is of this kind. */
function ofKind<Of extends Kind>(body: JournalBody, kind: Of): Body<Of> | null {
  return isOfKind(body, kind) ? body : null
}
const isOfKind = <Of extends Kind>(body: JournalBody, kind: Of): body is Body<Of> =>
  body.kind === kind

const isSamePlace = (a: PriceLine, b: PriceLine) =>
  placeOf(a) === placeOf(b) && a.from_ms === b.from_ms
const placeOf = ({ model, pool }: PriceLine) =>
  JSON.stringify([model === '' ? '' : modelKey(model), pool])

function withLine(book: Body<'prices'>, line: PriceLine): Body<'prices'> {
  const hasRate =
    line.currency === 'USD' ||
    book.currencies.some((rate) => rate.currency === line.currency && rate.from_ms <= line.from_ms)
  if (!hasRate)
    throw refused(
      `no rate of ${line.currency} in US dollars is in force when this price begins: hours would stay unpriced`,
    )
  return { ...book, lines: [...book.lines.filter((other) => !isSamePlace(other, line)), line] }
}

function withoutLine(book: Body<'prices'>, line: PriceLine): Body<'prices'> {
  const lines = book.lines.filter((other) => !isSamePlace(other, line))
  if (lines.length === book.lines.length)
    throw refused('there is no price of this model and pool that begins then')
  return { ...book, lines }
}

const lineText = ({ model, pool, per_hour, currency, from_ms }: PriceLine) =>
  `${model || 'any model'}, ${pool || 'any pool'}: ${per_hour} ${currency}/h from ${new Date(from_ms).toISOString()}`

const refused = (message: string) => new PlimsollError('E_SETTING_REFUSED', message)
