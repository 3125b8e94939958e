import type { TimeRange } from '#schemas/alerts/ports.ts'
import type { AlertLabels } from '#schemas/alerts/severity.ts'
import type { SignalAnswer, SignalRow } from '#schemas/alerts/signals.ts'
import { alertHistoryGroups } from '../queries/alert-history.ts'
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../window.ts'
import { share, type SignalDeps } from './signal.ts'
import { labelsFrom } from './standing.ts'

const SLOT_MS = 5 * MINUTE_MS
const DAY_SLOTS = DAY_MS / SLOT_MS

type SlotRow = Awaited<ReturnType<typeof alertHistoryGroups.run>>[number]
/** Sums of one place over some slots. */
type Sums = Record<'base' | 'known' | 'throttled' | 'missing', bigint>

const NONE: Sums = { base: 0n, known: 0n, throttled: 0n, missing: 0n }
const sumsOf = (row: SlotRow): Sums => ({
  base: row.base_ms,
  known: row.known_time_ms,
  throttled: row.throttled_x1000,
  missing: row.missing_x1000 < 0n ? -row.missing_x1000 : row.missing_x1000,
})
const plus = (a: Sums, b: Sums, sign: 1n | -1n): Sums => ({
  base: a.base + sign * b.base,
  known: a.known + sign * b.known,
  throttled: a.throttled + sign * b.throttled,
  missing: a.missing + sign * b.missing,
})

/** What a signal is made of: how far it looks back, by what it tells apart, and its figure. */
interface Figure {
  readonly slots: number
  /** Places that a row of sums counts for. */
  readonly places: (row: SlotRow) => readonly AlertLabels[]
  readonly value: (sums: Sums) => number | null
}

const byVendor = ({ cluster, hall, vendor }: SlotRow) => [labelsFrom({ cluster, hall, vendor })]
const FIGURES = {
  throttle_loss_ratio: {
    slots: DAY_SLOTS,
    places: byVendor,
    value: ({ throttled, base }) => share(throttled / 1000n, base),
  },
  unknown_ratio: {
    slots: DAY_SLOTS,
    places: byVendor,
    value: ({ base, known }) => share(base - known, base),
  },
  coverage_ratio: {
    slots: 1,
    places: ({ cluster, hall }) => (hall === '' ? [{}] : [{}, labelsFrom({ cluster, hall })]),
    value: ({ known, base }) => share(known, base),
  },
  ledger_breaks: {
    slots: HOUR_MS / SLOT_MS,
    places: () => [{}],
    value: ({ missing }) => Number(missing !== 0n),
  },
} as const satisfies Readonly<Record<string, Figure>>

/** Histories of signals that are sums of settled group minutes over a sliding time. */
export const GROUP_HISTORIES = {
  throttle_loss_ratio: historyOf(FIGURES.throttle_loss_ratio),
  unknown_ratio: historyOf(FIGURES.unknown_ratio),
  coverage_ratio: historyOf(FIGURES.coverage_ratio),
  ledger_breaks: historyOf(FIGURES.ledger_breaks),
}

interface Place {
  readonly labels: AlertLabels
  /** Newest last; at most as many as the figure looks back. */
  readonly parts: { readonly slot: number; readonly sums: Sums }[]
  total: Sums
}

function historyOf(figure: Figure) {
  return async function* (deps: SignalDeps, range: TimeRange): AsyncGenerator<SignalAnswer> {
    const places = new Map<string, Place>()
    const firstMs = range.fromMs - (figure.slots - 1) * SLOT_MS
    for (let fromMs = firstMs; fromMs < range.toMs; fromMs += DAY_MS) {
      const toMs = Math.min(range.toMs, fromMs + DAY_MS)
      const asked = { from_s: fromMs / 1000, to_s: toMs / 1000 }
      const slots = Map.groupBy(
        await alertHistoryGroups.run(deps.reader, asked),
        ({ slot }) => slot,
      )
      for (let slot = 0; fromMs + slot * SLOT_MS < toMs; slot += 1) {
        const beginMs = fromMs + slot * SLOT_MS
        const number = Math.round(beginMs / SLOT_MS)
        add(places, figure, number, slots.get(slot) ?? [])
        const atMs = beginMs + SLOT_MS
        if (atMs > range.fromMs) yield { atMs, rows: rowsOf(places, figure), covered: {} }
      }
    }
  }
}

function add(
  places: Map<string, Place>,
  figure: Figure,
  slot: number,
  rows: readonly SlotRow[],
): void {
  const fresh = new Map<string, { readonly labels: AlertLabels; sums: Sums }>()
  for (const row of rows)
    for (const labels of figure.places(row)) {
      const key = JSON.stringify(labels)
      const known = fresh.get(key) ?? { labels, sums: NONE }
      fresh.set(key, { labels, sums: plus(known.sums, sumsOf(row), 1n) })
    }
  for (const [key, { labels, sums }] of fresh) {
    const place = places.get(key) ?? { labels, parts: [], total: NONE }
    place.parts.push({ slot, sums })
    place.total = plus(place.total, sums, 1n)
    places.set(key, place)
  }
  for (const [key, place] of places) {
    for (let old = place.parts[0]; old !== undefined && old.slot <= slot - figure.slots;) {
      place.parts.shift()
      place.total = plus(place.total, old.sums, -1n)
      old = place.parts[0]
    }
    if (place.parts.length === 0) places.delete(key)
  }
}

const rowsOf = (places: ReadonlyMap<string, Place>, figure: Figure): SignalRow[] =>
  [...places.values()].flatMap(({ labels, parts, total }) => {
    if (total.base <= 0n) return []
    const devices = Math.round(Number(total.base) / SLOT_MS / parts.length)
    return [
      { labels, value: figure.value(total), coverage: share(total.known, total.base), devices },
    ]
  })
