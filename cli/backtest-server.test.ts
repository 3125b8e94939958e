import { createServer } from 'node:http'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { BacktestRun } from '#schemas/api-backtest.ts'
import { BACKTEST } from './backtest-options.ts'
import { parseInvocation } from './command.ts'
import { run } from './commands/backtest.ts'

const FROM = Date.UTC(2026, 4, 4)
const running: BacktestRun = {
  id: 'b1',
  rule: 'utilization_zone',
  from_ms: FROM,
  to_ms: FROM + 86_400_000,
  scope: null,
  state: 'running',
  progress: 0.4,
  who: 'Ada',
  started_ms: FROM,
  ended_ms: null,
  error: null,
  result: null,
}
const done: BacktestRun = {
  ...running,
  state: 'done',
  progress: 1,
  result: {
    told: [
      { scope: 'fleet', severity: 'page', from_ms: FROM, to_ms: null, lead_minutes: null },
      { scope: 'h2', severity: 'warn', from_ms: FROM, to_ms: FROM + 60_000, lead_minutes: 25 },
    ],
    more: 0,
    judged: 1,
    looks_ahead: false,
    came: 0,
    missed: 0,
    pages: 1,
    warnings: 1,
    pages_per_week: 7,
    false_pages_per_week: null,
    precision: null,
    median_lead_minutes: null,
    shortfalls: [],
    acceptance: 'Backtest of utilization_zone: 1 pages.',
  },
}
const asked: string[] = []
const server = createServer(({ method = '', url = '' }, reply) => {
  asked.push(`${method} ${url}`)
  const answer =
    method === 'POST'
      ? running
      : {
          at_ms: FROM,
          rules: [],
          runs: [done],
          known_from_ms: 0,
          known_to_ms: FROM,
          simulated: false,
        }
  reply.setHeader('content-type', 'application/json').end(JSON.stringify(answer))
})
beforeEach(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)))
afterEach(() => new Promise<void>((resolve) => server.close(() => resolve())))

it('a server that runs is asked, waited for, and its answer printed', async () => {
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : 0
  const lines: string[] = []
  const window = ['--from', '2026-05-04T00:00Z', '--to', '2026-05-05T00:00Z']
  const url = `http://127.0.0.1:${port}`
  const invocation = parseInvocation(BACKTEST, ['--rule', 'zone', ...window, '--server', url], {
    env: {},
    print: (line) => lines.push(line),
  })
  expect(await run(invocation)).toBe(0)
  expect(asked[0]).toBe(
    `POST /api/v1/alerts/backtest?rule=utilization_zone&from=${FROM}&to=${FROM + 86_400_000}`,
  )
  expect(lines).toEqual([
    '  page   fleet 2026-05-04T00:00Z goes on',
    '  warn   h2 2026-05-04T00:00Z until 2026-05-04T00:01Z, 25 min ahead',
    'Backtest of utilization_zone: 1 pages.',
  ])
})
