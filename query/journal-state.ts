import type { Journal } from '#schemas/journal.ts'
import { foldJournal, type JournalState, NO_JOURNAL } from '#schemas/journal-state.ts'
import { SchedulerBook, type SchedulerTold } from '#schemas/scheduler-book.ts'
import type { Clock, Logger } from '#schemas/role.ts'

/** Owners, prices, references and contracts in force. */
export interface JournalView {
  /**
   * What the journal says, at most 2 s old. While it cannot be read: what it said last, and before it was ever read
   * E_JOURNAL_AWAY. Without a journal, that nothing was said.
   */
  current(): Promise<JournalState>
  /** What schedulers say of their jobs, as old as `current` and failing as it does. */
  scheduler(): Promise<SchedulerTold>
  /** This process appended: the next `current` reads again. */
  changed(): void
}

const FRESH_MS = 2_000
const ENTRIES_AT_ONCE = 128

/** Folds the journal in memory and goes on from where it stopped; asks nothing while nobody asks. */
export function createJournalView(deps: {
  readonly journal: Journal | null
  readonly clock: Clock
  readonly log: Logger
}): JournalView {
  const { journal, clock, log } = deps
  let state = NO_JOURNAL
  const schedulers = new SchedulerBook()
  let hasRead = false
  let isAway = false
  let readMs = -Infinity
  let reading: Promise<void> | null = null

  const read = async (from: Journal) => {
    const startedMs = clock()
    const last = await from.last()
    while (state.last < last) {
      const entries = await from.readFrom(state.last + 1, ENTRIES_AT_ONCE)
      if (entries.length === 0) break
      state = entries.reduce(foldJournal, state)
      for (const entry of entries) schedulers.take(entry)
    }
    readMs = startedMs
    hasRead = true
    isAway = false
  }
  const refresh = async (from: Journal) => {
    try {
      await (reading ??= read(from))
    } catch (error) {
      if (!hasRead) throw error
      if (!isAway)
        log.warn('the journal cannot be read: prices, owners and contracts stay as they were', {
          cause: error instanceof Error ? error.message : String(error),
        })
      isAway = true
    } finally {
      reading = null
    }
  }
  const current = async () => {
    if (journal === null) return state
    const ageMs = clock() - readMs
    if (ageMs < 0 || ageMs >= FRESH_MS) await refresh(journal)
    return state
  }
  return {
    current,
    async scheduler() {
      await current()
      return schedulers
    },
    changed() {
      readMs = -Infinity
    },
  }
}
