import type { Journal, JournalBody, JournalEntry } from '#schemas/journal.ts'
import { ownerMatcher } from '#schemas/owner-match.ts'
import type { Clock, Logger } from '#schemas/role.ts'
import type { IdentityRegistry } from '../identity/registry.ts'
import type { Capacity } from '../settle/capacity.ts'
import type { Store } from '../store/store.ts'
import { applyEntry, type Outcome } from './apply.ts'
import { createSeats, type Seats } from './seats.ts'
import { isSameBody, storedJournal } from './stored.ts'
import { writeApplied, writeOutcome, writeWaiting } from './write.ts'

export interface MirrorDeps {
  readonly journal: Journal
  readonly store: Pick<Store, 'query' | 'insertJson'>
  readonly registry: Pick<IdentityRegistry, 'lookup' | 'adopt' | 'version'>
  readonly capacity: Pick<Capacity, 'adopt' | 'withhold'>
  readonly clock: Clock
  readonly log: Logger
}

export interface MirrorStatus {
  /** The last entry that is in the tables; null before they were asked. */
  readonly applied: number | null
  /** Entries of the journal that are not, as of the last look. */
  readonly behind: number
  /** Rows that name devices nobody has seen. */
  readonly waitingRows: number
  /** The journal is not the one that was mirrored: nothing of it is. */
  readonly isRefused: boolean
}

export interface Mirror {
  /** Takes a few entries over. False when there is nothing left to do now; rejects to be called again. */
  step(): Promise<boolean>
  readonly status: MirrorStatus
}

/** Entries read at a time. */
const ENTRIES_AT_ONCE = 16
/** Rows that may wait for their devices; beyond it those of the oldest entries are given up, with a warning. */
export const WAITING_ROWS_MAX = 200_000

/**
 * Brings the entries of the journal into the tables, each whole before the next, by one process at a time. The row of
 * an entry in `journal_entries` is written last: what a crash cut short is done again and changes nothing. Rows that
 * name devices nobody has seen are kept there too (kind `waiting`) and tried again when new devices appear.
 */
export function createMirror(deps: MirrorDeps): Mirror {
  const { journal, store, registry, capacity, log } = deps
  const stored = storedJournal(store)
  let applied: number | null = null
  let owner = ownerMatcher([])
  let waiting = new Map<number, JournalEntry>()
  let seats: Seats = createSeats([])
  let seatsNews = ''
  let keysVersion = -1
  /** What the last mirrored entry said. */
  let lastBody: JournalBody | null = null
  /** The journal holds that entry: it is the one that was mirrored. */
  let isProven = false
  let complaint = ''
  let ends = 0

  const load = async () => {
    const reached = await stored.applied()
    lastBody = reached?.body ?? null
    owner = ownerMatcher(await stored.owners())
    waiting = new Map((await stored.waiting()).map((entry) => [entry.sequence, entry]))
    capacity.withhold(await stored.listed())
    return reached?.sequence ?? 0
  }
  /** True when somebody said something new of a device since the last time. */
  const lookForDevices = async () => {
    const news = await stored.deviceNews()
    // Other processes' keys are heard of a little later than their devices.
    const hasNewKeys = registry.version !== keysVersion
    keysVersion = registry.version
    if (news === seatsNews) return hasNewKeys
    seats = await stored.seats()
    seatsNews = news
    return true
  }
  const write = async (entry: JournalEntry): Promise<Outcome['waiting']> => {
    const outcome = await applyEntry(entry, { stored, keys: registry, seats, owner })
    const ofCapacity = outcome.intervals.filter(
      ({ kind }) => kind === 'capacity' || kind === 'delivered',
    )
    // Before it is written: discovery must not take in meanwhile what a person has spoken of.
    capacity.withhold(ofCapacity.map(({ deviceId }) => deviceId))
    capacity.adopt(
      ofCapacity.filter(({ kind, reason }) => kind === 'capacity' && reason === 'inventory'),
    )
    await writeOutcome(entry.sequence, outcome, deps)
    registry.adopt(outcome.aliases)
    return outcome.waiting
  }
  const take = async (entry: JournalEntry) => {
    const left = await write(entry)
    if (left !== null) {
      await writeWaiting(entry, left, deps)
      waiting.set(entry.sequence, { ...entry, body: left })
      await limitWaiting()
    }
    await writeApplied(entry, deps)
    applied = entry.sequence
    lastBody = entry.body
    isProven = true
    if (entry.body.kind === 'owners') owner = ownerMatcher(entry.body.owners)
  }
  const limitWaiting = async () => {
    for (const [sequence, entry] of waiting) {
      if (waitingRows(waiting.values()) <= WAITING_ROWS_MAX) return
      log.warn(
        'too many rows of the journal wait for devices nobody has seen: the oldest are given up',
        {
          entry: sequence,
          rows: rowsOf(entry),
        },
      )
      await writeWaiting(entry, null, deps)
      waiting.delete(sequence)
    }
  }
  const tryAgain = async () => {
    let found = 0
    for (const [sequence, entry] of waiting) {
      const left = await write(entry)
      const rows = left === null ? 0 : rowsOf({ body: left })
      if (rows === rowsOf(entry)) continue
      found += rowsOf(entry) - rows
      await writeWaiting(entry, left, deps)
      if (left === null) waiting.delete(sequence)
      else waiting.set(sequence, { ...entry, body: left })
    }
    if (found > 0)
      log.info('devices appeared that the journal had named', {
        rows: found,
        waiting: waiting.size,
      })
  }
  /** False when nothing is new, or the journal is not the one that was mirrored. */
  const goesOn = async (reached: number) => {
    const last = await journal.last()
    ends = last
    if (last < reached) return complain('the journal ends before what was mirrored of it', reached)
    if (lastBody !== null && !isProven) {
      const [entry] = await journal.readFrom(reached, 1)
      if (entry === undefined || !isSameBody(entry.body, lastBody))
        return complain('the journal says something else than what was mirrored of it', reached)
      isProven = true
    }
    if (complaint !== '') log.info('the journal is the one that was mirrored again')
    complaint = ''
    return last > reached
  }
  /** Nothing is mirrored meanwhile: entries would be passed over, or undo others. */
  const complain = (text: string, reached: number): false => {
    if (complaint !== text)
      log.error(`${text}: is it another one, or an old backup? Nothing of it is mirrored`, {
        mirrored: reached,
      })
    complaint = text
    // Whatever is put in its place is looked at again.
    isProven = false
    return false
  }

  return {
    async step() {
      applied ??= await load()
      if (!(await goesOn(applied))) {
        if (waiting.size > 0 && (await lookForDevices())) await tryAgain()
        return false
      }
      const entries = await journal.readFrom(applied + 1, ENTRIES_AT_ONCE)
      if (entries.some(({ body }) => NAMING_DEVICES.has(body.kind))) await lookForDevices()
      for (const entry of entries) await take(entry)
      return entries.length > 0
    },
    get status() {
      return {
        applied,
        behind: Math.max(0, ends - (applied ?? ends)),
        waitingRows: waitingRows(waiting.values()),
        isRefused: complaint !== '',
      }
    },
  }
}

/** The same for /metrics; nothing before the store was asked. */
export function mirrorMetrics(status: MirrorStatus | null): Readonly<Record<string, number>> {
  if (status === null || status.applied === null) return {}
  return {
    ingest_journal_entries: status.applied,
    ingest_journal_behind_entries: status.behind,
    ingest_journal_waiting_rows: status.waitingRows,
    ingest_journal_refused: status.isRefused ? 1 : 0,
  }
}

const NAMING_DEVICES: ReadonlySet<JournalEntry['body']['kind']> = new Set([
  'inventory',
  'device_states',
  'allocations',
])

function rowsOf({ body }: Pick<JournalEntry, 'body'>): number {
  switch (body.kind) {
    case 'inventory':
      return body.devices.length
    case 'device_states':
      return body.states.length
    case 'allocations':
      return body.allocations.length
    default:
      return 0
  }
}

function waitingRows(entries: Iterable<JournalEntry>): number {
  let rows = 0
  for (const entry of entries) rows += rowsOf(entry)
  return rows
}
