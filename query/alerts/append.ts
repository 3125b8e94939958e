import { PlimsollError } from '#schemas/errors.ts'
import type { Journal, JournalBody, JournalEntry } from '#schemas/journal.ts'
import type { Clock } from '#schemas/role.ts'
import type { Audit } from '../access/audit.ts'
import type { AlertsView } from './view.ts'

/** Who changes something. */
export interface Actor {
  readonly who: string
  readonly role: string
  readonly address: string
}

export interface AppendDeps {
  readonly journal: Journal | null
  readonly alertsView: AlertsView
  readonly audit: Audit
  readonly clock: Clock
}

/** Audits what somebody changes, then makes it an entry. Rejects with E_JOURNAL_AWAY without a journal. */
export type Append = (
  actor: Actor,
  body: JournalBody,
  told: { readonly action: string; readonly target: string },
) => Promise<JournalEntry>

export function createAppend({ journal, alertsView, audit, clock }: AppendDeps): Append {
  return async (actor, body, told) => {
    if (journal === null)
      throw new PlimsollError('E_JOURNAL_AWAY', 'this query service has no journal')
    await audit.record({ ...actor, ...told, outcome: 'done' })
    try {
      return await journal.append({ at_ms: clock(), who: actor.who, body })
    } catch (error) {
      await audit.record({ ...actor, ...told, outcome: 'failed' })
      throw error
    } finally {
      alertsView.changed()
    }
  }
}
