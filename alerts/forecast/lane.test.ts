import { describe, expect, it } from 'vitest'
import { Forecast, type ForecastBook, type ForecastScore } from '#schemas/alerts/forecast.ts'
import type { PlannedOutage } from '#schemas/alerts/planned.ts'
import type { SchedulerFacts } from '#schemas/alerts/scheduler-facts.ts'
import { DEFAULT_ZONE_SET } from '#schemas/alerts/zone-levels.ts'
import { ZoneSet, type ZoneSlice } from '#schemas/alerts/zone-set.ts'
import { createForecastLane, FORECAST_SCOPES_MAX } from './lane.ts'
import { SLICE_MS } from './series.ts'
import { FAR_MINUTES } from './signal.ts'

const T0 = Date.UTC(2026, 4, 4, 8)
const DEVICES = 1_000
const WARM = 72

const slice = (at: number, busy: number, devices = DEVICES): ZoneSlice => {
  const baseMs = BigInt(devices * SLICE_MS)
  return {
    fromMs: T0 + at * SLICE_MS,
    baseMs,
    knownMs: baseMs,
    busyX1000: BigInt(Math.round(busy * devices * SLICE_MS)) * 1000n,
    sourceChangedMs: 0n,
  }
}

/** Two hours flat, then a fall of 1.2 points a slice towards 60 %. */
const falling = Array.from({ length: WARM + 24 }, (_, at) =>
  slice(at, 0.8 - 0.012 * Math.max(0, at - WARM)),
)

function memoryBook() {
  const forecasts = new Map<string, Forecast>()
  const scores = new Map<string, ForecastScore>()
  const book: ForecastBook = {
    saveForecasts: async (made) => {
      for (const one of made) forecasts.set(`${one.made_ms} ${JSON.stringify(one.labels)}`, one)
    },
    saveScores: async (scored) => {
      for (const one of scored) scores.set(`${one.made_ms} ${one.ahead_s}`, one)
    },
    forecasts: async ({ fromMs, toMs }) =>
      [...forecasts.values()].filter(({ made_ms }) => made_ms >= fromMs && made_ms < toMs),
    scores: async ({ fromMs, toMs, aheadS }) =>
      [...scores.values()].filter(
        ({ made_ms, ahead_s }) => ahead_s === aheadS && made_ms >= fromMs && made_ms < toMs,
      ),
  }
  return { book, forecasts, scores }
}

interface Site {
  readonly set?: ZoneSet
  readonly scopes?: readonly (readonly [string, readonly ZoneSlice[]])[]
  readonly book?: ForecastBook
  readonly told?: SchedulerFacts | null
  readonly plans?: readonly PlannedOutage[]
}

function laneOver({
  set = DEFAULT_ZONE_SET,
  scopes = [['', falling]],
  book,
  told = null,
  plans = [],
}: Site = {}) {
  const state = { settledMs: T0, fails: false, asked: 0 }
  const warnings: string[] = []
  const lane = createForecastLane({
    facts: {
      settledUntilMs: async () => state.settledMs,
      lossPerHour: async () => 1_000,
      scheduler: async () => told,
      plans: async () => plans,
      zoneScopes: async () => scopes.map(([value]) => value),
      zoneSlices: async (_, { fromMs, toMs }) => {
        state.asked += 1
        if (state.fails) throw new Error('the store is away')
        return scopes.map(([value, slices]) => ({
          labels: value === '' ? {} : { hall: value },
          slices: slices.filter((one) => one.fromMs >= fromMs && one.fromMs + SLICE_MS <= toMs),
        }))
      },
    },
    book: book ?? memoryBook().book,
    sets: () => [set],
    timeZone: () => 'Asia/Shanghai',
    silences: () => [],
    holidays: () => [],
    clock: () => state.settledMs + 90_000,
    log: { info: () => {}, warn: (text) => void warnings.push(text), error: () => {} },
    breathe: async () => {},
  })
  /** Everything up to this slice is settled, and looked at. */
  const settle = async (slices: number) => {
    state.settledMs = T0 + slices * SLICE_MS + 60_000
    await lane.signal().catch(() => null)
    await lane.idle()
    return lane.signal()
  }
  return { lane, state, settle, warnings }
}

describe('the forecast as a signal', () => {
  it('says nothing is announced while it is flat, and counts the minutes as it falls', async () => {
    const memory = memoryBook()
    const { settle } = laneOver({ book: memory.book })
    const values: (number | null | undefined)[] = []
    for (let at = WARM - 4; at <= WARM + 14; at += 1) values.push((await settle(at)).rows[0]?.value)
    expect(values.slice(0, 4)).toEqual([FAR_MINUTES, FAR_MINUTES, FAR_MINUTES, FAR_MINUTES])
    const last = values.at(-1)
    expect(last).toBeLessThan(60)
    const made = [...memory.forecasts.values()]
    expect(made).toHaveLength(19)
    for (const one of made) expect(Forecast.parse(one)).toEqual(one)
    expect(made.at(-1)).toMatchObject({
      labels: { zone_set: 'fleet' },
      announced: expect.stringMatching(/warn|page/),
      standing: { muted: false },
    })
  })

  it('knows of a drain to come, and names it', async () => {
    const flat = Array.from({ length: WARM + 2 }, (_, at) => slice(at, 0.68))
    const fromMs = T0 + (WARM + 8) * SLICE_MS
    const drain = { kind: 'drain', name: 'firmware', devices: 400, fromMs, toMs: null } as const
    const { settle } = laneOver({ scopes: [['', flat]], plans: [drain] })
    let answer = await settle(WARM - 4)
    for (let at = WARM - 3; at <= WARM; at += 1) answer = await settle(at)
    expect(answer.rows[0]?.value).toBeLessThan(60)
    expect(answer.rows[0]?.why?.en).toContain('drain: firmware (400) at')
  })

  it('knows of a large job that its limit will end, and names it', async () => {
    const flat = Array.from({ length: WARM + 2 }, (_, at) => slice(at, 0.8))
    const endsMs = T0 + (WARM + 8) * SLICE_MS
    const told: SchedulerFacts = {
      running: [
        {
          job: '884213 pretrain',
          cluster: 'east',
          tenant: 'videogen-7',
          queue: 'large',
          devices: 300,
          busyDevices: 290,
          startedMs: endsMs - 86_400_000,
          limitMs: 86_400_000,
        },
      ],
      waiting: [],
      free: [],
      ended: [],
      begun: [],
    }
    const [usual, known] = [
      laneOver({ scopes: [['', flat]] }),
      laneOver({ scopes: [['', flat]], told }),
    ]
    expect((await usual.settle(WARM)).rows[0]?.value).toBe(FAR_MINUTES)
    await known.settle(WARM)
    await known.settle(WARM + 1)
    const row = (await known.settle(WARM + 2)).rows[0]
    expect(row?.value).toBeLessThanOrEqual(45)
    expect(row?.why?.en).toContain('884213')
  })

  it('names the scope, its tier and the dollars at the line', async () => {
    const set = ZoneSet.parse({ ...DEFAULT_ZONE_SET, name: 'halls', scope: 'hall', value: '*' })
    const { settle } = laneOver({ set, scopes: [['h2', falling]] })
    let row = (await settle(WARM)).rows[0]
    for (let at = WARM + 1; at <= WARM + 14; at += 1) row = (await settle(at)).rows[0]
    expect(row).toMatchObject({ labels: { hall: 'h2', zone_set: 'halls' }, devices: DEVICES })
    expect(row?.what?.en).toMatch(/^Hall h2 busy \d\d\.\d %, expected under the 60 % line about/)
    expect(row?.what?.zh).toMatch(/^机房 h2 忙碌率/)
    expect(row?.known?.en).toContain('Learning: 0 of 28 days')
    expect(row?.usd_per_hour).not.toBeNull()
  })

  it('scores each forecast when its time has come, once', async () => {
    const memory = memoryBook()
    const { settle } = laneOver({ book: memory.book })
    for (let at = WARM; at <= WARM + 12; at += 1) await settle(at)
    const aheads = [...memory.scores.values()].filter(({ ahead_s }) => ahead_s === 3600)
    expect(aheads).toHaveLength(1)
    expect([...memory.scores.values()].filter(({ ahead_s }) => ahead_s === 900)).toHaveLength(10)
  })

  it('goes on after a restart with what was announced', async () => {
    const memory = memoryBook()
    const first = laneOver({ book: memory.book })
    for (let at = WARM; at <= WARM + 13; at += 1) await first.settle(at)
    const before = (await first.settle(WARM + 14)).rows[0]
    const second = laneOver({ book: memory.book })
    const after = (await second.settle(WARM + 14)).rows[0]
    expect(after?.value).toBe(before?.value)
    expect(after?.what).toEqual(before?.what)
  })

  it('a scope that is not known well enough is unknown, never far away', async () => {
    const dim = falling.map((one) => ({ ...one, knownMs: (one.knownMs * 9n) / 10n }))
    const { settle } = laneOver({ scopes: [['', dim]] })
    expect((await settle(WARM)).rows).toMatchObject([{ value: null }])
  })

  it('looks ahead for the largest scopes only', async () => {
    const scopes = Array.from({ length: FORECAST_SCOPES_MAX + 3 }, (_, at) => {
      const slices = [slice(0, 0.8, at + 1), slice(1, 0.8, at + 1)]
      return [`h${at}`, slices] as const
    })
    const set = ZoneSet.parse({ ...DEFAULT_ZONE_SET, scope: 'hall', value: '*' })
    const { rows } = await laneOver({ set, scopes }).settle(2)
    expect(rows).toHaveLength(FORECAST_SCOPES_MAX)
    expect(rows.map(({ labels }) => labels.hall)).not.toContain('h2')
  })
})

describe('when something is away', () => {
  it('the rule is told why, tries again, and what is old is unknown', async () => {
    const { settle, state, lane } = laneOver()
    await settle(WARM)
    state.fails = true
    await expect(settle(WARM + 1)).rejects.toThrow('the store is away')
    state.fails = false
    await settle(WARM + 2)
    state.settledMs = T0 + (WARM + 9) * SLICE_MS
    const stale = await lane.signal()
    expect(stale.rows).toMatchObject([{ value: null }])
    await lane.idle()
    expect((await lane.signal()).rows).toMatchObject([{ value: expect.any(Number) }])
  })

  it('a book that takes nothing costs the scores and no alert', async () => {
    const refuse = () => Promise.reject(new Error('read only'))
    const book = { ...memoryBook().book, saveForecasts: refuse, saveScores: refuse }
    const { settle, warnings } = laneOver({ book })
    expect((await settle(WARM)).rows).toHaveLength(1)
    expect((await settle(WARM + 1)).rows).toHaveLength(1)
    expect(warnings).toEqual(['forecasts cannot be stored: they are not scored'])
  })

  it('stopped, it begins nothing', async () => {
    const { lane, state } = laneOver()
    await lane.stop()
    state.settledMs = T0 + WARM * SLICE_MS
    await lane.signal()
    expect(state.asked).toBe(0)
  })
})
