import { expect, it } from 'vitest'
import { plannedWindows } from './planned.ts'

const NOW = Date.UTC(2026, 10, 23)
const window = (label: string, more: object = {}, matcher: object = {}) => ({
  id: 'w1',
  kind: 'maintenance' as const,
  matchers: [{ label, value: 'h2', is_regex: false, is_equal: true, ...matcher }],
  from_ms: NOW + 1,
  to_ms: NOW + 3_600_000,
  who: 'Ada',
  comment: 'pump of loop 4',
  ...more,
})

it('a maintenance window to come of a whole place is a plan, any other is not', () => {
  expect(plannedWindows([window('hall')], NOW)).toEqual([
    { name: 'pump of loop 4', place: { hall: 'h2' }, fromMs: NOW + 1, toMs: NOW + 3_600_000 },
  ])
  const others = [
    window('rule'),
    window('hall', { from_ms: NOW }),
    window('hall', {}, { is_regex: true }),
    window('hall', {}, { is_equal: false }),
    { ...window('hall'), kind: 'silence' as const },
  ]
  expect(plannedWindows(others, NOW)).toEqual([])
})
