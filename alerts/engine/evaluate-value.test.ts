import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Alert } from '#schemas/alerts/alert.ts'
import type { ValueRule } from '#schemas/alerts/rule.ts'
import { answerOf, valueRule } from './engine.testing.ts'
import {
  ABSENT_MS,
  evaluateValue,
  LATE_MS,
  NO_VALUE_MEMORY,
  type ValueMemory,
} from './evaluate-value.ts'

const STEP = 15_000
const START = 1_800_000_000_000

/** Plays values one every 15 s; `undefined` = the series is not in the answer. */
function play(rule: ValueRule, values: readonly (number | null | undefined)[], lateMs = 0) {
  let memory: ValueMemory = NO_VALUE_MEMORY
  const alerts = new Map<string, Alert>()
  const states: (string | null)[] = []
  for (const [index, value] of values.entries()) {
    const atMs = START + index * STEP
    const rows = value === undefined ? [] : [{ labels: { rack: 'r1' }, value, usd_per_hour: 60 }]
    const done = evaluateValue(rule, answerOf(atMs, rows), { alerts, memory }, atMs + lateMs)
    memory = done.memory
    for (const alert of done.alerts) alerts.set(alert.fingerprint, alert)
    const [first] = alerts.values()
    states.push(first === undefined ? null : `${first.state} ${first.severity}`)
  }
  return { states, alerts: [...alerts.values()] }
}

const repeat = <Value>(value: Value, times: number) => Array.from({ length: times }, () => value)

describe('a value rule', () => {
  it('waits for its hold time, fires, and ends after its reset time', () => {
    const { states } = play(valueRule(), [85, 85, 85, 85, 85, 75, 69, 69, 69, 69, 69])
    expect(states).toEqual([
      ...repeat('pending warn', 4),
      ...repeat('firing warn', 6),
      'resolved warn',
    ])
  })

  it('one value below the line ends the wait and leaves nothing', () => {
    const { states, alerts } = play(valueRule(), [85, 85, 60])
    expect(states.at(-1)).toBe('resolved warn')
    expect(alerts[0]?.fired_ms).toBeNull()
  })

  it('grows worse at the second threshold, and milder when only that one is left', () => {
    const thresholds = [
      { severity: 'warn', set: 80, reset: 70 },
      { severity: 'page', set: 90, reset: 85 },
    ]
    const { states } = play(valueRule({ thresholds }), [81, 95, 86, 84, 69])
    expect(states).toEqual([
      'firing warn',
      'firing page',
      'firing page',
      'firing warn',
      'resolved warn',
    ])
  })

  it('no data holds what fires, and is neither healthy nor the end', () => {
    const thresholds = [{ severity: 'warn', set: 80, reset: 70 }]
    const { states } = play(valueRule({ thresholds }), [81, null, null, 81, 60])
    expect(states).toEqual([
      'firing warn',
      'held warn',
      'held warn',
      'firing warn',
      'resolved warn',
    ])
  })

  it('no data is an alert of its own where the rule says so', () => {
    const rule = valueRule({ no_data: 'alert' })
    const { alerts } = play(rule, [50, ...repeat(null, 6), 50])
    expect(alerts.map(({ severity, state }) => `${severity} ${state}`)).toEqual(['data resolved'])
    expect(alerts[0]?.because?.en).toBe('there is data again')
  })

  it('an alert that is over keeps what it was about, with the value and the reason it ended with', () => {
    const rule = valueRule()
    const words = (en: string) => ({ en, zh: en })
    let [memory, alerts] = [NO_VALUE_MEMORY, new Map<string, Alert>()]
    for (const [index, value] of [...repeat(85, 6), ...repeat(0, 6)].entries()) {
      const row = { labels: { rack: 'r1' }, value, what: words(`${value} of 100 are hot`) }
      const rows = [value === 0 ? { ...row, ended: words('another alert says more') } : row]
      const atMs = START + index * STEP
      const done = evaluateValue(rule, answerOf(atMs, rows), { alerts, memory }, atMs)
      memory = done.memory
      alerts = new Map([...alerts, ...done.alerts.map((one) => [one.fingerprint, one] as const)])
    }
    expect([...alerts.values()]).toMatchObject([
      {
        state: 'resolved',
        because: { en: 'another alert says more' },
        reading: { value: 0, what: { en: '85 of 100 are hot' } },
      },
    ])
  })

  it('fires in n of m evaluations', () => {
    const thresholds = [{ severity: 'warn', set: 80, reset: 70, n: 3, m: 5 }]
    expect(play(valueRule({ thresholds }), [85, 60, 85, 60, 85]).states.at(-1)).toBe('firing warn')
    expect(play(valueRule({ thresholds }), [85, 60, 60, 85, 60, 60, 85]).states).not.toContain(
      'firing warn',
    )
  })

  it('keeps firing for its least time', () => {
    const thresholds = [{ severity: 'warn', set: 80, reset: 70 }]
    const { states } = play(valueRule({ thresholds, keep: 45 }), [85, 60, 60, 60])
    expect(states).toEqual([...repeat('firing warn', 3), 'resolved warn'])
  })

  it('light rows open nothing', () => {
    expect(play(valueRule({ min_devices: 2 }), repeat(85, 9)).states.at(-1)).toBe('firing warn')
    const light = answerOf(START, [{ labels: {}, value: 85, devices: 1 }])
    const before = { alerts: new Map(), memory: NO_VALUE_MEMORY }
    expect(evaluateValue(valueRule({ min_devices: 2 }), light, before, START).alerts).toEqual([])
  })

  it('a series that is gone while others are not ends after its time, held until then', () => {
    const thresholds = [{ severity: 'warn', set: 80, reset: 70 }]
    const { states } = play(valueRule({ thresholds }), [
      85,
      ...repeat(undefined, ABSENT_MS / STEP + 1),
    ])
    expect(new Set(states.slice(1, -1))).toEqual(new Set(['held warn']))
    expect(states.at(-1)).toBe('resolved warn')
  })

  it('counts what it costs while it fires', () => {
    const thresholds = [{ severity: 'warn', set: 80, reset: 70 }]
    const { alerts } = play(valueRule({ thresholds }), repeat(85, 241))
    expect(alerts[0]?.cost_usd).toBeCloseTo(60, 5)
  })

  it('late or unknown values never end an alert, whatever came before', () => {
    const value = fc.oneof(fc.constantFrom(60, 75, 85, 95), fc.constant(null))
    fc.assert(
      fc.property(fc.array(value, { maxLength: 40 }), (values) => {
        const { states } = play(valueRule({ keep: 30 }), [...values, null])
        const [before, after] = [states.at(-2), states.at(-1)]
        if (before?.startsWith('firing') === true) expect(after).toContain('held')
        if (before?.startsWith('held') === true) expect(after).toBe(before)
      }),
    )
    const { states } = play(valueRule(), repeat(85, 9), LATE_MS + 1)
    expect(states.at(-1)).toBeNull()
  })

  it('never fires without having been beyond the line for the whole hold time', () => {
    const value = fc.oneof(fc.constantFrom(60, 75, 79, 80, 85), fc.constant(null))
    fc.assert(
      fc.property(fc.array(value, { maxLength: 60 }), (values) => {
        const { states } = play(valueRule(), values)
        for (const [index, state] of states.entries()) {
          const before = states[index - 1] ?? null
          if (state !== 'firing warn' || before === 'firing warn' || before === 'held warn')
            continue
          const held = values.slice(index - 4, index + 1)
          expect(held.length).toBe(5)
          for (const one of held) expect(one ?? 0).toBeGreaterThanOrEqual(80)
        }
      }),
    )
  })
})
