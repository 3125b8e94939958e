import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CSV_LIMITS, csvLine, readCsv } from './csv.ts'

const cellsOf = (text: string) => readCsv(text).rows.map(({ cells }) => cells)
const told = (text: string) =>
  readCsv(text).problems.map(({ line, column, message }) => `${line}/${column ?? '-'}: ${message}`)
const limits = (over: Partial<typeof CSV_LIMITS>) => ({ ...CSV_LIMITS, ...over })

describe('what RFC 4180 allows', () => {
  it('reads quotes, doubled quotes, commas and line breaks in cells, CRLF and LF, with and without a last line end', () => {
    const text = 'a,b\r\n1,"x, ""y""\r\nz"\n"",2\r\n3,4'
    expect(readCsv(text)).toEqual({
      header: ['a', 'b'],
      rows: [
        { line: 2, cells: ['1', 'x, "y"\r\nz'] },
        { line: 4, cells: ['', '2'] },
        { line: 5, cells: ['3', '4'] },
      ],
      problems: [],
    })
  })

  it('skips a byte order mark and empty lines, and still counts them as lines', () => {
    expect(readCsv('\uFEFFa,b\n\n\r\n1,2\n')).toEqual({
      header: ['a', 'b'],
      rows: [{ line: 4, cells: ['1', '2'] }],
      problems: [],
    })
  })

  it('keeps blanks: they belong to the cell', () => {
    expect(cellsOf('a,b\n 1 ,2\n')).toEqual([[' 1 ', '2']])
  })
})

describe('a row that is wrong', () => {
  it('is refused with its line and cell, and the rows around it are read', () => {
    const text = 'a,b\n1,2\n3\n4,5,6\n7,8"9\n10,"11"12\n13,14\n'
    expect(cellsOf(text)).toEqual([
      ['1', '2'],
      ['13', '14'],
    ])
    expect(told(text)).toEqual([
      '3/-: has 1 cells, the header 2; write a comma for each empty one',
      '4/-: has 3 cells, the header 2; quote cells that hold commas',
      '5/2: has a quote inside a cell that does not begin with one; quote the cell and double it',
      '6/2: goes on after its closing quote; a quote inside quotes is doubled',
    ])
  })

  it('with a quote that is never closed takes only its own line with it', () => {
    const text = 'a,b\n1,"2\n3,4\n5,6\n'
    expect(cellsOf(text)).toEqual([
      ['3', '4'],
      ['5', '6'],
    ])
    expect(told(text)).toEqual(['2/2: opens a quote that is never closed'])
  })

  it('with bytes of another encoding is refused, because a name would be stored wrong', () => {
    const text = new TextDecoder().decode(
      Uint8Array.from([...Buffer.from('a,b\n1,'), 0xbb, 0xfa, 0x0a]),
    )
    expect(told(text)).toEqual([
      '2/2: holds bytes that are not UTF-8; save the file as "CSV UTF-8"',
    ])
  })

  it('with a lone carriage return is refused', () => {
    expect(told('a,b\n1,2\r3,4\n')).toEqual([
      '2/2: has a carriage return without a line feed; end lines with LF or CRLF',
    ])
  })
})

describe('a file that is wrong as a whole', () => {
  it.each([
    ['', '1/-: the file is empty; its first line names the columns'],
    ['\n\n', '1/-: the file is empty; its first line names the columns'],
    ['a;b\n1;2\n', '1/-: semicolons divide the columns; save the file with commas'],
    ['a\tb\n1\t2\n', '1/-: tabs divide the columns; save the file with commas'],
    ['a\0,\0b\0', '1/-: this is not text in UTF-8; save it as "CSV UTF-8"'],
    ['\na,"b\n1,2\n', '2/2: the header: opens a quote that is never closed'],
  ])('%j is refused', (text, problem) => {
    expect(told(text)).toEqual([problem])
    expect(readCsv(text)).toMatchObject({ header: [], rows: [] })
  })

  it('is refused beyond a limit, and nothing of it is read', () => {
    const text = 'a,b\n1,2\n3,4\n'
    expect(readCsv(text, limits({ rowsMax: 1 })).problems).toEqual([
      { line: 3, column: null, message: 'the file has more than 1 rows; divide it' },
    ])
    expect(readCsv(text, limits({ rowsMax: 2 })).rows).toHaveLength(2)
    expect(readCsv(text, limits({ charsMax: 11 })).problems).toHaveLength(1)
    expect(readCsv(text, limits({ charsMax: 12 })).problems).toEqual([])
    expect(readCsv(text, limits({ columnsMax: 1 })).header).toEqual([])
  })

  it.each(['x'.repeat(5), `"${'x'.repeat(5)}"`, `"${'x""'.repeat(3)}"`, `"${'x'.repeat(99)}`])(
    'cell %j beyond the limit costs its row only',
    (cell) => {
      const { rows, problems } = readCsv(`a,b\n1,${cell}\n3,4\n`, limits({ cellCharsMax: 4 }))
      expect(rows).toEqual([{ line: 3, cells: ['3', '4'] }])
      expect(problems).toEqual([
        { line: 2, column: 2, message: 'has more than 4 characters in one cell' },
      ])
    },
  )

  it('full of stray quotes is refused row by row, not by reading all of it for each', () => {
    const text = `a,b\n${'1,"2\n'.repeat(2000)}`
    const { rows, problems } = readCsv(text, limits({ cellCharsMax: 64 }))
    expect([rows.length, problems.length]).toEqual([0, 2000])
  })
})

describe('for any text', () => {
  const anyCell = fc.oneof(
    fc.string({ maxLength: 12 }),
    fc.string({ unit: fc.constantFrom('a', '"', ',', '\n', '\r\n', ' ', '机'), maxLength: 8 }),
  )
  const cell = anyCell.map((text) => text.replaceAll(/[\0\uFFFD\uFEFF]/g, ''))
  const table = fc
    .integer({ min: 2, max: 5 })
    .chain((width) =>
      fc.array(fc.array(cell, { minLength: width, maxLength: width }), { minLength: 1 }),
    )

  it('what csvLine wrote is read back, cell for cell', () => {
    fc.assert(
      fc.property(table, fc.constantFrom('\n', '\r\n'), (lines, end) => {
        const header = lines[0]?.map((_, column) => `c${column}`) ?? []
        const read = readCsv([header, ...lines].map((cells) => csvLine(cells) + end).join(''))
        expect(read.problems).toEqual([])
        expect(read.rows.map(({ cells }) => cells)).toEqual(lines)
      }),
    )
  })

  it('a broken row never takes a good one with it, and each is told with its own line', () => {
    const good = fc.constantFrom('1,2', '"x, y",2', ',')
    const bad = fc.constantFrom('1', '1,2,3', 'a"b,2', '1,"2"3')
    fc.assert(
      fc.property(fc.array(fc.oneof(good, bad), { maxLength: 30 }), (lines) => {
        const isBad = (line: string) => ['1', '1,2,3', 'a"b,2', '1,"2"3'].includes(line)
        const { rows, problems } = readCsv(`a,b\n${lines.map((line) => `${line}\n`).join('')}`)
        const at = (wanted: boolean) =>
          lines.flatMap((line, index) => (isBad(line) === wanted ? [index + 2] : []))
        expect(rows.map(({ line }) => line)).toEqual(at(false))
        expect(problems.map(({ line }) => line)).toEqual(at(true))
      }),
    )
  })

  it('never throws, and every row has the width of the header and a line of the file', () => {
    const any = fc.string({ unit: fc.constantFrom('a', '"', ',', '\n', '\r', ';', '\t', '\uFEFF') })
    fc.assert(
      fc.property(any, (text) => {
        const { header, rows, problems } = readCsv(text)
        const lines = text.split('\n').length
        for (const { line, cells } of rows) {
          expect(cells).toHaveLength(header.length)
          expect(line).toBeLessThanOrEqual(lines)
        }
        for (const { line } of problems) expect(line).toBeLessThanOrEqual(lines)
      }),
    )
  })
})
