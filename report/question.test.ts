import { describe, expect, it } from 'vitest'
import { createCalendar } from './calendar.ts'
import { questionOf } from './question.ts'

const calendar = createCalendar('Asia/Shanghai')
const DAY_MS = 86_400_000
const week = calendar.period('2026-W47')
const asked = (settled: { firstMs: number; untilMs: number }) =>
  questionOf(week, { calendar, settled, book: null })

describe('what a week is compared with', () => {
  it('four whole weeks before, the newest first', () => {
    const { question, versusId, state } = asked({ firstMs: 0, untilMs: week.toMs + DAY_MS })
    expect([state, versusId]).toEqual(['whole', '2026-W46'])
    expect(question.compared.map(({ id }) => id)).toEqual([
      '2026-W46',
      '2026-W45',
      '2026-W44',
      '2026-W43',
    ])
    expect(question.compared.every(({ fromMs, toMs }) => toMs - fromMs === 7 * DAY_MS)).toBe(true)
  })

  it('so far: the same part of each', () => {
    const { question, state } = asked({ firstMs: 0, untilMs: week.fromMs + 2 * DAY_MS })
    expect(state).toBe('so_far')
    expect(question.compared.map(({ fromMs, toMs }) => (toMs - fromMs) / DAY_MS)).toEqual([
      2, 2, 2, 2,
    ])
    expect(question.earlier.every(({ fromMs, toMs }) => toMs - fromMs === 7 * DAY_MS)).toBe(true)
  })

  it('only weeks that data did not begin within; a week that it began within with none', () => {
    const firstMs = week.fromMs - 10 * DAY_MS
    const { question } = asked({ firstMs, untilMs: week.toMs })
    expect(question.compared.map(({ id }) => id)).toEqual(['2026-W46'])
    const partial = asked({ firstMs: week.fromMs + DAY_MS, untilMs: week.toMs })
    expect([partial.state, partial.question.compared, partial.versusId]).toEqual([
      'partial',
      [],
      null,
    ])
  })
})
