import { afterEach, expect, it } from 'vitest'
import { START_MS } from '../query/access/access.testing.ts'
import type { Backtests } from '#schemas/alerts/backtest.ts'
import { BacktestRun, BacktestsAnswer } from '#schemas/api-backtest.ts'
import { closeSites, site } from './alerts-api.testing.ts'

const DAY_MS = 86_400_000

afterEach(closeSites)

it('a backtest that is accepted lets its rule page, with what it found, and is withdrawn', async () => {
  const result = { acceptance: 'Backtest of forecast_zone.' }
  const runs = [BacktestRun.parse({ ...RUN, result: { ...RESULT, ...result } })]
  const backtests: Backtests = {
    gapOf: (rule) => (rule.lane === 'event' ? { en: 'events', zh: '事件' } : null),
    runs: () => runs,
    settled: async () => null,
    start: async () => BacktestRun.parse(RUN),
    stop: async () => undefined,
  }
  const { get, send, journal } = await site({}, backtests)
  const listed = async () => BacktestsAnswer.parse((await get('/alerts/backtest')).json())
  const trustOf = async (name: string) =>
    (await listed()).rules.find((rule) => rule.name === name)?.trust
  expect((await listed()).rules[0]).toMatchObject({ trust: 'observing' })
  expect((await listed()).rules.find(({ name }) => name === 'leak')?.gap?.en).toBe('events')
  expect((await get('/alerts/backtest?rule=mass_idle')).json()).toMatchObject({ runs: [] })
  const begun = await send('POST', '/alerts/backtest?rule=forecast_zone&from=0&to=300000')
  expect(begun.json()).toMatchObject({ id: 'b1', state: 'done' })
  expect((await send('POST', '/alerts/backtest?rule=forecast_zone')).statusCode).toBe(400)
  expect((await send('POST', '/alerts/trust', { accept: 'b2' })).statusCode).toBe(404)
  const accepted = await send('POST', '/alerts/trust', { accept: 'b1' })
  expect(accepted.json()).toEqual({ rule: 'forecast_zone', trust: 'paging' })
  expect(await trustOf('forecast_zone')).toBe('paging')
  const [entry] = await journal.readFrom(await journal.last(), 1)
  expect(entry?.body).toMatchObject({ kind: 'rule_trust', because: result.acceptance })
  await send('POST', '/alerts/trust', { observe: 'forecast_zone' })
  expect(await trustOf('forecast_zone')).toBe('observing')
})

it('a rule that cannot be tried pages once what it observed for seven days is accepted', async () => {
  const backtests: Backtests = {
    gapOf: ({ name }) => (name === 'mass_idle' ? { en: 'not kept', zh: '未保存' } : null),
    runs: () => [],
    settled: async () => null,
    start: async () => BacktestRun.parse(RUN),
    stop: async () => undefined,
  }
  const { get, send, journal, fire, advance } = await site({}, backtests)
  await fire()
  advance(DAY_MS)
  const observed = async () => {
    const { rules } = BacktestsAnswer.parse((await get('/alerts/backtest')).json())
    return rules.find(({ name }) => name === 'mass_idle')
  }
  const seen = { since_ms: START_MS, enough_ms: START_MS + 7 * DAY_MS, would_have_paged: 0 }
  expect(await observed()).toMatchObject({
    begins: 'observing',
    trust: 'observing',
    observed: seen,
  })
  const early = await send('POST', '/alerts/trust', { accept_observed: 'mass_idle' })
  expect(early.statusCode).toBe(400)
  expect(early.json()).toMatchObject({ error: { message: expect.stringContaining('7 days') } })
  advance(6 * DAY_MS)
  for (const name of ['forecast_zone', 'no_such_rule']) {
    const other = await send('POST', '/alerts/trust', { accept_observed: name })
    expect(other.statusCode).toBe(name === 'forecast_zone' ? 400 : 404)
  }
  const accepted = await send('POST', '/alerts/trust', { accept_observed: 'mass_idle' })
  expect(accepted.json()).toEqual({ rule: 'mass_idle', trust: 'paging' })
  expect(await observed()).toMatchObject({ trust: 'paging', observed: null })
  const [entry] = await journal.readFrom(await journal.last(), 1)
  expect(entry?.body).toMatchObject({
    kind: 'rule_trust',
    because: `It observed here since ${new Date(START_MS).toISOString()} and would have paged 0 times.`,
  })
  await send('POST', '/alerts/trust', { observe: 'mass_idle' })
  expect((await observed())?.observed?.since_ms).toBe(START_MS + 7 * DAY_MS)
})

const RESULT = {
  told: [],
  more: 0,
  judged: 1,
  looks_ahead: true,
  came: 0,
  missed: 0,
  pages: 0,
  warnings: 0,
  pages_per_week: 0,
  false_pages_per_week: 0,
  precision: null,
  median_lead_minutes: null,
  shortfalls: [],
  acceptance: '',
}
const RUN = {
  id: 'b1',
  rule: 'forecast_zone',
  from_ms: 0,
  to_ms: 300_000,
  scope: null,
  state: 'done',
  progress: 1,
  who: 'lin',
  started_ms: 0,
  ended_ms: 1,
  error: null,
  result: null,
}
