import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { PueAnswer } from '#schemas/api-facility.ts'
import { BUCKET_MS } from '../../ingest/facility/meter-energy.ts'
import { createMeterSettling } from '../../ingest/facility/settle-meters.ts'
import { facilityDeps } from '../../query/facility/deps.ts'
import { pueAnswer } from '../../query/facility/pue.ts'
import { type LedgerSite, NOTHING, startLedgerSite } from '../../query/ledger/ledger.testing.ts'
import { buildFleet } from '../fleet/layout.ts'
import { createFleetModel } from '../fleet/state.ts'
import { createFacilityHistory } from './history.ts'
import { createFacilityModel } from './model.ts'
import { buildSite } from './site.ts'
import { siteBook } from './tree.ts'
import { createTruth } from './truth.testing.ts'
import { writeTree } from './write-tree.ts'

vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 })

const FROM = Date.UTC(2026, 10, 19, 21)
const HOUR = 3_600_000
const MINUTE = 60_000
const HOURS = 12
const TO = FROM + HOURS * HOUR

const fleet = createFleetModel(buildFleet(512, 5), FROM, TO)
const facility = createFacilityModel(buildSite(fleet.fleet), { bornMs: FROM, liveMs: TO })
const truth = createTruth(facility)
const book = siteBook(facility.site, FROM)
const buckets = Array.from({ length: (TO - FROM) / BUCKET_MS }, (_, at) => FROM + at * BUCKET_MS)

let site: LedgerSite
beforeAll(async () => {
  site = await startLedgerSite()
  const { store } = site
  const history = createFacilityHistory({ store, facility, clock: () => TO, toMs: TO })
  for (let ms = FROM; ms <= TO; ms += MINUTE) {
    const tick = fleet.tick(ms, null)
    history.follow(tick)
    truth.note(tick)
    await history.write()
  }
  await history.finish()
  site.nowMs = TO + 2 * MINUTE
  site.documents = { ...NOTHING, facility: book }
  await writeTree(store, facility.site, { fromMs: FROM, clock: () => TO })
  await settleMeters(site)
})
afterAll(() => site.stop())

async function settleMeters({ store }: LedgerSite) {
  let cause = ''
  const settling = createMeterSettling({
    store,
    clock: () => site.nowMs,
    log: {
      info: () => undefined,
      warn: (_, fields) => void (cause = String(fields?.['cause'])),
      error: () => undefined,
    },
    fence: null,
    skewMs: 0,
    rawRetentionMs: 14 * 24 * HOUR,
  })
  while (await settling.step()) continue
  expect(cause).toBe('')
}

/** What really flowed through these meters in these buckets, joules. */
const flowed = (meters: readonly string[], from = buckets) =>
  from.reduce(
    (sum, bucketMs) =>
      meters.reduce((all, meter) => all + (truth.truthOf(meter, bucketMs) ?? Number.NaN), sum),
    0,
  )
const named = (isIn: (row: (typeof book.meters)[number]) => boolean) =>
  book.meters.filter(isIn).map(({ meter }) => meter)
const pumpsInRacks = named(({ level }) => level === 'outlet')

const Sums = z.looseObject({
  total: z.number(),
  it: z.number(),
  cooling: z.number(),
  other: z.number(),
})
const Settled = z.object({
  bucket_s: z.number(),
  meter: z.string(),
  joules: z.number(),
  known_ms: z.number(),
})
const SUMS = `
  SELECT scope, toFloat64(sum(total_mj)) / 1000 AS total, toFloat64(sum(it_mj)) / 1000 AS it,
    toFloat64(sum(cooling_mj)) / 1000 AS cooling, toFloat64(sum(other_mj)) / 1000 AS other,
    toUInt32(count()) AS buckets, toUInt32(max(category)) AS category, toUInt32(groupBitOr(flags)) AS flags,
    toUInt8(min(total_known_ms = total_expected_ms AND it_known_ms = it_expected_ms)) AS is_whole
  FROM facility_15m FINAL GROUP BY scope ORDER BY scope = 'site' DESC, scope`

describe('the settled history of the simulated site', () => {
  it('has the PUE of the generator’s truth to four digits, complete and unflagged', async () => {
    const [row] = await site.store.query(SUMS)
    const it = flowed(named(({ role }) => role === 'it')) - flowed(pumpsInRacks)
    const total = flowed(named(({ level }) => level === 'utility'))
    expect(row).toMatchObject({
      scope: 'site',
      buckets: buckets.length,
      category: 3,
      flags: 0,
      is_whole: 1,
    })
    const sums = Sums.parse(row)
    expect(sums.total / sums.it).toBeCloseTo(total / it, 4)
    expect(Math.abs(sums.total / total - 1)).toBeLessThan(1e-6)
    const cooling = flowed(named(({ role }) => role === 'cooling'))
    expect(Math.abs(sums.cooling / cooling - 1)).toBeLessThan(1e-6)
    expect(Math.abs(sums.other / flowed(['house']) - 1)).toBeLessThan(1e-6)
  })

  it('is what the API answers, with its category and label', async () => {
    const asked = { from: String(FROM), to: String(TO), resolution: 'all', scope: 'site' } as const
    const { window } = PueAnswer.parse(await pueAnswer(facilityDeps(site.deps()), asked))
    const it = flowed(named(({ role }) => role === 'it')) - flowed(pumpsInRacks)
    const total = flowed(named(({ level }) => level === 'utility'))
    expect(window.value).toBeCloseTo(total / it, 4)
    expect(window).toMatchObject({ label: 'iPUE', category: 3, coverage: 1 })
  })

  it('knows each meter’s energy of each bucket, to the step of its counter', async () => {
    const rows = await site.store.query(
      `SELECT toUInt32(bucket) AS bucket_s, meter, toFloat64(energy_mj) / 1000 AS joules, toUInt32(known_ms) AS known_ms
       FROM meter_energy_15m FINAL`,
    )
    const measuring = book.meters.filter(({ level }) => level !== 'ambient')
    expect(rows).toHaveLength(measuring.length * buckets.length)
    const byMeter = new Map(measuring.map((meter) => [meter.meter, meter]))
    for (const row of rows) {
      const { bucket_s, meter, joules, known_ms } = Settled.parse(row)
      const step = Math.max(1, byMeter.get(meter)?.quantum_joules ?? 0)
      const real = truth.truthOf(meter, bucket_s * 1000) ?? Number.NaN
      expect(known_ms).toBe(BUCKET_MS)
      expect(Math.abs(joules - real), `${meter} ${bucket_s}`).toBeLessThanOrEqual(step + 0.01)
    }
  })

  it('halls add up to the IT of the site, and a rack on one feed is not missed', async () => {
    const [all, ...halls] = (await site.store.query(SUMS)).map((row) => Sums.parse(row))
    expect(halls).toHaveLength(4)
    expect(halls.reduce((sum, { it }) => sum + it, 0)).toBeCloseTo(all?.it ?? 0, 3)
    for (const { total, it } of halls) expect(total / it).toBeGreaterThan(1.02)
  })
})
