import { expect, it } from 'vitest'
import { csvOf } from '#lib/csv.ts'
import { fileName } from './file-name.ts'
import { seriesCsv } from './series-csv.ts'

it('a chart as a table: times in UTC, units in the header, unknown is empty and never zero', () => {
  const { header, rows } = seriesCsv(
    [0, 60_000],
    [
      { name: 'busy', unit: 'ratio', values: [0.5, null] },
      { name: '=cmd', unit: '', values: [1] },
    ],
  )
  expect(csvOf(header, rows)).toBe(
    "time (UTC),busy (ratio),'=cmd\r\n1970-01-01T00:00:00.000Z,0.5,1\r\n1970-01-01T00:01:00.000Z,,\r\n",
  )
})

it('a file is named by what it shows and the site’s day', () => {
  const night = Date.UTC(2026, 4, 1, 20)
  expect(fileName('Fleet trend: busy %', 'png', night, 'Asia/Shanghai')).toBe(
    'plimsoll-fleet-trend-busy-2026-05-02.png',
  )
  expect(fileName('利用率', 'csv', night, 'UTC')).toBe('plimsoll-利用率-2026-05-01.csv')
})
