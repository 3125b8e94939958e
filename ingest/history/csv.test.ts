import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { csvRecords } from './csv.ts'

async function* pieces(bytes: Uint8Array, cuts: readonly number[]) {
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length]
  const sorted = places.toSorted((a, b) => a - b)
  for (const [at, from] of sorted.entries()) yield bytes.subarray(from, sorted[at + 1] ?? from)
}

async function read(text: string, cuts: readonly number[] = []) {
  const records = []
  const options = { file: 'a.csv', delimiter: ',' }
  for await (const some of csvRecords(pieces(Buffer.from(text), cuts), options))
    records.push(...some)
  return records
}

const quoted = (field: string) => `"${field.replaceAll('"', '""')}"`

describe('CSV of any size', () => {
  it('gives the same records wherever the pieces are cut', async () => {
    const field = fc.string({ unit: fc.constantFrom('a', '"', ',', '\n', '\r', ' ', '忙', '\t') })
    const table = fc.array(fc.array(field, { minLength: 1, maxLength: 4 }), { maxLength: 8 })
    await fc.assert(
      fc.asyncProperty(
        table,
        fc.array(fc.nat()),
        fc.constantFrom('\n', '\r\n'),
        async (rows, cuts, end) => {
          const text = rows.map((row) => row.map(quoted).join(',') + end).join('')
          const records = await read(text, cuts)
          expect(records.map(({ fields }) => fields)).toEqual(rows)
        },
      ),
    )
  })

  it('reads plain fields, a byte order mark, CRLF and a last line without an end', async () => {
    expect(await read('\uFEFFa,b\r\n1,\r\n\r\n"x, ""y""",2')).toEqual([
      { line: 1, fields: ['a', 'b'] },
      { line: 2, fields: ['1', ''] },
      { line: 4, fields: ['x, "y"', '2'] },
    ])
  })

  it('names the line of a quote that is never closed, and of text behind a closing quote', async () => {
    await expect(read('a\n"b\nc\n')).rejects.toThrow('a.csv:2: a quote is opened here')
    await expect(read('a\n"b"c\n')).rejects.toThrow('a.csv:2: text behind a closing quote')
  })

  it('stops at a line without an end', async () => {
    await expect(read('x'.repeat((1 << 20) + 1))).rejects.toThrow('a.csv:1: a line of more than')
  })
})
