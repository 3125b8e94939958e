import { afterEach, describe, expect, test } from 'vitest'
import { ContingencyAnswer, ExplainAnswer } from '#schemas/api-explain.ts'
import { ThermalAnswer } from '#schemas/api-thermal.ts'
import { fakeReader, START_MS, testApp, type TestApp } from './access/access.testing.ts'
import { MINUTE_MS } from './window.ts'

const opened: TestApp[] = []
afterEach(async () => {
  await Promise.all(opened.splice(0).map(({ app }) => app.close()))
})

const settled = {
  minute_rows: '240',
  first_minute_ms: String(START_MS - 240 * MINUTE_MS),
  last_minute_ms: String(START_MS - MINUTE_MS),
}
const cell = (job: string, known: number, busy: number) => ({
  at_cluster: 'east',
  at_rack: 'r1',
  at_node: 'n1',
  device: '0',
  of_tenant: job === '' ? '' : 'atlas',
  of_job: job,
  source: 1,
  is_unnamed: 0,
  // capacity, verification, known, busy, failed, drained, unallocated and its busy time, idle and its, throttled.
  sums: [known, 0, known, busy, 0, 0, job === '' ? known : 0, 0, 0, 0, 0],
})

async function site() {
  const reader = fakeReader({
    minute_rows: [settled],
    'AS is_unnamed': [cell('a', 4_800_000, 4_320_000_000), cell('', 4_800_000, 0)],
    'AS verification_ms': [
      {
        cluster: 'east',
        tenant: 'atlas',
        job: 'a',
        capacity_ms: '2400000',
        verification_ms: '0',
        known_ms: '2400000',
        busy_ms_x1000: '2160000000',
      },
    ],
  })
  const built = await testApp({ reader })
  opened.push(built)
  return { ...built, reader }
}

const at = START_MS - 30 * MINUTE_MS

describe('over the API', () => {
  test('answers have their contracts', async () => {
    const { app } = await site()
    const explained = await app.inject(`/api/v1/explain?at=${at}&window=10m&filter=cluster:eq:east`)
    expect(explained.statusCode).toBe(200)
    expect(ExplainAnswer.parse(explained.json())).toMatchObject({
      a: { utilization: 0.45, resolution: '1m' },
      change_ppm: 0,
      causes: [],
      sentence: { en: 'Utilization did not move (45.0 %, then 45.0 %).' },
    })
    const what = await app.inject('/api/v1/contingency?level=0.85')
    expect(what.statusCode).toBe(200)
    expect(ContingencyAnswer.parse(what.json())).toMatchObject({ outcome: 'reachable', jobs: 1 })
    const hot = await app.inject('/api/v1/thermal')
    expect(hot.statusCode).toBe(200)
    expect(ThermalAnswer.parse(hot.json())).toMatchObject({ total: 0, devices: [], racks: [] })
  })

  test('values from outside reach the store as bound parameters', async () => {
    const { app, reader } = await site()
    const evil = "x'; DROP TABLE samples; --"
    const filter = `filter=${encodeURIComponent(`job:eq:${evil}`)}`
    for (const path of [`explain?at=${at}&window=10m&`, 'contingency?', 'thermal?'])
      expect((await app.inject(`/api/v1/${path}${filter}`)).statusCode).toBe(200)
    expect(reader.asked.filter(({ params }) => params['f1'] === 'job')).toHaveLength(4)
    expect(reader.asked.every(({ sql }) => !sql.includes('DROP'))).toBe(true)
  })

  for (const [path, code] of [
    ['explain', 'E_RANGE_INVALID'],
    ['explain?at=now&window=1h', 'E_RANGE_INVALID'],
    [`explain?at=${at}&window=forever`, 'E_RANGE_INVALID'],
    [`explain?at=${at}&window=10m&windows=2`, 'E_BAD_REQUEST'],
    [`explain?at=${at}&window=10m&filter=moon:eq:1`, 'E_FILTER_INVALID'],
    ['contingency?zone=lost', 'E_BAD_REQUEST'],
    ['contingency?level=60', 'E_BAD_REQUEST'],
    ['contingency?level=0.6&zone=warn', 'E_BAD_REQUEST'],
    ['thermal?limit=201', 'E_BAD_REQUEST'],
    ['thermal?sort=colour', 'E_BAD_REQUEST'],
    ['thermal?minutes=61', 'E_BAD_REQUEST'],
    ['thermal?cursor=abc', 'E_CURSOR_INVALID'],
  ] as const) {
    test(`${path} is refused with ${code}`, async () => {
      const { app } = await site()
      const response = await app.inject(`/api/v1/${path}`)
      expect([response.statusCode, response.json().error.code]).toEqual([400, code])
    })
  }
})
