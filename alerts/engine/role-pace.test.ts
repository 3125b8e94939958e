import { expect, it, vi } from 'vitest'
import type { AlertFacts } from '#schemas/alerts/ports.ts'
import { Rule } from '#schemas/alerts/rule.ts'
import { memoryJournal, surroundings, testConfig } from './engine.testing.ts'
import { createAlertsRole } from './role.ts'

const QUIET = { info: () => undefined, warn: () => undefined, error: () => undefined }
const SLICE_MS = 300_000
const START = 6_000_000 * SLICE_MS

const never = () => Promise.reject(new Error('not asked'))

/** A role beside a store whose settled time the test moves; its timers run by hand. */
async function site() {
  const rule = Rule.parse({
    name: 'zone',
    lane: 'zone',
    level: 'site',
    title: { en: 'Fleet busy', zh: '集群利用率' },
    action: { en: 'Look.', zh: '查看。' },
  })
  let settledMs = START
  let isAway = false
  const askedMs: number[] = []
  let nowMs = START
  const facts: AlertFacts = {
    settledUntilMs: () => Promise.resolve(settledMs),
    async zoneScopes() {
      askedMs.push(nowMs)
      if (isAway) throw new Error('away')
      return []
    },
    zoneSlices: () => Promise.resolve([]),
    eventsAfter: (cursor) => Promise.resolve({ events: [], cursor: cursor ?? '' }),
    places: () => Promise.resolve([]),
    signal: never,
    explain: never,
    contingency: never,
    lossPerHour: never,
    scheduler: never,
    standing: never,
    plans: never,
  }
  const config = testConfig()
  const role = createAlertsRole({
    journal: memoryJournal(),
    feed: null,
    delivery: {
      apply: () => undefined,
      start: () => undefined,
      stop: async () => undefined,
      status: () => ({ waiting: 0, dead: 0, oldestMs: 0 }),
    },
    log: QUIET,
    rules: () => [rule],
    config: () => config,
    facts,
    around: surroundings([rule], config, () => nowMs),
    clock: () => nowMs,
    after: (ms, call) => {
      const timer = setTimeout(call, ms)
      return () => clearTimeout(timer)
    },
  })
  await role.start()
  return {
    role,
    askedMs,
    settle: (ms: number) => (settledMs = ms),
    goAway: () => (isAway = true),
    goOn: async (ms: number) => {
      for (const endMs = nowMs + ms; nowMs < endMs; nowMs += 500)
        await vi.advanceTimersByTimeAsync(500)
    },
  }
}

it('a slice is evaluated within seconds of being settled, wherever the clock of the passes stands', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  try {
    const { role, askedMs, settle, goOn, goAway } = await site()
    await goOn(1_000)
    expect(askedMs).toHaveLength(1)
    settle(START + SLICE_MS - 60_000)
    await goOn(16_000)
    expect(askedMs).toHaveLength(1)
    const settledAtMs = START + 17_000
    settle(START + SLICE_MS)
    await goOn(4_000)
    expect(askedMs).toHaveLength(2)
    expect(askedMs.at(-1)).toBeLessThanOrEqual(settledAtMs + 3_500)
    // One that cannot be evaluated is tried again at the usual pace.
    goAway()
    settle(START + 2 * SLICE_MS)
    await goOn(20_000)
    expect(askedMs.length - 2).toBeGreaterThanOrEqual(2)
    expect(askedMs.length - 2).toBeLessThanOrEqual(3)
    await role.stop()
  } finally {
    vi.useRealTimers()
  }
})
