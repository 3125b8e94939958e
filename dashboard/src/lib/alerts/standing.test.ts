import { expect, it } from 'vitest'
import { alertItem } from './alerts.testing.ts'
import { evaluatorStanding, lastedMs, sectionsOf } from './standing.ts'

it('an evaluator that never passed, or not for a minute, makes nothing known', () => {
  expect(evaluatorStanding({ last_pass_ms: null }, 100_000, 0)).toEqual({ kind: 'never' })
  expect(evaluatorStanding({ last_pass_ms: 90_000 }, 100_000, 5_000)).toEqual({
    kind: 'works',
    atMs: 90_000,
  })
  expect(evaluatorStanding({ last_pass_ms: 90_000 }, 100_000, 50_001)).toEqual({
    kind: 'silent',
    ageMs: 60_001,
  })
})

it('a clock that is behind makes no silence', () => {
  expect(evaluatorStanding({ last_pass_ms: 900_000 }, 100_000, -5).kind).toBe('works')
})

it('each open alert stands in one section; resolved ones in none', () => {
  const alerts = [
    alertItem({ rule: 'a' }),
    alertItem({ rule: 'b', state: 'held' }),
    alertItem({ rule: 'c', suppressed: { kind: 'silence', by: 's1' } }),
    alertItem({ rule: 'd', mode: 'observing', suppressed: { kind: 'silence', by: 's1' } }),
    alertItem({ rule: 'e', state: 'pending' }),
    alertItem({ rule: 'f', state: 'pending', mode: 'observing' }),
    alertItem({ rule: 'g', state: 'resolved' }),
  ]
  const rules = (list: readonly { rule: string }[]) => list.map(({ rule }) => rule).join('')
  const { told, quiet, observing, pending } = sectionsOf(alerts)
  expect([told, quiet, observing, pending].map(rules)).toEqual(['ab', 'c', 'd', 'ef'])
})

it('what is over lasted until its end, what is open until now', () => {
  expect(lastedMs({ since_ms: 10, resolved_ms: 50 }, 90)).toBe(40)
  expect(lastedMs({ since_ms: 10, resolved_ms: null }, 90)).toBe(80)
  expect(lastedMs({ since_ms: 100, resolved_ms: null }, 90)).toBe(0)
})
