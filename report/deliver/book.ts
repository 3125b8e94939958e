import type { Journal, JournalEntry } from '#schemas/journal.ts'
import type { ReportDelivery, ReportSend } from '#schemas/report/issued.ts'

/** What the journal says of reports: which revisions were issued, and who got them. */

const ENTRIES_AT_ONCE = 128
/** Deliveries that are remembered, of the newest: years of a site. */
const KEPT_MAX = 20_000

/** A revision, as far as delivery goes. */
export interface IssuedRevision {
  readonly week: string
  readonly revision: number
  readonly fromMs: number
  readonly toMs: number
  readonly issuedMs: number
}

/** One revision on its way to one recipient. */
export interface DeliveryState {
  readonly week: string
  readonly revision: number
  readonly recipient: string
  /** Since it was last asked for. */
  readonly attempts: number
  /** Null = nothing was tried since then. */
  readonly last: ReportDelivery | null
  /** When it was first accepted, epoch ms; stays when it is asked for again. */
  readonly acceptedMs: number | null
  readonly state: 'waiting' | 'accepted' | 'dead'
  /** Somebody asked for it; null = the schedule did. `entry` is the journal's. */
  readonly asked: {
    readonly who: string
    readonly at_ms: number
    readonly entry: number
    readonly again: boolean
  } | null
}

export const deliveryKey = (given: Pick<DeliveryState, 'week' | 'revision' | 'recipient'>) =>
  `${given.week} ${given.revision} ${given.recipient}`

export interface DeliveryBook {
  /** The last entry that was read. */
  readonly last: number
  /** By week, the newest revision last. */
  readonly issued: ReadonlyMap<string, readonly IssuedRevision[]>
  /** By `deliveryKey`. */
  readonly deliveries: ReadonlyMap<string, DeliveryState>
  /** Entries of the journal in order; those that were read are skipped. */
  apply(entries: readonly JournalEntry[]): void
}

export const newestOf = (book: DeliveryBook, week: string): IssuedRevision | null =>
  book.issued.get(week)?.at(-1) ?? null

export function createDeliveryBook(): DeliveryBook {
  const issued = new Map<string, IssuedRevision[]>()
  const deliveries = new Map<string, DeliveryState>()
  let last = 0

  const put = (state: DeliveryState) => {
    deliveries.set(deliveryKey(state), state)
    const [oldest] = deliveries.keys()
    if (deliveries.size > KEPT_MAX && oldest !== undefined) deliveries.delete(oldest)
  }
  const stateOf = (key: Pick<DeliveryState, 'week' | 'revision' | 'recipient'>): DeliveryState =>
    deliveries.get(deliveryKey(key)) ?? {
      week: key.week,
      revision: key.revision,
      recipient: key.recipient,
      attempts: 0,
      last: null,
      acceptedMs: null,
      state: 'waiting',
      asked: null,
    }

  const applySend = ({ week, revision, recipients, again }: ReportSend, entry: JournalEntry) => {
    for (const recipient of recipients) {
      const before = stateOf({ week, revision, recipient })
      if (before.state === 'accepted' && !again) continue
      const asked = { who: entry.who, at_ms: entry.at_ms, entry: entry.sequence, again }
      put({ ...before, attempts: 0, last: null, state: 'waiting', asked })
    }
  }
  const applyResult = (result: ReportDelivery) => {
    const before = stateOf(result)
    const { outcome, at_ms, attempt } = result
    // A process that lost its lease may write late: what was accepted stays accepted.
    const state =
      before.state === 'accepted' || outcome === 'accepted'
        ? ('accepted' as const)
        : outcome === 'dead'
          ? ('dead' as const)
          : ('waiting' as const)
    put({
      ...before,
      state,
      attempts: Math.max(before.attempts, attempt),
      last: before.state === 'accepted' ? before.last : result,
      acceptedMs: before.acceptedMs ?? (outcome === 'accepted' ? at_ms : null),
    })
  }
  const applyEntry = (entry: JournalEntry) => {
    const { body, at_ms: issuedMs } = entry
    if (body.kind === 'report_sends') applySend(body.send, entry)
    if (body.kind === 'report_deliveries') for (const result of body.results) applyResult(result)
    if (body.kind !== 'reports') return
    const { week, revision, from_ms: fromMs, to_ms: toMs } = body.report
    const own = issued.get(week) ?? []
    if (own.some((one) => one.revision === revision)) return
    const next = [...own, { week, revision, fromMs, toMs, issuedMs }]
    issued.set(
      week,
      next.toSorted((a, b) => a.revision - b.revision),
    )
  }

  return {
    get last() {
      return last
    },
    issued,
    deliveries,
    apply(entries) {
      for (const entry of entries) {
        if (entry.sequence <= last) continue
        last = entry.sequence
        applyEntry(entry)
      }
    },
  }
}

/** A book that follows a journal. */
export interface FollowedBook {
  /** As of now. Rejects with E_JOURNAL_AWAY. */
  current(): Promise<DeliveryBook>
}

/** Reads on from where it stopped; several who ask at once share one reading. */
export function followDeliveries(journal: Pick<Journal, 'last' | 'readFrom'>): FollowedBook {
  const book = createDeliveryBook()
  let reading: Promise<void> | null = null
  const readOn = async () => {
    const last = await journal.last()
    while (book.last < last) {
      const entries = await journal.readFrom(book.last + 1, ENTRIES_AT_ONCE)
      if (entries.length === 0) return
      book.apply(entries)
    }
  }
  return {
    async current() {
      reading ??= readOn().finally(() => {
        reading = null
      })
      await reading
      return book
    },
  }
}
