import type { SitePower } from '#schemas/api-facility.ts'
import { type FacilityBook, facilityAt } from '#schemas/facility.ts'
import { facilityPeaks, facilityPowerSwing, facilitySwing } from '../queries/facility-energy.ts'
import { DAY_MS, iso, type TimeWindow } from '../window.ts'
import type { FacilityDeps } from './deps.ts'
import { BUCKET_MS, rangeOf } from './periods.ts'
import { siteAt, type Tariff } from './tariff.ts'
import { topMeters } from './tree-book.ts'

/** Raw readings of a longer window are too many, and are not kept for ever. */
const RAW_WINDOW_MS_MAX = 35 * DAY_MS
const WATTS_PER_MW = 1_000_000

/** Mean power of a bucket, MW. */
const mwOf = (mj: number): number => mj / BUCKET_MS / WATTS_PER_MW

/** What the site asked of the grid: peak against contract, and how fast it changes. */
export async function sitePower(
  { reader }: FacilityDeps,
  window: TimeWindow,
  { book, tariff }: { readonly book: FacilityBook; readonly tariff: Tariff },
): Promise<SitePower> {
  const range = rangeOf(window)
  const [peaks, [swing], raw] = await Promise.all([
    facilityPeaks.run(reader, { ...range, pieces: tariff.pieces.map((ms) => ms / 1000) }),
    facilitySwing.run(reader, range),
    rawSwing(reader, window, book),
  ])
  const against = peaks.map(({ piece_s, peak_mj, peak_s }) => {
    const contracted = siteAt(book, piece_s * 1000)?.contracted_watts ?? null
    const mw = mwOf(peak_mj)
    const contractedMw = contracted === null ? null : contracted / WATTS_PER_MW
    return { mw, atMs: peak_s * 1000, contractedMw }
  })
  const highest = against.toSorted((a, b) => b.mw - a.mw)[0]
  const contracts = against.flatMap(({ mw, contractedMw }) =>
    contractedMw === null ? [] : [{ used: mw / contractedMw, left: contractedMw - mw }],
  )
  const contractedWatts = siteAt(book, window.toMs)?.contracted_watts ?? null
  return {
    contracted_mw: contractedWatts === null ? null : contractedWatts / WATTS_PER_MW,
    peak_mw: highest?.mw ?? null,
    peak_at: highest === undefined ? null : iso(highest.atMs),
    power_capacity_utilization:
      contracts.length === 0 ? null : Math.max(...contracts.map(({ used }) => used)),
    headroom_mw: contracts.length === 0 ? null : Math.min(...contracts.map(({ left }) => left)),
    swing_15m:
      swing === undefined ? null : swingOf(swing.at_s, mwOf(swing.from_mj), mwOf(swing.to_mj)),
    swing_1m: raw,
  }
}

const swingOf = (atS: number, from: number, to: number) => ({
  mw: to - from,
  from_mw: from,
  to_mw: to,
  at: iso(atS * 1000),
})

async function rawSwing(
  reader: FacilityDeps['reader'],
  { fromMs, toMs }: TimeWindow,
  book: FacilityBook,
): Promise<SitePower['swing_1m']> {
  const meters = topMeters(facilityAt(book, toMs).meters).map(({ meter }) => meter)
  if (meters.length === 0 || toMs - fromMs > RAW_WINDOW_MS_MAX) return null
  const [row] = await facilityPowerSwing.run(reader, { from_ms: fromMs, to_ms: toMs, meters })
  if (row === undefined) return null
  return swingOf(row.at_s, row.from_watts / WATTS_PER_MW, row.to_watts / WATTS_PER_MW)
}
