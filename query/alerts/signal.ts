import type { SignalAnswer, SignalRow } from '#schemas/alerts/signals.ts'
import type { FacilityDeps } from '../facility/deps.ts'
import { memo } from '../memo.ts'
import { alertCovered, type CoveredRow } from '../queries/alert-signals.ts'
import { MINUTE_MS } from '../window.ts'
import type { SignalName } from './signals.ts'

/** What signals are made from. */
export type SignalDeps = FacilityDeps

/** Signals of one read, by name. */
export type SignalSources = Partial<Readonly<Record<SignalName, () => Promise<SignalAnswer>>>>

/** Rows of one signal at most; the worst are given first. */
export const SIGNAL_ROWS_MAX = 5_000
/** One read serves all signals of one evaluation. */
export const READ_TTL_MS = 10_000
const COVERED_TTL_MS = MINUTE_MS
/** Samples that count as `now`. */
export const NOW_MS = 5 * MINUTE_MS

/** By vendor, how much could speak; read once a minute for all signals. */
export interface Covered {
  of(figure: Exclude<keyof CoveredRow, 'vendor'>): Promise<Readonly<Record<string, number>>>
}

export function createCovered(deps: SignalDeps): Covered {
  const read = memo(deps.clock, COVERED_TTL_MS, () => {
    const now_ms = deps.clock()
    return alertCovered.run(deps.reader, { now_ms, since_ms: now_ms - 2 * MINUTE_MS })
  })
  return {
    async of(figure) {
      const rows = await read()
      return Object.fromEntries(rows.map((row) => [row.vendor, row[figure]]))
    },
  }
}

/** Nothing to say yet. */
export const noAnswer = (atMs: number): SignalAnswer => ({ atMs, rows: [], covered: {} })

/** Series without a vendor. */
export const ofAll = (count: number): Readonly<Record<string, number>> => ({ '': count })

/** The last settled minutes, or null while there are none. */
export async function settledMinutes(
  deps: SignalDeps,
  minutes: number,
): Promise<{ readonly from_s: number; readonly to_s: number; readonly toMs: number } | null> {
  const { settledUntilMs, firstMinuteMs } = await deps.published()
  if (settledUntilMs === null || firstMinuteMs === null) return null
  const fromMs = Math.max(firstMinuteMs, settledUntilMs - minutes * MINUTE_MS)
  return { from_s: fromMs / 1000, to_s: settledUntilMs / 1000, toMs: settledUntilMs }
}

/** Whole / part as a ratio; null where there is nothing to divide by. */
export const share = (part: bigint, whole: bigint): number | null =>
  whole <= 0n ? null : Number((part * 1_000_000n) / whole) / 1_000_000

/**
 * Remembers what `load` gave until another minute is settled: what is made of settled minutes alone does not change before.
 * Failures are not remembered.
 */
export function perMinute<T>(
  deps: Pick<SignalDeps, 'published'>,
  load: () => Promise<T>,
): () => Promise<T> {
  let known: { readonly untilMs: number; readonly value: Promise<T> } | null = null
  return async () => {
    const { settledUntilMs } = await deps.published()
    if (settledUntilMs === null) return load()
    if (known?.untilMs === settledUntilMs) return known.value
    const entry = { untilMs: settledUntilMs, value: load() }
    known = entry
    entry.value.catch(() => {
      if (known === entry) known = null
    })
    return entry.value
  }
}

/** How long a series that is named no more is given as well. */
const REMEMBERED_MS = 30 * MINUTE_MS

/**
 * An answer that names only what is beyond normal, with those it named before as well again: an alert of one ends by a
 * value and not by silence. Bounded by what was named in half an hour.
 */
export function withGone(
  load: () => Promise<SignalAnswer>,
  well: number,
): () => Promise<SignalAnswer> {
  const complete = goneKeeper(well)
  return async () => complete(await load())
}

/** The same for answers that are at hand, oldest first. */
export function goneKeeper(well: number): (answer: SignalAnswer) => SignalAnswer {
  const named = new Map<string, { readonly labels: SignalRow['labels']; lastMs: number }>()
  return (answer) => {
    const now = new Set<string>()
    for (const { labels } of answer.rows) {
      const key = keyOf(labels)
      now.add(key)
      named.set(key, { labels, lastMs: answer.atMs })
    }
    const gone: SignalRow[] = []
    for (const [key, { labels, lastMs }] of named) {
      if (answer.atMs - lastMs > REMEMBERED_MS) named.delete(key)
      else if (!now.has(key)) gone.push({ labels, value: well })
    }
    return { ...answer, rows: [...answer.rows, ...gone].slice(0, SIGNAL_ROWS_MAX) }
  }
}

const keyOf = (labels: SignalRow['labels']) =>
  JSON.stringify(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)))
