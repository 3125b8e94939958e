import type { Journal, JournalEntry } from '#schemas/journal.ts'
import type { QueueFacts, QueueFigures, ReportWindow, WaitingPool } from '#schemas/report/facts.ts'
import type { SchedulerTold } from '#schemas/scheduler-book.ts'
import { parseFilters } from '../filters.ts'
import { type LedgerDeps, readSteps } from '../ledger/cells.ts'
import { NO_COLUMNS } from '../queries/fleet-sums.ts'
import { DAY_MS } from '../window.ts'
import { HEARD_MS, type Wait, type Waits, waitsIn } from './waits.ts'

/** Steps in which devices that nobody held are put beside what waited. */
const STEP_MS = 900_000
/** How long before a period its jobs may have been told. */
const TOLD_BEFORE_MS = 14 * DAY_MS
const ENTRIES_AT_ONCE = 128
const WINDOW_MS_MAX = 35 * DAY_MS
const HOUR_MS = 3_600_000

export interface QueueDeps extends LedgerDeps {
  readonly journal: Journal | null
  readonly scheduler: () => Promise<SchedulerTold>
}

/**
 * What waited in the queues of a period, and which devices nobody held meanwhile; null where no scheduler was heard in
 * it, or it is too long. Rejects with E_JOURNAL_AWAY and the reader's errors.
 */
export async function queueFacts(
  deps: QueueDeps,
  window: ReportWindow,
): Promise<QueueFacts | null> {
  const { journal } = deps
  if (journal === null || window.toMs - window.fromMs > WINDOW_MS_MAX) return null
  const now = await deps.scheduler()
  if (now.clusters.size === 0) return null
  const entries = await entriesBetween(journal, {
    fromMs: window.fromMs - TOLD_BEFORE_MS,
    toMs: window.toMs + HEARD_MS,
  })
  const waits = waitsIn(entries, now, window)
  if (waits.heard === null || waits.heard === 0) return null
  return queueFigures(waits, window, await freeDevices(deps, window))
}

/** Mean number of devices that nobody held, by pool, in each step from the beginning of the window on. */
export type FreeByPool = ReadonlyMap<string, readonly number[]>

async function freeDevices(deps: LedgerDeps, window: ReportWindow): Promise<FreeByPool> {
  const count = Math.ceil((window.toMs - window.fromMs) / STEP_MS)
  const groups = await readSteps(deps, window, {
    groupBy: ['pool'],
    filters: parseFilters([]),
    columns: NO_COLUMNS,
    published: await deps.published(),
    t0Ms: window.fromMs,
    stepMs: STEP_MS,
  })
  return new Map(
    groups.map(({ key, steps }) => [
      key['pool'] ?? '',
      Array.from(
        { length: count },
        (_, slot) => Number(steps.get(slot)?.states.unallocated_ms ?? 0n) / STEP_MS,
      ),
    ]),
  )
}

/** Figures of a period's queues, pure. Waiting devices and free ones are put side by side in steps of 15 minutes. */
export function queueFigures(
  { waits, heard }: Waits,
  window: ReportWindow,
  free: FreeByPool,
): QueueFacts {
  const byQueue = Map.groupBy(waits, ({ cluster, queue }) => JSON.stringify([cluster, queue]))
  const queues = [...byQueue.values()]
    .map((own) => figuresOf(own, window))
    .toSorted((a, b) => b.waiting_hours - a.waiting_hours || (a.queue < b.queue ? -1 : 1))
  const pools = [...free].flatMap(([pool, devices]): WaitingPool[] => {
    // Its queue is named after it, as alerts have it; of other queues nobody says which devices they are for.
    const own = waits.filter(({ queue }) => queue === pool && pool !== '')
    if (own.length === 0) return []
    const waiting = devicesWaiting(own, window, devices.length)
    return [{ pool, ...sideBySide(waiting, devices) }]
  })
  const steps = Math.max(0, ...[...free.values()].map(({ length }) => length))
  const all = Array.from({ length: steps }, (_, at) =>
    [...free.values()].reduce((sum, devices) => sum + (devices[at] ?? 0), 0),
  )
  const fleet = sideBySide(devicesWaiting(waits, window, steps), all)
  return { heard: heard ?? 0, queues, pools, fleet }
}

function figuresOf(own: readonly Wait[], window: ReportWindow): QueueFigures {
  const [first] = own
  const started = own.filter(
    ({ hasStarted, toMs }) => hasStarted && toMs >= window.fromMs && toMs < window.toMs,
  )
  const lengths = started.map(({ fromMs, toMs }) => toMs - fromMs).toSorted((a, b) => a - b)
  return {
    cluster: first?.cluster ?? '',
    queue: first?.queue ?? '',
    waiting_hours: own.reduce((sum, wait) => sum + hoursWithin(wait, window), 0),
    started: started.length,
    wait_ms_p50: atShare(lengths, 0.5),
    wait_ms_p95: atShare(lengths, 0.95),
  }
}

/** The nearest rank; null of none. */
const atShare = (sorted: readonly number[], share: number): number | null =>
  sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? null

const hoursWithin = ({ fromMs, toMs, devices }: Wait, window: ReportWindow): number => {
  const ms = Math.min(toMs, window.toMs) - Math.max(fromMs, window.fromMs)
  return (devices * Math.max(0, ms)) / HOUR_MS
}

/** Mean number of devices that were waited for, by step. */
function devicesWaiting(own: readonly Wait[], window: ReportWindow, steps: number): number[] {
  const devices = Array.from({ length: steps }, () => 0)
  for (const wait of own) {
    const begin = Math.max(wait.fromMs, window.fromMs) - window.fromMs
    const end = Math.min(wait.toMs, window.toMs) - window.fromMs
    for (let at = Math.floor(begin / STEP_MS); at < steps && at * STEP_MS < end; at += 1) {
      const ms = Math.min(end, (at + 1) * STEP_MS) - Math.max(begin, at * STEP_MS)
      devices[at] = (devices[at] ?? 0) + (wait.devices * ms) / STEP_MS
    }
  }
  return devices
}

/** Device-hours that waited, that nobody held, and the smaller of both in each step. */
function sideBySide(waiting: readonly number[], free: readonly number[]) {
  const hours = (values: readonly number[]) =>
    (values.reduce((sum, value) => sum + value, 0) * STEP_MS) / HOUR_MS
  return {
    waiting_hours: hours(waiting),
    free_hours: hours(free),
    free_while_waiting_hours: hours(waiting.map((devices, at) => Math.min(devices, free[at] ?? 0))),
  }
}

/** Entries that were written within a span. They are in order of time, so that its beginning is searched for. */
export async function entriesBetween(
  journal: Journal,
  { fromMs, toMs }: ReportWindow,
): Promise<readonly JournalEntry[]> {
  const last = await journal.last()
  let [low, high] = [1, last + 1]
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    const [entry] = await journal.readFrom(middle, 1)
    if (entry !== undefined && entry.at_ms < fromMs) low = middle + 1
    else high = middle
  }
  const found: JournalEntry[] = []
  for (let next = low; next <= last;) {
    const entries = await journal.readFrom(next, ENTRIES_AT_ONCE)
    const [newest] = entries.slice(-1)
    if (newest === undefined) break
    found.push(
      ...entries.filter(({ body, at_ms }) => body.kind === 'scheduler_jobs' && at_ms < toMs),
    )
    if (newest.at_ms >= toMs) break
    next = newest.sequence + 1
  }
  return found
}
