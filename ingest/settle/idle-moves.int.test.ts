import { z } from 'zod'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { startTestEngine, type TestEngine } from '../engine/engine.testing.ts'
import { freshStore } from '../pipeline.testing.ts'
import type { Store } from '../store/store.ts'
import { createLedger, type Ledger } from './ledger.ts'
import { createLocalDays } from './local-day.ts'
import {
  clearFleet,
  type Claim,
  OPEN_MS,
  type Reading,
  storeFleet,
} from './states-fleet.testing.ts'
import { brokenRules } from './states-ledger.testing.ts'

vi.setConfig({ testTimeout: 300_000, hookTimeout: 120_000 })

const MINUTE = 60_000
const HOUR = 60 * MINUTE
/** Ten minutes before midnight. */
const T0 = Date.UTC(2026, 4, 1, 23, 50)

let engine: TestEngine
let store: Store
let ledger: Ledger
const clock = () => T0 + 12 * HOUR
beforeAll(async () => {
  engine = await startTestEngine()
  store = await freshStore(engine)
})
afterAll(async () => {
  await store.close()
  await engine.stop()
})
beforeEach(async () => {
  await clearFleet(store)
  ledger = await createLedger(store, clock, { dayOf: createLocalDays('UTC') })
})

let writes = 0
const write = (fleet: Parameters<typeof storeFleet>[1]) =>
  storeFleet(store, fleet, `moves-${(writes += 1)}`)

const BUSY = new Map<string, number | null>([
  ['q', Math.fround(0.02)],
  ['b', Math.fround(0.8)],
  ['u', null],
])
const STEP = 20_000

/** `moods`: one letter a minute: quiet, busy, unknown; `-` = no samples at all. Minutes after T0. */
function minutes(moods: string, device = 1, fromMinute = 0): Reading[] {
  return moods.split('').flatMap((mood, at) => {
    const busy = BUSY.get(mood)
    if (busy === undefined) return []
    const atMs = T0 + (fromMinute + at) * MINUTE
    return [0, 1, 2].map((tick) => ({
      device,
      atMs: atMs + tick * STEP,
      stepMs: STEP,
      position: 2,
      busy,
      power: 100,
    }))
  })
}
const capacity = (device = 1) => ({
  kind: 'capacity' as const,
  device,
  fromMs: T0,
  toMs: OPEN_MS,
})
const claim = (rest: Partial<Claim> = {}): Claim => ({
  device: 1,
  fromMs: T0,
  toMs: OPEN_MS,
  holder: 'j1',
  tenant: 'a',
  class: 'training',
  ...rest,
})
const q = (count: number) => 'q'.repeat(count)

const settle = (
  fromMinute: number,
  toMinute: number,
  by = ledger,
  reason: 'late rows' | null = null,
) =>
  by.settle({
    kind: 'minutes',
    fromMs: T0 + fromMinute * MINUTE,
    toMs: T0 + toMinute * MINUTE,
    reason,
  })

const Minutes = z.array(z.object({ minute: z.coerce.number() }))
/** Minutes that are published with time in a state, and that none is there in part. */
async function minutesOf(state: 'idle_held_ms' | 'unallocated_ms', device = 1): Promise<number[]> {
  const rows = await store.query(
    `SELECT intDiv(toUnixTimestamp(bucket) - {t0:Int64}, 60) AS minute FROM ledger_1m
     WHERE device_id = {device:UInt64}
       AND (bucket, revision) IN (SELECT bucket, max(revision) FROM revisions WHERE resolution = '1m' GROUP BY bucket)
     GROUP BY minute HAVING sum(${state}) > 0 ORDER BY minute`,
    { t0: T0 / 1000, device },
  )
  return Minutes.parse(rows).map(({ minute }) => minute)
}
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, at) => from + at)

describe('a quiet stretch of a held device', () => {
  it('is idle from its first minute as soon as its fifteenth is settled, and not one minute before', async () => {
    await write({ intervals: [capacity()], claims: [claim()], readings: minutes(`b${q(15)}b`) })
    await settle(0, 10)
    await settle(10, 15)
    expect(await minutesOf('idle_held_ms')).toEqual([])
    await settle(15, 16)
    expect(await minutesOf('idle_held_ms')).toEqual(range(1, 16))
    await settle(16, 17)
    expect(await minutesOf('idle_held_ms')).toEqual(range(1, 16))
    expect(await brokenRules(store)).toEqual([])
  })

  it('is productive when it is one minute short', async () => {
    await write({
      intervals: [capacity()],
      claims: [claim()],
      readings: minutes(`b${q(14)}b${q(14)}b`),
    })
    await settle(0, 20)
    await settle(20, 31)
    expect(await minutesOf('idle_held_ms')).toEqual([])
  })

  it('ends at an unknown minute and at a change of holder', async () => {
    const claims = [
      claim(),
      claim({ device: 2, toMs: T0 + 14 * MINUTE }),
      claim({ device: 2, holder: 'j2', fromMs: T0 + 14 * MINUTE }),
    ]
    const readings = [...minutes(`${q(14)}u${q(15)}`), ...minutes(q(29), 2)]
    await write({ intervals: [capacity(), capacity(2)], claims, readings })
    await settle(0, 30)
    expect(await minutesOf('idle_held_ms')).toEqual(range(15, 30))
    // The last samples speak for forty seconds more.
    expect(await minutesOf('idle_held_ms', 2)).toEqual(range(14, 30))
  })

  it('has the window of its class: training 15 minutes, interactive 60, serving 120, any other 15', async () => {
    const classes = ['training', 'interactive', 'serving', 'research']
    const devices = classes.map((_, at) => at + 1)
    await write({
      intervals: devices.map(capacity),
      claims: classes.map((name, at) => claim({ device: at + 1, class: name })),
      readings: devices.flatMap((device) => minutes(q(120), device)),
    })
    const lengths = async () => {
      const idle: number[] = []
      for (const device of devices) idle.push((await minutesOf('idle_held_ms', device)).length)
      return idle
    }
    await settle(0, 59)
    expect(await lengths()).toEqual([59, 0, 0, 59])
    await settle(59, 119)
    expect(await lengths()).toEqual([119, 119, 0, 119])
    await settle(119, 120)
    expect(await lengths()).toEqual([120, 120, 120, 120])
  })

  it.each([
    ['UTC', T0 + 10 * MINUTE, '2026-05-01'],
    ['Asia/Shanghai', T0 + 10 * MINUTE + 16 * HOUR, '2026-05-02'],
  ])('is added to hours and days of %s that were settled before', async (zone, toMs, date) => {
    ledger = await createLedger(store, clock, { dayOf: createLocalDays(zone) })
    await write({ intervals: [capacity()], claims: [claim()], readings: minutes(`b${q(20)}`) })
    await settle(0, 10)
    await ledger.settle({ kind: 'hours', fromMs: T0 - 50 * MINUTE, toMs: T0 + 10 * MINUTE })
    await ledger.settle({ kind: 'day', fromMs: toMs - 24 * HOUR, toMs, date })
    await settle(10, 21)
    expect(await minutesOf('idle_held_ms')).toEqual(range(1, 21))
    const sums = await store.query(
      'SELECT (SELECT sum(idle_held_ms) FROM ledger_1h) AS hour, (SELECT sum(idle_held_ms) FROM ledger_1d_node) AS day',
    )
    expect(sums).toEqual([{ hour: String(9 * MINUTE), day: String(9 * MINUTE) }])
  })

  it('is productive again when late rows break it, and idle when they join two short ones', async () => {
    const devices = [1, 2]
    await write({
      intervals: devices.map(capacity),
      claims: devices.map((device) => claim({ device })),
      readings: [...minutes(q(25)), ...minutes(`${q(10)}--${q(10)}b--`, 2)],
    })
    await settle(0, 25)
    expect(await minutesOf('idle_held_ms')).toEqual(range(0, 25))
    expect(await minutesOf('idle_held_ms', 2)).toEqual([])
    const late = minutes('b', 1, 12).map((one) => ({ ...one, position: 1 }))
    await write({ readings: [...late, ...minutes('qq', 2, 10)] })
    await settle(10, 13, ledger, 'late rows')
    expect(await minutesOf('idle_held_ms')).toEqual([])
    expect(await minutesOf('idle_held_ms', 2)).toEqual(range(0, 22))
    expect(await brokenRules(store)).toEqual([])
  })

  it('is the same when pieces, hours and days are settled side by side', async () => {
    await write({ intervals: [capacity()], claims: [claim()], readings: minutes(`b${q(30)}b`) })
    const [fromMs, toMs] = [T0 - 50 * MINUTE, T0 + 10 * MINUTE]
    await Promise.all([
      settle(0, 10),
      settle(10, 14),
      settle(14, 32),
      ledger.settle({ kind: 'hours', fromMs, toMs }),
      ledger.settle({ kind: 'hours', fromMs: toMs, toMs: toMs + HOUR }),
      ledger.settle({ kind: 'day', fromMs: toMs - 24 * HOUR, toMs, date: '2026-05-01' }),
    ])
    expect(await minutesOf('idle_held_ms')).toEqual(range(1, 31))
    expect(await brokenRules(store)).toEqual([])
    const sum = `SELECT sum(idle_held_ms) AS ms FROM`
    expect(await store.query(`${sum} ledger_1h`)).toEqual([{ ms: String(30 * MINUTE) }])
    expect(await store.query(`${sum} ledger_1d`)).toEqual([{ ms: String(9 * MINUTE) }])
  })

  it('ends at a minute that is partly busy, also when the device is moved within it', async () => {
    const move = { device: 1, node: 'n1', fromMs: T0 + 10 * MINUTE + 2 * STEP, rack: 'r2' }
    const [first, ...rest] = minutes('q', 1, 10)
    const worked = { ...(first ?? rest[0]), busy: Math.fround(0.9) }
    const readings = [...minutes(`${q(10)}-${q(14)}`), ...rest]
    await write({
      intervals: [capacity()],
      claims: [claim()],
      places: [move],
      readings: [
        ...readings,
        { ...readings[0], ...worked, device: 1, atMs: T0 + 10 * MINUTE, stepMs: STEP, position: 2 },
      ],
    })
    await settle(0, 25)
    expect(await minutesOf('idle_held_ms')).toEqual([])
  })
})

describe('a quiet stretch of a device that nobody holds', () => {
  it('is unallocated with hindsight where nobody says who holds, and at once where a source says so', async () => {
    const scopes = [{ source: 'slurm', cluster: 'c2', fromMs: T0, toMs: OPEN_MS } as const]
    const told = [
      { device: 1, atMs: T0 - HOUR, node: 'n1', cluster: 'c1' },
      { device: 2, atMs: T0 - HOUR, node: 'n2', cluster: 'c2' },
    ]
    const readings = [...minutes(`b${q(15)}`), ...minutes(`b${q(15)}`, 2)]
    await write({ intervals: [capacity(), capacity(2)], scopes, told, readings })
    await settle(0, 15)
    expect(await minutesOf('unallocated_ms')).toEqual([])
    expect(await minutesOf('unallocated_ms', 2)).toEqual(range(1, 15))
    await settle(15, 16)
    expect(await minutesOf('unallocated_ms')).toEqual(range(1, 16))
    expect(await minutesOf('unallocated_ms', 2)).toEqual(range(1, 16))
    expect(await minutesOf('idle_held_ms')).toEqual([])
    const busy = await store.query(
      `SELECT DISTINCT tenant, allocation_source FROM ledger_1m WHERE known_ms > 0 AND busy_ms_x1000 > 10000000 ORDER BY device_id`,
    )
    expect(busy).toEqual([
      { tenant: 'unattributed', allocation_source: 'none' },
      { tenant: 'unattributed', allocation_source: 'slurm' },
    ])
  })
})

/** Counts statements that write and fails one of them, before it is run or after: then its answer was lost. */
function failing(at: number, when: 'before' | 'after') {
  const wrapped = {
    count: 0,
    query: store.query.bind(store),
    async command(...call: Parameters<Store['command']>) {
      wrapped.count += 1
      const isHit = wrapped.count === at
      if (isHit && when === 'before') throw new Error('killed')
      await store.command(...call)
      if (isHit) throw new Error('the answer is lost')
    },
  }
  return wrapped
}

const STRIDE = process.env['STATEMENTS'] === 'all' ? 1 : 5

describe('a pass that is cut short', () => {
  const DAY = 24 * HOUR
  /** Fifteen minutes up to five after midnight, their hour and day; quiet since 23:51 of that day. */
  const before = async (fromMs: number) => {
    const midnight = fromMs + 10 * MINUTE
    // A process of its own: ids of sets rise from those of the process before.
    const ledger = await createLedger(store, clock, { dayOf: createLocalDays('UTC') })
    await ledger.settle({ kind: 'minutes', fromMs, toMs: fromMs + 15 * MINUTE, reason: null })
    await ledger.settle({ kind: 'hours', fromMs: midnight - HOUR, toMs: midnight })
    const date = new Date(fromMs).toISOString().slice(0, 10)
    await ledger.settle({ kind: 'day', fromMs: midnight - DAY, toMs: midnight, date })
  }
  const second = (fromMs: number) =>
    ({
      kind: 'minutes',
      fromMs: fromMs + 15 * MINUTE,
      toMs: fromMs + 20 * MINUTE,
      reason: null,
    }) as const
  const idleMinutes = async (table: string, resolution: string) => {
    const rows = await store.query(
      `SELECT intDiv(sum(idle_held_ms), 60000) AS minute FROM ${table} WHERE (bucket, revision) IN
         (SELECT bucket, max(revision) FROM revisions WHERE resolution = '${resolution}' GROUP BY bucket)`,
    )
    return Minutes.parse(rows).map(({ minute }) => minute)
  }
  const writeDays = async (days: number) => {
    const [readings, claims] = [minutes(`b${q(19)}`), [claim()]]
    const all = range(0, days).flatMap((day) =>
      readings.map((one) => ({ ...one, atMs: one.atMs + day * DAY })),
    )
    await write({ intervals: [{ ...capacity(), fromMs: T0 - DAY }], claims, readings: all })
  }

  /** Each day but the first begins with the last ten minutes of the scenario before. */
  const ofDays = (scenarios: number) => 9 * scenarios + 10 * (scenarios - 1)

  // Every fifth statement here, others in the next test: a scenario takes seconds. STATEMENTS=all = every one.
  it('between two statements is finished by the next process: nothing twice, nothing missing', async () => {
    const counted = failing(0, 'before')
    await writeDays(20)
    await before(T0)
    await (await createLedger(counted, clock, { dayOf: createLocalDays('UTC') })).settle(second(T0))
    expect(counted.count).toBeGreaterThan(10)
    expect(counted.count).toBeLessThan(20)
    let scenarios = 1
    for (let at = 1; at <= counted.count; at += STRIDE) {
      const fromMs = T0 + scenarios * DAY
      scenarios += 1
      await before(fromMs)
      const broken = await createLedger(failing(at, 'before'), clock, {
        dayOf: createLocalDays('UTC'),
      })
      await expect(broken.settle(second(fromMs))).rejects.toThrow('killed')
      await (
        await createLedger(store, clock, { dayOf: createLocalDays('UTC') })
      ).settle(second(fromMs))
    }
    expect(await idleMinutes('ledger_1m', '1m')).toEqual([19 * scenarios])
    expect(await idleMinutes('ledger_1m_group', '1m')).toEqual([19 * scenarios])
    expect(await idleMinutes('ledger_1h', '1h')).toEqual([9 * scenarios])
    expect(await idleMinutes('ledger_1d_node', '1d_node')).toEqual([ofDays(scenarios)])
    expect(await brokenRules(store)).toEqual([])
  })

  it('because the answer of a statement was lost is finished by the same process', async () => {
    await writeDays(20)
    let scenarios = 0
    for (let at = STRIDE === 1 ? 1 : 3; ; at += STRIDE) {
      const fromMs = T0 + scenarios * DAY
      await before(fromMs)
      const lossy = failing(at, 'after')
      const own = await createLedger(lossy, clock, { dayOf: createLocalDays('UTC') })
      const failed = await own.settle(second(fromMs)).then(
        () => false,
        () => true,
      )
      scenarios += 1
      if (!failed) break
      await own.settle(second(fromMs))
    }
    expect(scenarios).toBeGreaterThan(3)
    expect(await idleMinutes('ledger_1m', '1m')).toEqual([19 * scenarios])
    expect(await idleMinutes('ledger_1d', '1d')).toEqual([ofDays(scenarios)])
    expect(await brokenRules(store)).toEqual([])
  })

  it('and whose moves appear only after the next attempt was published is never added', async () => {
    await writeDays(1)
    await before(T0)
    const slow = {
      query: store.query.bind(store),
      async command(...[sql, params, options]: Parameters<Store['command']>) {
        await store.command(sql, params, options)
        if (options?.token?.startsWith('moves:find') !== true) return
        await store.command('CREATE TABLE moves_on_the_way AS ledger_moves')
        await store.command('INSERT INTO moves_on_the_way SELECT * FROM ledger_moves')
        await store.command('TRUNCATE TABLE ledger_moves')
        throw new Error('killed')
      },
    }
    await expect(
      (await createLedger(slow, clock, { dayOf: createLocalDays('UTC') })).settle(second(T0)),
    ).rejects.toThrow('killed')
    await (await createLedger(store, clock, { dayOf: createLocalDays('UTC') })).settle(second(T0))
    await store.command('INSERT INTO ledger_moves SELECT * FROM moves_on_the_way')
    await store.command('DROP TABLE moves_on_the_way')
    await (
      await createLedger(store, clock, { dayOf: createLocalDays('UTC') })
    ).settle({ ...second(T0), fromMs: T0 + 20 * MINUTE, toMs: T0 + 21 * MINUTE })
    expect(await idleMinutes('ledger_1m', '1m')).toEqual([19])
    expect(await brokenRules(store)).toEqual([])
  })
})
