import { expect, it, vi } from 'vitest'
import type { BacktestFacts } from '#schemas/alerts/backtest.ts'
import { Rule } from '#schemas/alerts/rule.ts'
import { DEFAULT_ZONE_SET } from '#schemas/alerts/zone-levels.ts'
import { BacktestRun } from '#schemas/api-backtest.ts'
import { eventRule, valueRule } from '../engine/engine.testing.ts'
import { SLICE_MS } from '../zones/slices.ts'
import { createBacktests } from './service.ts'

const FROM = Date.UTC(2026, 4, 4)
const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const zone = Rule.parse({
  name: 'utilization_zone',
  title: { en: 'Zone', zh: '区间' },
  action: { en: 'Look.', zh: '查看。' },
  level: 'site',
  lane: 'zone',
})
const rules = [zone, valueRule(), valueRule({ name: 'unkept', signal: 'other' }), eventRule()]

/** A day of a fleet of 1,000 devices, under the line from 10:00 to 11:00; heat above 80 from 02:00 to 03:00. */
const facts: BacktestFacts = {
  settled: async () => ({ fromMs: FROM, toMs: FROM + DAY_MS }),
  historyGap: (signal) => (signal === 'heat' ? null : { en: 'not kept', zh: '未保存' }),
  zoneScopes: async () => [''],
  async zoneSlices(_, { fromMs, toMs }) {
    const slices = Array.from({ length: DAY_MS / SLICE_MS }, (_none, at) => {
      const isLow = at >= 120 && at < 132
      const baseMs = BigInt(1_000 * SLICE_MS)
      return {
        fromMs: FROM + at * SLICE_MS,
        baseMs,
        knownMs: baseMs,
        busyX1000: baseMs * (isLow ? 500n : 800n),
        sourceChangedMs: 0n,
      }
    })
    return [
      { labels: {}, slices: slices.filter((one) => one.fromMs >= fromMs && one.fromMs < toMs) },
    ]
  },
  async *history(_, { fromMs, toMs }) {
    for (let atMs = fromMs + SLICE_MS; atMs <= toMs; atMs += SLICE_MS) {
      const value = atMs > FROM + 2 * HOUR_MS && atMs <= FROM + 3 * HOUR_MS ? 90 : 60
      yield { atMs, rows: [{ labels: { rack: 'r1' }, value }], covered: { '': 1 } }
    }
  },
}

function open(given: Partial<BacktestFacts> = {}) {
  let id = 0
  const backtests = createBacktests({
    facts: { ...facts, ...given },
    rules: () => new Map(rules.map((rule) => [rule.name, rule])),
    sets: () => [DEFAULT_ZONE_SET],
    timeZone: () => 'UTC',
    holidays: () => [],
    clock: () => FROM,
    newId: () => String((id += 1)),
    breathe: async () => undefined,
  })
  const wish = (rule: string, days = 1) => ({
    rule,
    range: { fromMs: FROM, toMs: FROM + days * DAY_MS },
    scope: null,
  })
  const ended = async () => {
    await vi.waitFor(() => expect(backtests.runs()[0]?.state).not.toBe('running'), 10_000)
    return BacktestRun.parse(backtests.runs()[0])
  }
  return { backtests, wish, ended }
}

it('tries zones in a thread and value rules on their history, and keeps what it found', async () => {
  const { backtests, wish, ended } = open()
  const begun = await backtests.start('Ada', wish('utilization_zone'))
  expect(begun).toMatchObject({ state: 'running', who: 'Ada', result: null })
  await expect(backtests.start('Ada', wish('hot'))).rejects.toMatchObject({
    code: 'E_BACKTEST_BUSY',
  })
  const zones = await ended()
  expect(zones.error).toBeNull()
  expect(zones.result?.told).toMatchObject([{ scope: 'fleet', severity: 'page' }])
  expect(zones.result?.acceptance).toContain('1 pages')
  expect(zones.result?.shortfalls).toEqual([{ kind: 'days', value: 1, bar: 30 }])
  // Asked for again it is given as it is.
  expect((await backtests.start('Bo', wish('utilization_zone'))).id).toBe(begun.id)
  await backtests.start('Ada', wish('hot', 2))
  const hot = await ended()
  expect(hot.result?.told).toEqual([
    {
      scope: 'r1',
      severity: 'warn',
      from_ms: FROM + 2 * HOUR_MS + 2 * SLICE_MS,
      to_ms: FROM + 3 * HOUR_MS + 2 * SLICE_MS,
      lead_minutes: null,
    },
  ])
  // Only the first of two days is stored.
  expect(hot.result?.judged).toBeCloseTo(0.5)
  await backtests.stop()
})

it('says what cannot be tried and why, and what failed', async () => {
  const { backtests, wish, ended } = open({
    history: () => {
      throw new Error('the store is away')
    },
  })
  expect(rules.map((rule) => backtests.gapOf(rule)?.en ?? null)).toEqual([
    null,
    null,
    'not kept',
    expect.stringContaining('events'),
  ])
  const refused = (rule: string, days = 1) => backtests.start('Ada', wish(rule, days))
  await expect(refused('unkept')).rejects.toMatchObject({ code: 'E_BAD_REQUEST' })
  await expect(refused('nobody')).rejects.toMatchObject({ code: 'E_NOT_FOUND' })
  await expect(refused('hot', 0)).rejects.toMatchObject({ code: 'E_RANGE_INVALID' })
  await expect(refused('hot', 93)).rejects.toMatchObject({ code: 'E_RANGE_INVALID' })
  await refused('hot')
  expect(await ended()).toMatchObject({ state: 'failed', error: 'the store is away', result: null })
  // One that failed is tried again.
  expect((await refused('hot')).id).not.toBe('1')
  await backtests.stop()
})
