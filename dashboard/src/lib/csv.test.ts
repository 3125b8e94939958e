import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { type CsvCell, csvOf } from './csv.ts'

it('a missing value is an empty field, numbers are as they are', () => {
  expect(csvOf(['a', 'b', 'c'], [['x', 1.161_234_567_89, null]])).toBe(
    'a,b,c\r\nx,1.16123456789,\r\n',
  )
})

it('text that a spreadsheet would run as a formula does not begin with its sign', () => {
  expect(csvOf(['a'], [['=HYPERLINK("x")'], ['-1'], ['@x']])).toBe(
    'a\r\n"\'=HYPERLINK(""x"")"\r\n\'-1\r\n\'@x\r\n',
  )
})

/** RFC 4180, read back. */
function read(text: string): string[][] {
  const rows: string[][] = []
  let row: string[] = []
  const fields = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/gy
  for (const [, quoted, bare, end] of text.matchAll(fields)) {
    row.push(quoted === undefined ? (bare ?? '') : quoted.replaceAll('""', '"'))
    if (end === ',') continue
    rows.push(row)
    row = []
  }
  return rows
}

it('any table comes back as it was', () => {
  const cell = fc.oneof(fc.string(), fc.constantFrom('a,b', '"', '\r\n', 'x\ny'))
  fc.assert(
    fc.property(fc.array(fc.array(cell, { minLength: 2, maxLength: 2 })), (rows: CsvCell[][]) => {
      const said = rows.map((row) =>
        row.map((text) => (/^[=+\-@\t\r]/.test(String(text)) ? `'${text}` : text)),
      )
      expect(read(csvOf(['a', 'b'], rows))).toEqual([['a', 'b'], ...said])
    }),
  )
})
