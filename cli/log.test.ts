import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createLogger } from './log.ts'

function lineOf(fields: Record<string, string | number | boolean | null>, scope = ''): string {
  const lines: string[] = []
  createLogger(
    (line) => lines.push(line),
    () => Date.UTC(2026, 4, 1),
    scope,
  ).warn('it fell', fields)
  expect(lines).toHaveLength(1)
  return lines[0] ?? ''
}

describe('a log line', () => {
  it('is time, level, scope, message and fields', () => {
    expect(lineOf({ node: 'h1', n: 3, ok: true, last: null }, 'query')).toBe(
      '2026-05-01T00:00:00.000Z warn  [query] it fell node=h1 n=3 ok=true last=null',
    )
  })

  it('quotes blanks, quotes and equals signs', () => {
    expect(lineOf({ why: 'no answer' })).toContain('why="no answer"')
    expect(lineOf({ why: 'a=b' })).toContain('why="a=b"')
    expect(lineOf({ why: 'say "hi"' })).toContain(String.raw`why="say \"hi\""`)
    expect(lineOf({ why: '' })).toContain('why=""')
  })

  it('cannot be forged or made to move a cursor by any value', () => {
    const nasty = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('a\nb', '\u001B[2J', 'x\r', '\u2028', '\u009B1m', '\u202Eabc', '\u007F'),
    )
    fc.assert(
      fc.property(nasty, (value) => {
        expect(lineOf({ value })).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}\u202A-\u202E\u2066-\u2069]/u)
      }),
    )
  })

  it('cannot be forged by a message either', () => {
    const lines: string[] = []
    createLogger(
      (line) => lines.push(line),
      () => 0,
    ).info('looked\n2026 error forged')
    expect(lines[0]).not.toContain('\n')
  })
})
