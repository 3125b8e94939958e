import { expect, it } from 'vitest'
import { JournalBody } from '#schemas/journal.ts'
import { readCosts } from './costs-yaml.ts'

const FILE = { file: 'costs.yaml', timeZone: 'Asia/Shanghai' }

it('costs.yaml: go-live and costs a month, dated in the zone of the site', () => {
  const { book, problems } = readCosts(
    `go_live: "2026-05-01"
lines:
  - { kind: depreciation, from: "2026-05-01", usd_per_month: 4000000, note: five years }
  - { kind: staff, from: "2026-05-01T00:00+08:00", usd_per_month: 250000 }
  - { kind: staff, from: "2026-05-01", usd_per_month: 260000 }
`,
    FILE,
  )
  const may = Date.parse('2026-04-30T16:00Z')
  expect(book).toEqual({
    go_live_ms: may,
    milestone_ms: null,
    lines: [
      { kind: 'depreciation', from_ms: may, usd_per_month: 4_000_000, note: 'five years' },
      { kind: 'staff', from_ms: may, usd_per_month: 250_000, note: '' },
    ],
  })
  expect(problems).toMatchObject({ refused: 1, examples: [{ where: 'line 5' }] })
  expect(JournalBody.safeParse({ kind: 'cost_book', book }).success).toBe(true)
})

it.each([
  ['lines:\n  - { kind: beer, from: "2026-05-01", usd_per_month: 1 }\n', /costs\.yaml:2/],
  ['go_life: "2026-05-01"\n', /unknown key.*"go_life"/],
])('%j is refused as a whole, with file and line', (text, message) => {
  expect(() => readCosts(text, FILE)).toThrow(message)
})
