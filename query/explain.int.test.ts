import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { ContingencyAnswer, ExplainAnswer } from '#schemas/api-explain.ts'
import { startTestEngine, type TestEngine } from '../ingest/engine/engine.testing.ts'
import { contingency } from './contingency.ts'
import { explain, type ExplainQuestion } from './explain.ts'
import { fleetDeps } from './fleet.ts'
import { publish, seedRows } from './seed.testing.ts'
import { HOUR_MS, MINUTE_MS } from './window.ts'

const T0 = Date.UTC(2026, 4, 4, 8)
const NOW = T0 + 12 * HOUR_MS

let engine: TestEngine
const deps = () =>
  fleetDeps({
    reader: engine.reader,
    clock: () => NOW,
    timeZone: 'Asia/Shanghai',
    simulated: false,
  })
const ask = (question: Partial<ExplainQuestion>) => explain(deps(), { filters: [], ...question })

beforeAll(async () => {
  engine = await startTestEngine({ migrated: true })
})
afterAll(async () => {
  await engine.stop()
})
beforeEach(async () => {
  for (const table of ['revisions', 'ledger_1m', 'ledger_1h'])
    await engine.store.command(`TRUNCATE TABLE ${table}`)
})

interface Told {
  readonly id: number
  readonly job?: string
  readonly busy?: number
  readonly quiet?: boolean
  readonly state?: 'drained' | 'unknown' | 'unallocated'
}

const dateTime = (ms: number) => new Date(ms).toISOString().slice(0, 19).replace('T', ' ')

/** A row of a device, as settling writes it: 8 devices a node, 2 nodes a rack. */
function row(
  bucketMs: number,
  { id, job = '', busy = 0, quiet = false, state }: Told,
  ms = MINUTE_MS,
) {
  const isKnown = state !== 'unknown'
  return {
    bucket: dateTime(bucketMs),
    device_id: id + 1,
    revision: 1,
    cluster: 'cluster-a',
    hall: 'h1',
    rack: `r${Math.floor(id / 16)}`,
    pool: 'main',
    node: `a${String(Math.floor(id / 8)).padStart(2, '0')}`,
    vendor: 'nvidia',
    model: 'H100',
    tenant: job === '' ? '' : 'atlas',
    job,
    class: 'training',
    allocation_source: 'slurm',
    busy_source: isKnown ? 1 : 0,
    capacity_ms: ms,
    known_ms: isKnown ? ms : 0,
    busy_ms_x1000: isKnown ? Math.round(busy * 1000) * ms : 0,
    drained_ms: state === 'drained' ? ms : 0,
    unknown_ms: isKnown ? 0 : ms,
    unallocated_ms: state === 'unallocated' ? ms : 0,
    ...(ms === MINUTE_MS ? { quiet: quiet ? 1 : 0 } : { busy_histogram_ms: [] }),
  }
}

/** Twenty minutes of four nodes: the large job of two of them stands still from minute 12 on. */
async function seedStall(busyInMinute12 = 0) {
  const minutes = Array.from({ length: 20 }, (_, at) => T0 + at * MINUTE_MS)
  const rows = minutes.flatMap((ms, at) =>
    Array.from({ length: 32 }, (_, id): Told => {
      if (id < 16 && at === 12 && busyInMinute12 > 0)
        return { id, job: 'big', busy: busyInMinute12 }
      if (id < 16) return at < 12 ? { id, job: 'big', busy: 0.95 } : { id, job: 'big', quiet: true }
      return id < 24 ? { id, job: 'small', busy: 0.8 } : { id, state: 'unallocated' }
    }).map((told) => row(ms, told)),
  )
  await seedRows(engine.store, 'ledger_1m', rows)
  await publish(engine.store, minutes)
}

describe('explain over minutes', () => {
  test('a job that stands still is named with its minute, before it counts as idle', async () => {
    await seedStall()
    const answer = ExplainAnswer.parse(await ask({ at: String(T0 + 12 * MINUTE_MS), window: '8m' }))
    expect(answer).toMatchObject({
      a: { from: '2026-05-04T08:04:00.000Z', utilization: 0.675, coverage: 1, resolution: '1m' },
      b: { to: '2026-05-04T08:20:00.000Z', utilization: 0.2, known_devices: 32 },
      change_ppm: -475_000,
      residual_ppm: 0,
      settled_until: '2026-05-04T08:20:00.000Z',
    })
    expect(answer.causes).toMatchObject([
      {
        cause: 'jobs_stalled',
        change_ppm: -475_000,
        contributors: [
          {
            name: 'big',
            tenant: 'atlas',
            devices: 16,
            nodes: 'a[00-01]',
            busy_from: 0.95,
            busy_to: 0,
            devices_still_held: 16,
            at: '2026-05-04T08:12:00.000Z',
          },
        ],
        others: { count: 0, change_ppm: 0 },
      },
    ])
    expect(answer.sentence).toEqual({
      en: 'Utilization fell 47.5 points, from 67.5 % to 20.0 %: job big (atlas, 16 devices, cluster-a) stopped being busy at about 16:12 and still holds them: -47.5.',
      zh: '利用率下降 47.5 个百分点，从 67.5 % 降至 20.0 %：任务 big（atlas，16 卡，cluster-a）约 16:12 停止工作，仍占用这些设备：-47.5。',
    })
  })

  test('the minute in which a job stopped belongs to its stall', async () => {
    await seedStall(0.3)
    const answer = await ask({ at: String(T0 + 12 * MINUTE_MS), window: '8m' })
    expect(answer).toMatchObject({ change_ppm: -456_250, residual_ppm: 0 })
    expect(answer.causes).toMatchObject([
      { cause: 'jobs_stalled', change_ppm: -456_250, contributors: [{ devices: 14 }] },
    ])
    expect(answer.sentence.en).toContain(
      'job big (atlas, 16 devices, cluster-a) stopped being busy',
    )
  })

  test('filters hold, and a window that reaches over what is settled is cut there', async () => {
    await seedStall()
    const { b, causes } = await ask({
      at: String(T0 + 12 * MINUTE_MS),
      window: '1h',
      filters: ['rack:eq:r1'],
    })
    expect(b).toMatchObject({ to: '2026-05-04T08:20:00.000Z', known_devices: 16 })
    expect(causes).toEqual([])
  })

  test('what two causes took of two jobs on one node is told by device', async () => {
    const minutes = Array.from({ length: 20 }, (_, at) => T0 + at * MINUTE_MS)
    const told = (id: number, at: number): Told => {
      if (id > 4) return { id, state: 'unallocated' }
      if (at < 10) return id < 3 ? { id, job: 'big', busy: 0.9 } : { id, job: 'small', busy: 0.2 }
      // By size the three of the big job would be the three that were drained.
      return { id, state: id < 2 ? 'unknown' : 'drained' }
    }
    const rows = minutes.flatMap((ms, at) =>
      Array.from({ length: 8 }, (_, id) => row(ms, told(id, at))),
    )
    await seedRows(engine.store, 'ledger_1m', rows)
    await publish(engine.store, minutes)
    const answer = await ask({ at: String(T0 + 10 * MINUTE_MS), window: '10m' })
    const { causes } = ExplainAnswer.parse(answer)
    const hours = (cause: string) => causes.find((part) => part.cause === cause)?.busy_device_hours
    expect(hours('telemetry_lost')).toBeCloseTo((-2 * 0.9) / 6, 6)
    expect(hours('drained')).toBeCloseTo((-0.9 - 2 * 0.2) / 6, 6)
    expect(answer.guessed_nodes).toBeUndefined()
    const reversed = await ask({
      a_from: String(T0 + 10 * MINUTE_MS),
      a_to: String(T0 + 20 * MINUTE_MS),
      b_from: String(T0),
      b_to: String(T0 + 10 * MINUTE_MS),
      filters: ['node:eq:a00'],
    })
    expect(reversed.change_ppm).toBe(-(answer.change_ppm ?? 0))
  })

  test('replaced revisions count for nothing', async () => {
    await seedStall()
    await seedRows(engine.store, 'ledger_1m', [
      { ...row(T0 + 15 * MINUTE_MS, { id: 0, job: 'wrong', busy: 1 }), revision: 7 },
    ])
    const { causes } = await ask({ at: String(T0 + 12 * MINUTE_MS), window: '8m' })
    expect(causes.map(({ cause }) => cause)).toEqual(['jobs_stalled'])
  })
})

test('over hours: a drained node, a silent one, and the rest of the sum', async () => {
  const hours = Array.from({ length: 10 }, (_, at) => T0 + at * HOUR_MS)
  const rows = hours.flatMap((ms, at) =>
    Array.from({ length: 32 }, (_, id): Told => {
      if (id < 8 && at >= 5) return { id, state: 'drained' }
      if (id >= 24 && at >= 5) return { id, job: 'small', state: 'unknown' }
      return { id, job: id < 16 ? 'big' : 'small', busy: id < 16 ? 0.9 : 0.5 }
    }).map((told) => row(ms, told, HOUR_MS)),
  )
  await seedRows(engine.store, 'ledger_1h', rows)
  await publish(engine.store, hours, { resolution: '1h' })
  await publish(
    engine.store,
    hours.flatMap((ms) => Array.from({ length: 60 }, (_, at) => ms + at * MINUTE_MS)),
  )
  const answer = await ask({
    a_from: String(T0),
    a_to: String(T0 + 5 * HOUR_MS),
    b_from: String(T0 + 5 * HOUR_MS),
    b_to: String(T0 + 10 * HOUR_MS),
  })
  expect(answer).toMatchObject({
    a: { utilization: 0.7, resolution: '1h' },
    b: { utilization: 0.466666666666666, known_devices: 24, coverage: 0.75 },
    change_ppm: -233_333,
  })
  const told = answer.causes.map(({ cause, contributors }) => [cause, contributors[0]?.nodes])
  expect(told).toEqual([
    ['drained', 'a00'],
    ['telemetry_lost', 'a03'],
  ])
  const sum = answer.causes.reduce((total, part) => total + part.change_ppm, answer.residual_ppm)
  expect(sum).toBe(answer.change_ppm)
})

test('whole hours between minutes give the digits that minutes alone give', async () => {
  const hours = Array.from({ length: 5 }, (_, at) => T0 + at * HOUR_MS)
  const told = (at: number, id: number): Told => {
    const isDown = at >= 2 && id < 8
    return isDown ? { id, state: 'drained' } : { id, job: id < 16 ? 'big' : 'small', busy: 0.7 }
  }
  const ids = Array.from({ length: 32 }, (_, id) => id)
  const minutes = hours.flatMap((ms) => Array.from({ length: 60 }, (_, at) => ms + at * MINUTE_MS))
  const hourOf = (ms: number) => Math.floor((ms - T0) / HOUR_MS)
  await seedRows(
    engine.store,
    'ledger_1m',
    minutes.flatMap((ms) => ids.map((id) => row(ms, told(hourOf(ms), id)))),
  )
  await publish(engine.store, minutes)
  const question = { at: String(T0 + 2.5 * HOUR_MS), window: '2h' }
  const byMinutes = await ask(question)
  await seedRows(
    engine.store,
    'ledger_1h',
    hours.flatMap((ms, at) => ids.map((id) => row(ms, told(at, id), HOUR_MS))),
  )
  await publish(engine.store, hours, { resolution: '1h' })
  const byHours = await ask(question)
  expect([byMinutes.a.resolution, byHours.a.resolution, byHours.b.resolution]).toEqual([
    '1m',
    '1h',
    '1h',
  ])
  expect(byHours.causes.map(({ cause }) => cause)).toEqual(['drained'])
  expect(byHours.change_ppm).toBe(byMinutes.change_ppm)
  expect(byHours.causes).toEqual(byMinutes.causes)
})

test('windows that cannot be compared are refused with the reason', async () => {
  const at = (minute: number) => String(T0 + minute * MINUTE_MS)
  const refused = (question: Partial<ExplainQuestion>) =>
    expect(ask(question)).rejects.toMatchObject({ code: 'E_RANGE_INVALID' })
  await refused({ at: at(12), window: '8m' })
  await seedStall()
  await refused({})
  await refused({ at: at(12) })
  await refused({ at: at(12), window: '8 min' })
  await refused({ at: at(12), window: '36d' })
  await refused({ at: at(12), window: '8m', a_from: at(0) })
  await refused({ at: at(20), window: '8m' })
  await refused({ a_from: at(0), a_to: at(10), b_from: at(9), b_to: at(15) })
  await refused({ a_from: at(5), a_to: at(5), b_from: at(9), b_to: at(15) })
})

describe('contingency', () => {
  test('names the fewest jobs, what is left after each, and what no set can do', async () => {
    await seedStall()
    // Settled until minute 20: the slice is minutes 15 to 20, in which only `small` works, 0.2 of all.
    const answer = ContingencyAnswer.parse(
      await contingency(deps(), { level: '0.15', filters: [] }),
    )
    expect(answer).toMatchObject({
      from: '2026-05-04T08:15:00.000Z',
      utilization: 0.2,
      outcome: 'reachable',
      jobs: 1,
      zone: null,
      steps: [{ job: 'small', devices: 8, busy_devices: 6.4, utilization_after: 0 }],
    })
    expect(answer.sentence.en).toBe(
      'Utilization is 20.0 %. The end of 1 job takes it below 15.0 % (0.0 %): small (8).',
    )
    expect(await contingency(deps(), { filters: [] })).toMatchObject({
      zone: 'danger',
      level: 0.6,
      outcome: 'already_below',
      jobs: null,
      steps: [],
    })
    expect(await contingency(deps(), { level: '0', filters: [] })).toMatchObject({
      outcome: 'unreachable',
      running_jobs: 1,
    })
    expect(await contingency(deps(), { zone: 'warn', filters: ['node:eq:a02'] })).toMatchObject({
      utilization: 0.8,
      outcome: 'reachable',
      jobs: 1,
    })
    expect(await contingency(deps(), { filters: ['node:eq:none'] })).toMatchObject({
      outcome: 'unknown',
      utilization: null,
    })
  })

  test('says when there is nothing to look at, and when it was asked for two levels', async () => {
    await expect(contingency(deps(), { filters: [] })).rejects.toMatchObject({
      code: 'E_RANGE_INVALID',
    })
    await expect(
      contingency(deps(), { zone: 'warn', level: '0.5', filters: [] }),
    ).rejects.toMatchObject({ code: 'E_BAD_REQUEST' })
  })
})
