import { expect, it } from 'vitest'
import type { Figure } from '#schemas/report/figure.ts'
import { enReports } from '#lib/i18n/en-reports.ts'
import { zhReports } from '#lib/i18n/zh-reports.ts'
import { figureText } from './figures.ts'
import { filesOf } from './files.ts'
import { readQuestion, reportHref } from './question.ts'

const figure = (unit: Figure['unit'], value: number | null, text = ''): Figure => ({
  unit,
  value,
  text,
  decimals: 1,
  exact: value,
  missing: value === null ? 'not_known' : null,
})
const plain = (text: string | null) => text?.replaceAll('\u202f', ' ')

it('figures keep the digits of the report and get their unit', () => {
  expect(plain(figureText(figure('percent', 71.4, '71.4'), 'en'))).toBe('71.4 %')
  expect(figureText(figure('usd', -319_200, '-319,200'), 'en')).toBe('-$319,200')
  expect(figureText(figure('usd', 604_800, '604,800'), 'zh')).toBe('$604,800')
  expect(figureText(figure('usd_per_hour', 12.5, '12.5'), 'en')).toBe('$12.5 an hour')
  expect(plain(figureText(figure('minutes', 155, '155'), 'en'))).toBe('2 h 35 min')
  expect(plain(figureText(figure('minutes', 1_565, '1,565'), 'zh'))).toBe('26 小时 5 分钟')
  expect(plain(figureText(figure('points', -1.9, '-1.9'), 'zh'))).toBe('-1.9 个百分点')
  expect(figureText(figure('ratio', 1.2, '1.2'), 'en')).toBe('1.2')
  expect(figureText(figure('usd', null), 'en')).toBeNull()
})

it('files are named as the server names them, and lead to the revision that is shown', () => {
  expect(filesOf({ week: '2026-W47', revision: 2 }, 'csv')).toEqual(
    (['en', 'zh', 'both'] as const).map((language) => ({
      language,
      name: `plimsoll-2026-W47-r2-${language}.csv.zip`,
      href: `/api/v1/reports/2026-W47?format=csv&lang=${language}&revision=2`,
    })),
  )
  expect(filesOf({ week: '2026-W48', revision: 0 }, 'json')).toEqual([
    {
      language: 'both',
      name: 'plimsoll-2026-W48-draft-both.json',
      href: '/api/v1/reports/2026-W48?format=json&lang=both&revision=0',
    },
  ])
})

it('the address names a report; what is none is left out', () => {
  const read = (text: string) => readQuestion(new URLSearchParams(text))
  expect(read('week=2026-W46&revision=1')).toEqual({ week: '2026-W46', revision: 1 })
  expect(read('week=2026-11-03..2026-11-09')).toEqual({
    week: '2026-11-03..2026-11-09',
    revision: null,
  })
  expect(read('week=../session&revision=1')).toEqual({ week: null, revision: null })
  expect(read('week=2026-11&revision=x')).toEqual({ week: '2026-11', revision: null })
  expect(reportHref('2026-W46', 1)).toBe('/reports?week=2026-W46&revision=1')
})

it('both languages say the same things', () => {
  const keys = (value: object, path = ''): string[] =>
    Object.entries(value).flatMap(([key, leaf]: [string, unknown]) =>
      typeof leaf === 'object' && leaf !== null
        ? keys(leaf, `${path}.${key}`)
        : [`${path}.${key} ${typeof leaf}`],
    )
  expect(keys(zhReports)).toEqual(keys(enReports))
})
