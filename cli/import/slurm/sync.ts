import { type Change, KnownRuns } from './known-runs.ts'
import { isResolved, type Run, type Snapshot } from './run.ts'

/** How long a run is remembered after its end, for accounting to confirm it. */
export const REMEMBER_MS = 3 * 86_400_000

/**
 * Turns a whole snapshot into changes: a new job opens intervals, one that vanished ends now (the exact end comes
 * from accounting), one that is described better replaces what was known, a resized one goes on as another run. A
 * job that is there but was not understood keeps what it holds. Pure; nothing changes at a second time.
 */
export function diffAllocations(
  before: readonly Run[],
  now: Pick<Snapshot, 'runs' | 'unread'>,
  nowMs: number,
): Change {
  const known = new KnownRuns(before)
  const seen = Map.groupBy(now.runs, ({ holder }) => holder)
  for (const holder of known.holders())
    if (!now.unread.has(holder)) endVanished(known, holder, { seen: seen.get(holder) ?? [], nowMs })
  for (const run of now.runs) {
    const last = partsOf(known, run).at(-1)
    if (last !== undefined) reconcile(known, { last, run, nowMs })
    else if (run.held.length > 0) known.put(run)
  }
  return known.change()
}

const partsOf = (known: KnownRuns, { holder, job_start_ms: start }: Run): readonly Run[] =>
  known.of(holder).filter((run) => run.job_start_ms === start)

function endVanished(
  known: KnownRuns,
  holder: string,
  { seen, nowMs }: { readonly seen: readonly Run[]; readonly nowMs: number },
): void {
  for (const run of known.of(holder)) {
    const isThere = seen.some(({ job_start_ms: start }) => start === run.job_start_ms)
    if (isThere || run.to_ms !== null) continue
    const [other] = seen
    // A later start is the next run of a requeued job; an earlier one corrects this one.
    if (other !== undefined && other.job_start_ms < run.job_start_ms) known.takeBack(run)
    else {
      const endMs = Math.min(nowMs, other?.job_start_ms ?? nowMs)
      known.put({ ...run, to_ms: Math.max(endMs, run.from_ms) })
    }
  }
}

/** One run, as it was known and as it is seen. */
function reconcile(
  known: KnownRuns,
  { last, run, nowMs }: { readonly last: Run; readonly run: Run; readonly nowMs: number },
): void {
  if (last.closed) return
  const { job, account, queue, class: workload } = run
  const told = { ...last, job, account, queue, class: workload }
  if (run.to_ms !== null) return known.put({ ...told, to_ms: Math.max(run.to_ms, last.from_ms) })
  // What was known exactly is not unlearned.
  const isLess = isResolved(last) && !isResolved(run)
  if (isLess || JSON.stringify(last.held) === JSON.stringify(run.held))
    return known.put({ ...told, to_ms: null })
  const resizedMs = Math.max(last.to_ms ?? nowMs, last.from_ms)
  if (!isResolved(last) || resizedMs === last.from_ms) {
    known.takeBack(last)
    return known.put({ ...run, from_ms: last.from_ms })
  }
  known.put({ ...told, to_ms: resizedMs })
  known.put({ ...run, from_ms: resizedMs })
}

/** What closing the books changed, and how its rows met what snapshots had seen. */
export type Closing = Change & {
  /** Rows closed so long ago that nobody remembers them. */
  readonly passedOver: number
  /** Rows that begin when a snapshot saw their job begin. */
  readonly matched: number
  /** Hours by which a job's start differs, where no start at all matches: the zone is wrong. Null = no doubt. */
  readonly shiftedHours: number | null
}

/** A start this near is the same start: a requeued job waits longer before it begins again. */
const SAME_START_MS = 60_000
const QUARTER_MS = 900_000
const DAY_MS = 86_400_000

/**
 * Lets accounting close the books: its ends replace those that snapshots could only estimate, and a job that no
 * snapshot saw is entered by node. A row that is not known and ended before `forgottenMs` is passed over: it may
 * have been known device by device, and entering it by node would undo that.
 */
export function closeBooks(
  before: readonly Run[],
  books: Pick<Snapshot, 'runs'>,
  forgottenMs: number,
): Closing {
  const known = new KnownRuns(before)
  const booked = new Set(books.runs.map(({ holder, job_start_ms: start }) => `${holder} ${start}`))
  let [passedOver, matched] = [0, 0]
  let shiftMs: number | null = null
  for (const book of books.runs) {
    const parts = partsOf(known, book)
    const others = known
      .of(book.holder)
      .filter((run) => !run.closed && !booked.has(`${run.holder} ${run.job_start_ms}`))
    const distance = (run: Run) => Math.abs(run.job_start_ms - book.job_start_ms)
    const moved = others.find((run) => distance(run) <= SAME_START_MS)
    const shifted = others.find(
      (run) => distance(run) <= DAY_MS && distance(run) % QUARTER_MS === 0,
    )
    if (parts.length > 0) {
      matched++
      closeParts(known, parts, book.to_ms)
    } else if (book.to_ms !== null && book.to_ms <= forgottenMs) passedOver++
    else {
      if (shifted !== undefined) shiftMs ??= book.job_start_ms - shifted.job_start_ms
      enter(known, book, moved)
    }
  }
  const shiftedHours = matched > 0 || shiftMs === null ? null : shiftMs / 3_600_000
  return { ...known.change(), passedOver, matched, shiftedHours }
}

/** A run that only the books have; `moved` is the run that snapshots saw begin some seconds beside it. */
function enter(known: KnownRuns, book: Run, moved: Run | undefined): void {
  if (moved !== undefined) known.takeBack(moved)
  const { job_start_ms, from_ms, to_ms } = book
  const run = { ...(moved ?? book), job_start_ms, from_ms }
  if (run.held.length > 0) known.put({ ...run, to_ms: to_ms ?? run.to_ms, closed: to_ms !== null })
}

/** The last part of a job ends with it; earlier ones where the next began, or with the job when that is sooner. */
function closeParts(known: KnownRuns, parts: readonly Run[], endMs: number | null): void {
  if (endMs === null) return
  for (const [at, part] of parts.entries()) {
    const planned = at === parts.length - 1 ? endMs : Math.min(endMs, part.to_ms ?? endMs)
    known.put({ ...part, to_ms: Math.max(part.from_ms, planned), closed: true })
  }
}

/** What stays in memory, and the latest end that was forgotten so far. */
export function forgetOld(
  runs: readonly Run[],
  forgottenMs: number,
  nowMs: number,
): { readonly runs: readonly Run[]; readonly forgottenMs: number } {
  const known = new KnownRuns(runs)
  const latest = known.forgetBefore(nowMs - REMEMBER_MS)
  return { runs: known.change().runs, forgottenMs: Math.max(forgottenMs, latest) }
}
