import { afterAll, beforeAll, expect, it } from 'vitest'
import { startTestEngine, type TestEngine } from '../ingest/engine/engine.testing.ts'
import { publish, seedGroups } from '../query/seed.testing.ts'
import { parseInvocation } from './command.ts'
import { BACKTEST } from './backtest-options.ts'
import { run } from './commands/backtest.ts'

/** `plimsoll backtest` over settled group minutes of a real engine. */

const FROM = Date.UTC(2026, 4, 4)
const MINUTE_MS = 60_000
const HOURS = 24
/** Under the line from 10:00 to 11:00. */
const isLow = (minute: number) => minute >= 600 && minute < 660

let engine: TestEngine
beforeAll(async () => {
  engine = await startTestEngine({ migrated: true })
  const buckets = Array.from({ length: HOURS * 60 }, (_, at) => FROM + at * MINUTE_MS)
  await seedGroups(
    engine.store,
    buckets.map((bucketMs, at) => ({ bucketMs, devices: 10_000, busy: isLow(at) ? 0.5 : 0.8 })),
  )
  await publish(engine.store, buckets)
}, 90_000)
afterAll(async () => {
  await engine.stop()
})

async function backtest(...args: string[]): Promise<string[]> {
  const lines: string[] = []
  const { hostname, port } = new URL(engine.url)
  const store = `http://${engine.user}:${engine.password}@${hostname}:${port}/${engine.database}`
  const window = ['--from', '2026-05-04T00:00Z', '--to', '2026-05-05T00:00Z']
  const invocation = parseInvocation(BACKTEST, [...args, ...window, '--clickhouse', store], {
    env: {},
    print: (line) => lines.push(line),
  })
  expect(await run(invocation)).toBe(0)
  return lines
}

it('says when the zone would have paged, to the slice', async () => {
  const lines = await backtest('--rule', 'zone')
  expect(lines.find((line) => line.includes('page'))).toMatch(/page {3}fleet 2026-05-04T10:/)
  expect(lines.at(-1)).toMatch(
    /^Backtest of zone, 2026-05-04T00:00Z to 2026-05-05T00:00Z, 100\.0 % of it known: 1 pages .* Below the bar: 1\.0 days could be judged, 30 are asked for\.$/,
  )
})

it('tries the forecast on what lies before, and says what it missed', async () => {
  const lines = await backtest('--rule', 'forecast_zone', '--scope', 'hall')
  expect(lines.at(-1)).toContain('1 times the line was crossed, 1 of them unannounced')
})
