import { describe, expect, it } from 'vitest'
import type { ComparedPeriod } from '#schemas/report/facts.ts'
import { inputOf, shanghai, WEEK } from '../answers.testing.ts'
import { comparedTable } from './compared.ts'
import { holidaysOf } from './holidays.ts'

const period = (
  before: number,
  utilization: number | null,
  loss_usd: number | null,
): ComparedPeriod => ({
  ...shanghai.before(WEEK, before),
  utilization,
  coverage: utilization === null ? 0 : 1,
  lost_gpu_hours: (loss_usd ?? 0) / 2,
  loss_usd,
})

describe('this week beside the four before', () => {
  const rowsOf = (compared: readonly ComparedPeriod[]) =>
    (comparedTable(inputOf({ compared }))?.rows ?? []).map((row) =>
      Object.values(row).map((cell) =>
        typeof cell === 'string' ? cell : 'text' in cell ? cell.text : cell.en,
      ),
    )

  it('stands beside their median, which one odd week does not move', () => {
    const rows = rowsOf([
      period(1, 0.733, 4_000_000),
      period(2, 0.2, 14_000_000),
      period(3, 0.74, 4_200_000),
      period(4, 0.723, 4_400_000),
    ])
    expect(rows.map(([name]) => name)).toEqual([
      '2026-W47',
      '2026-W46',
      '2026-W45',
      '2026-W44',
      '2026-W43',
      'Median of the 4 before',
      'Against the median (points)',
    ])
    // Of 0.733 and 0.723 the mean; of 4.2 and 4.4 million as well.
    expect(rows[5]).toEqual(['Median of the 4 before', '72.8', '', '2,150,000', '4,300,000'])
    // 0.714 - 0.728; the fleet of the example loses 2 x 8,332,800 x (1 - 0.714) = $4,766,362.
    expect(rows[6]).toEqual(['Against the median (points)', '-1.4', '', '+233,181', '+466,362'])
  })

  it('counts only weeks of which something is known, and is left out where there is none', () => {
    const rows = rowsOf([period(1, 0.7, 4e6), period(2, null, null), period(3, 0.6, null)])
    expect(rows.at(-2)?.slice(0, 2)).toEqual(['Median of the 2 before', '65.0'])
    // Of the second nobody knows a price: the median is of the one that has one.
    expect(rows.at(-2)?.[4]).toBe('4,000,000')
    expect(comparedTable(inputOf({ compared: [period(1, null, null)] }))).toBeNull()
  })
})

describe('holidays', () => {
  it('are those within the period by the site’s dates, in order, each once', () => {
    const holidays = [
      { date: '2026-11-22', name: 'Last', name_zh: '' },
      { date: '2026-11-16', name: '', name_zh: '' },
      { date: '2026-11-23', name: 'After', name_zh: '' },
      { date: '2026-11-15', name: 'Before', name_zh: '' },
      { date: '2026-11-22', name: 'Founding day', name_zh: '建厂日' },
    ]
    expect(holidaysOf(inputOf({}, { holidays }))).toEqual([
      { date: '2026-11-16', name: { en: 'holiday', zh: '节假日' } },
      { date: '2026-11-22', name: { en: 'Founding day', zh: '建厂日' } },
    ])
  })
})
