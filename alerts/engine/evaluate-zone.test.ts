import { describe, expect, it } from 'vitest'
import type { Alert } from '#schemas/alerts/alert.ts'
import { ZoneRule } from '#schemas/alerts/rule.ts'
import { DEFAULT_ZONE_SET } from '#schemas/alerts/zone-levels.ts'
import { ruleWordsOf } from '../message/group.ts'
import { renderLines } from '../message/lines.ts'
import { evaluateZone } from '../zones/evaluate.ts'
import { SLICE_MS } from '../zones/slices.ts'
import { type PlainSlice, row, T0, times } from '../zones/zones.testing.ts'
import { evaluateZones } from './evaluate-zone.ts'

const rule = ZoneRule.parse({
  lane: 'zone',
  name: 'utilization_zone',
  level: 'site',
  group_by: ['zone_set'],
  title: { en: 'Utilization under a line', zh: '利用率低于界线' },
  action: { en: 'Start waiting work', zh: '启动等待任务' },
})
const CAP = { cap: 2_000, known: 1_980 }
const busy = (percent: number, count: number) => times(count, { ...CAP, busy: 19.8 * percent })
const restored = { en: 'job 7 works again', zh: '任务 7 恢复工作' }

/** Plays slices one after the other; what the alert is after each. */
function play(slices: readonly PlainSlice[]): Alert[] {
  const alerts = new Map<string, Alert>()
  const seen: Alert[] = []
  for (const outcome of evaluateZone(DEFAULT_ZONE_SET, row(slices))) {
    const inputs = [
      { set: DEFAULT_ZONE_SET, scope: {}, outcome, usdPerHour: 1_200, who: null, restored },
    ]
    const next = evaluateZones(rule, inputs, alerts, { timeZone: 'UTC', isWhole: true })
    for (const alert of next) {
      alerts.set(alert.fingerprint, alert)
      seen.push(alert)
    }
  }
  return seen
}

const NIGHT = [...busy(68, 6), ...busy(49, 4), ...busy(66, 6)]

describe('a fleet that is under a wider line as usual', () => {
  const seen = play(NIGHT)
  const found = (change: (alert: Alert, before: Alert | undefined) => boolean) =>
    seen.find((alert, at) => change(alert, seen[at - 1]))

  it('pages at the third slice of danger, since when it is under that line, with the cost since then', () => {
    const page = found(({ severity }) => severity === 'page')
    expect(seen[0]?.severity).toBe('ticket')
    expect(page?.since_ms).toBe(T0 + 6 * SLICE_MS)
    expect(page?.reading.what?.en).toBe('Fleet busy 49.0 %, under the 60 % line')
    // Its third slice, and the two before it, in which the line was not open yet.
    expect(page?.cost_usd).toBeCloseTo((1_200 * 15) / 60, 6)
  })

  it('tells whoever was woken that the danger is over, and begins anew under the wider line', () => {
    const over = found(({ state }) => state === 'resolved')
    expect(over).toMatchObject({ severity: 'page', because: restored })
    expect(over?.resolved_ms).toBe(T0 + 13 * SLICE_MS)
    const [page, after] = [over, seen.at(-1)]
    if (page === undefined) throw new Error('it never ended')
    expect(after).toMatchObject({ state: 'firing', severity: 'warn', resolved_ms: null })
    const { en } = renderLines(
      { reason: 'resolved', severity: 'page', alerts: [page], ruleWords: () => ruleWordsOf(rule) },
      { timeZone: 'UTC', nowMs: T0 + 13 * SLICE_MS },
    )
    expect(en[0]).toMatch(
      /^\[OK\] Fleet busy 66\.0 % at \d\d:\d\d\. 35 min under the line, \$700\.$/,
    )
    expect(en.slice(1)).toEqual(['Restored by: job 7 works again', '1,980 of 2,000 reporting.'])
  })

  it('a page is not over while nobody can say', () => {
    const silent = { cap: 2_000, known: 1_800, busy: 1_260 }
    const held = play([...busy(68, 6), ...busy(49, 4), ...times(3, silent)])
    expect(held.some(({ state }) => state === 'resolved')).toBe(false)
    expect(held.at(-1)).toMatchObject({ state: 'held', severity: 'page' })
  })
})
