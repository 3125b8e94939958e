import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { IdleHeldAnswer } from '#schemas/api-ledger.ts'
import { publish, seedDevices, seedGroups } from '../seed.testing.ts'
import { HOUR_MS, MINUTE_MS } from '../window.ts'
import { EXAMPLE_FROM_MS, seedExample } from './example.testing.ts'
import { FLEET_GAUGES, FLEET_SERIES_MAX, fleetExposition } from './exposition.ts'
import { idleHeldAnswer } from './idle-held.ts'
import { type LedgerSite, line, NOTHING, prices, startLedgerSite } from './ledger.testing.ts'

const T0 = EXAMPLE_FROM_MS
const END = T0 + HOUR_MS
let site: LedgerSite
beforeAll(async () => {
  site = await startLedgerSite()
})
afterAll(async () => {
  await site.stop()
})
beforeEach(async () => {
  await site.reset()
})

const page = () => fleetExposition(site.deps())()
const seriesOf = (text: string) => text.split('\n').filter((row) => row !== '' && row[0] !== '#')

describe('/metrics/fleet', () => {
  test('says what the ledger says, group by group, for an hour and for five minutes', async () => {
    await seedExample(site.store)
    const text = await page()
    const value = (start: string) => {
      const row = seriesOf(text).find((series) => series.startsWith(start))
      return row === undefined ? null : Number(row.split(' ').at(-1))
    }
    const hour = 'scope="fleet",window="1h"'
    expect(value(`plimsoll_fleet_utilization_ratio{${hour}}`)).toBeCloseTo(9.82 / 18, 9)
    expect(value(`plimsoll_fleet_coverage_ratio{${hour}}`)).toBeCloseTo(18 / 19, 9)
    expect(value(`plimsoll_fleet_state_ratio{${hour},state="unallocated"}`)).toBe(0.15)
    expect(value(`plimsoll_fleet_loss_usd_per_hour{${hour}}`)).toBeCloseTo(16.8, 9)
    expect(value(`plimsoll_fleet_price_assumed{${hour}}`)).toBe(1)
    const minutes = 'scope="hall",cluster="east",hall="h1",window="5m"'
    expect(value(`plimsoll_fleet_loss_usd_per_hour{${minutes}}`)).toBeCloseTo(16.8, 9)
    expect(value(`plimsoll_fleet_capacity_devices{${minutes}}`)).toBe(20)
    expect(value('plimsoll_fleet_settled_until_seconds')).toBe(END / 1000)
    expect(value('plimsoll_fleet_series_left_out')).toBe(0)
  })

  test('gives whole groups up to its limit, says what it left out, and escapes names', async () => {
    const groups = Array.from({ length: 100 }, (_, at) => ({
      bucketMs: END - MINUTE_MS,
      devices: 1,
      dims: { cluster: `c"${at}\n`, pool: `p${at}` },
    }))
    await seedGroups(site.store, groups)
    await publish(site.store, [END - MINUTE_MS])
    const rows = seriesOf(await page())
    expect(rows.length).toBeLessThanOrEqual(FLEET_SERIES_MAX)
    expect(rows.at(-1)).toMatch(/^plimsoll_fleet_series_left_out [1-9]\d+$/)
    expect(rows.every((row) => /^plimsoll_fleet_\w+(\{.*\})? \S+$/.test(row))).toBe(true)
    const states = rows.filter((row) => row.startsWith('plimsoll_fleet_state_ratio{'))
    expect(states.length % 9).toBe(0)
    expect(rows.some((row) => row.includes('cluster="c\\"0\\n"'))).toBe(true)
  })

  test('is empty before anything is settled', async () => {
    expect(await page()).toBe('')
  })

  test('has every metric that the Grafana board names', () => {
    const board = new URL('../../deploy/grafana/plimsoll-fleet.json', import.meta.url)
    const named = readFileSync(board, 'utf8').match(/plimsoll_fleet_\w+/g) ?? []
    const given = Object.keys(FLEET_GAUGES)
    expect([...new Set(named)].toSorted()).toEqual(given.toSorted())
  })
})

describe('idle although held', () => {
  const idle = (minute: number, more: { deviceId: number; class?: string; tenant?: string }) => ({
    bucketMs: T0 + minute * MINUTE_MS,
    deviceId: more.deviceId,
    capacityMs: 0,
    knownMs: 0,
    dims: { tenant: more.tenant ?? 'stars', class: more.class ?? 'training', billing: 'paid' },
    states: { idle_held_ms: 60_000, productive_ms_x1000: -60_000_000 },
  })
  const minutes = (from: number, to: number) =>
    Array.from({ length: to - from }, (_, at) => from + at)

  test('lists what is idle now, the longest first, with since when and what it costs', async () => {
    await seedDevices(site.store, [
      ...minutes(0, 60).map((at) => idle(at, { deviceId: 1 })),
      // Idle, busy for ten minutes, idle again.
      ...[...minutes(0, 20), ...minutes(30, 60)].map((at) => idle(at, { deviceId: 2 })),
      ...minutes(10, 60).map((at) => idle(at, { deviceId: 3, class: 'serving' })),
      // Works again.
      ...minutes(0, 59).map((at) => idle(at, { deviceId: 4 })),
      // Turned out not to be idle.
      ...minutes(30, 60).map((at) => idle(at, { deviceId: 5 })),
      ...minutes(30, 60).map((at) => ({
        ...idle(at, { deviceId: 5 }),
        states: { idle_held_ms: -60_000, productive_ms_x1000: 60_000_000 },
      })),
    ])
    await publish(
      site.store,
      minutes(0, 60).map((at) => T0 + at * MINUTE_MS),
    )
    site.documents = { ...NOTHING, prices: prices(line(3, { model: 'H100' })) }
    const first = IdleHeldAnswer.parse(await idleHeldAnswer(site.deps(), { hours: 1, limit: 2 }))
    expect(first.total).toBe(3)
    expect(first.devices).toMatchObject([
      { device_id: '1', hours: 1, since_at_least: true, usd_per_hour: 3, is_reserve: false },
      {
        device_id: '3',
        since: new Date(T0 + 10 * MINUTE_MS).toISOString(),
        since_at_least: false,
        is_reserve: true,
      },
    ])
    const cursor = first.next_cursor ?? ''
    const second = await idleHeldAnswer(site.deps(), { hours: 1, limit: 2, cursor })
    expect(second.devices).toMatchObject([{ device_id: '2', hours: 0.5, tenant: 'stars' }])
    expect(second.next_cursor).toBeNull()
  })

  test('is nobody before anything is settled', async () => {
    expect(await idleHeldAnswer(site.deps(), { hours: 6, limit: 10 })).toMatchObject({
      settled_until: null,
      devices: [],
      total: 0,
    })
  })
})
