import type { FacilityBook } from '#schemas/facility.ts'
import type { Reader } from '#schemas/ports.ts'
import type { PueLabel } from '#schemas/pue-label.ts'
import { facilityPue, type PueRow } from '../queries/facility-energy.ts'
import { DAY_MS, type TimeWindow } from '../window.ts'
import { BUCKET_MS, ceilBucket, floorBucket, rangeOf, secondsOf } from './periods.ts'
import { joinRows, pueFigures } from './pue-figures.ts'
import { siteAt } from './tariff.ts'

/** Design figure where nobody entered the site's own. */
export const DESIGN_PUE = 1.15

/** By what the energy of devices is multiplied, and whose word that is. */
export interface PueInForce {
  readonly value: number
  readonly kind: 'measured' | 'design'
  /** Of a measured one: what it may be called and what period it is of. */
  readonly label: PueLabel | null
  readonly category: number | null
  readonly period: { readonly from: string; readonly to: string } | null
}

/**
 * The PUE in force for a window, for every figure that needs one. Measured over the window, in whole buckets, where it is
 * complete; a window shorter than a day may also stand on the 24 hours before its end. Else the site's design figure.
 * Rejects with the reader's errors.
 */
export async function pueInForce(
  deps: { readonly reader: Reader; readonly timeZone: string },
  window: TimeWindow,
  book: FacilityBook,
): Promise<PueInForce> {
  const design: PueInForce = {
    value: siteAt(book, window.fromMs)?.design_pue ?? DESIGN_PUE,
    kind: 'design',
    label: null,
    category: null,
    period: null,
  }
  if (book.sites.length === 0 && book.meters.length === 0) return design
  const own = { fromMs: floorBucket(window.fromMs), toMs: ceilBucket(window.toMs) }
  const isShort = own.toMs - own.fromMs < DAY_MS
  const periods = isShort ? [own, { fromMs: own.toMs - DAY_MS, toMs: own.toMs }] : [own]
  for (const period of periods) {
    const measured = await measuredIn(deps, period)
    if (measured !== null) return measured
  }
  return design
}

async function measuredIn(
  { reader, timeZone }: { readonly reader: Reader; readonly timeZone: string },
  asked: TimeWindow,
): Promise<PueInForce | null> {
  const rows: PueRow[] = await facilityPue.run(reader, {
    scope: 'site',
    ...rangeOf(asked),
    starts: secondsOf([asked]),
  })
  const sums = joinRows(rows)
  const period = settledPart(asked, sums.last_s * 1000)
  if (period === null) return null
  const { value, label, category, from, to } = pueFigures(sums, period, { scope: 'site', timeZone })
  return value === null ? null : { value, kind: 'measured', label, category, period: { from, to } }
}

/**
 * What is settled of a period that ends now: the newest buckets are not there yet, and a figure of the rest stands for
 * it. Null where that is less than half.
 */
function settledPart({ fromMs, toMs }: TimeWindow, lastBucketMs: number): TimeWindow | null {
  const settledMs = Math.min(toMs, lastBucketMs + BUCKET_MS)
  return settledMs - fromMs >= (toMs - fromMs) / 2 ? { fromMs, toMs: settledMs } : null
}

/** As answers show it. */
export const shownPue = (pue: PueInForce) => ({
  pue: pue.value,
  pue_kind: pue.kind,
  pue_label: pue.label,
  pue_category: pue.category,
  pue_period: pue.period,
})
