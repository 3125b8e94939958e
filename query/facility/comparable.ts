import type { ComparableLoad } from '#schemas/api-facility.ts'
import { bookOf, type MoneyDocuments } from '../ledger/cells.ts'
import {
  facilityComparable,
  facilityEnergy,
  facilityWeather,
  type PueRow,
} from '../queries/facility-energy.ts'
import { ratioOf } from '../sums.ts'
import { DAY_MS, iso, type TimeWindow } from '../window.ts'
import type { FacilityDeps } from './deps.ts'
import { rangeOf } from './periods.ts'
import { kwhOf, loadOf } from './pue-figures.ts'
import { siteAt, tariffOf } from './tariff.ts'

/** How far back the same load is looked for. */
const EARLIER_MS = 28 * DAY_MS
/** Of a longer window the mean load says nothing about its days. */
const WINDOW_MS_MAX = 31 * DAY_MS
/** Loads this far apart are the same, thousandths. */
const LOAD_PER_MILLE = 20n
/** Wet-bulb temperatures this far apart are the same weather, kelvin. */
const WET_BULB_KELVIN = 2

interface Asked {
  readonly scope: string
  readonly window: TimeWindow
  readonly sums: PueRow
  readonly documents: MoneyDocuments
}

/**
 * The ratio of the 28 days before at the same IT load and, where the site has a weather station, the same wet-bulb
 * temperature: idle devices and hot days raise PUE although nothing broke. Null where the window has no load at all.
 */
export async function comparableLoad(
  deps: FacilityDeps,
  asked: Asked,
): Promise<ComparableLoad | null> {
  const { scope, window, sums } = asked
  const load = loadOf(sums.counted_it_mj, sums.counted)
  if (load === null) return null
  const earlier = { fromMs: window.fromMs - EARLIER_MS, toMs: window.fromMs }
  const frame = { from: iso(earlier.fromMs), to: iso(earlier.toMs), it_load_kw: load }
  const own = ratioOf(sums.counted_total_mj, sums.counted_it_mj)
  const without = (reason: NonNullable<ComparableLoad['reason']>): ComparableLoad => ({
    ...frame,
    ...NOTHING,
    reason,
  })
  if (own === null) return without('no_ratio')
  if (window.toMs - window.fromMs > WINDOW_MS_MAX) return without('window_too_long')
  const mean = sums.counted_it_mj / BigInt(sums.counted)
  const [rows, weather] = await Promise.all([
    facilityComparable.run(deps.reader, {
      scope,
      ...rangeOf(earlier),
      it_mj_min: Number((mean * (1000n - LOAD_PER_MILLE)) / 1000n),
      it_mj_max: Number((mean * (1000n + LOAD_PER_MILLE)) / 1000n),
    }),
    wetBulb(deps, asked, earlier),
  ])
  const { celsius } = weather
  const alike = rows.filter(({ bucket_s }) => {
    if (celsius === null) return true
    const then = weather.at(bucket_s)
    return then !== undefined && Math.abs(then - celsius) <= WET_BULB_KELVIN
  })
  const value = ratioOf(
    alike.reduce((sum, { total_mj }) => sum + total_mj, 0n),
    alike.reduce((sum, { it_mj }) => sum + it_mj, 0n),
  )
  if (value === null) return { ...without('no_comparable_buckets'), wet_bulb_celsius: celsius }
  const price = await meanPrice(deps, asked)
  const difference = own - value
  return {
    ...frame,
    buckets: alike.length,
    wet_bulb_celsius: celsius,
    value,
    difference,
    usd_per_hour: price.usd === null ? null : difference * load * price.usd,
    assumed: price.assumed,
    reason: null,
  }
}

const NOTHING = {
  buckets: 0,
  wet_bulb_celsius: null,
  value: null,
  difference: null,
  usd_per_hour: null,
  assumed: false,
} as const

/** Mean of the window, null without weather; and what it was earlier, by bucket. */
async function wetBulb(
  deps: FacilityDeps,
  { window, documents }: Asked,
  earlier: TimeWindow,
): Promise<{
  readonly celsius: number | null
  readonly at: (bucketS: number) => number | undefined
}> {
  const meter = siteAt(documents.facility, window.fromMs)?.weather ?? ''
  if (meter === '') return { celsius: null, at: () => undefined }
  const rows = await facilityWeather.run(deps.reader, {
    meter,
    from_ms: earlier.fromMs,
    to_ms: window.toMs,
  })
  const now = rows.filter(({ bucket_s }) => bucket_s * 1000 >= window.fromMs)
  const celsius =
    now.length === 0 ? null : now.reduce((sum, row) => sum + row.celsius, 0) / now.length
  const byBucket = new Map(rows.map((row) => [row.bucket_s, row.celsius]))
  return { celsius, at: (bucketS) => byBucket.get(bucketS) }
}

/** Dollars a kWh of the window's IT energy. */
async function meanPrice(
  deps: FacilityDeps,
  { scope, window, documents }: Asked,
): Promise<{ readonly usd: number | null; readonly assumed: boolean }> {
  const tariff = tariffOf(window, { prices: bookOf(documents), book: documents.facility })
  const rows = await facilityEnergy.run(deps.reader, {
    ...rangeOf(window),
    scope_prefix: scope === 'site' ? 'site' : 'hall:',
    starts: [window.fromMs / 1000],
    pieces: tariff.pieces.map((ms) => ms / 1000),
    zone: deps.timeZone,
    slot_minutes: tariff.slotMinutes,
  })
  const parts = rows
    .filter(({ scope_name }) => scope_name === scope)
    .map(({ piece_s, slot, sum_it_mj }) => ({ pieceMs: piece_s * 1000, slot, mj: sum_it_mj }))
  const { usd, assumed } = tariff.bill(parts)
  const kwh = kwhOf(parts.reduce((sum, { mj }) => sum + mj, 0n))
  return { usd: usd === null || kwh === 0 ? null : usd / kwh, assumed }
}
