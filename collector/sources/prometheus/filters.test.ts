import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compileGlob, matchesGlob } from '../../formats/glob.ts'
import { type Conditions, fits, fitsAny } from './filters.ts'

const matches = (text: string, pattern: string) => matchesGlob(text, compileGlob(pattern))
const conditions = (wanted: Record<string, readonly string[]>): Conditions =>
  Object.entries(wanted).map(([label, patterns]) => [label, patterns.map(compileGlob)])

describe('patterns', () => {
  it.each([
    ['sda', '[hsv]d[a-z]', true],
    ['sda1', '[hsv]d[a-z]', false],
    ['nvme0n1', 'nvme[0-9]*n[0-9]*', true],
    ['nvme0n1p2', 'nvme*p[0-9]*', true],
    ['nvme1c1n1', 'nvme*c[0-9]*n*', true],
    ['eth0.100', '*.*', true],
    ['eth0', '*.*', false],
    ['', '*', true],
    ['', '?', false],
    ['', '', true],
    ['a[b', 'a[b', true],
    ['abcabd', '*abd', true],
    ['b', '[a-', false],
  ])('"%s" fits "%s": %s', (text, pattern, expected) => {
    expect(matches(text, pattern)).toBe(expected)
  })

  it('a text without special characters fits itself, and a star before, in or behind it', () => {
    const plain = fc.stringMatching(/^[a-z0-9._-]{0,20}$/)
    fc.assert(
      fc.property(plain, plain, (head, tail) => {
        const text = head + tail
        for (const pattern of [text, `*${tail}`, `${head}*`, `${head}*${tail}`, `*${text}*`])
          expect(matches(text, pattern)).toBe(true)
        expect(matches(text, `${text}?`)).toBe(false)
      }),
    )
  })

  it('a pattern made to try every way ends', () => {
    expect(matches('a'.repeat(4000), `${'*a'.repeat(90)}*b`)).toBe(false)
  })

  it('all labels must fit to take a row, and a label that is not there is empty', () => {
    const labels = { mode: 'idle', cpu: '0' }
    expect(fits(labels, conditions({ mode: ['idle', 'user'], cpu: ['*'] }))).toBe(true)
    expect(fits(labels, conditions({ mode: ['idle'], gone: ['?*'] }))).toBe(false)
    expect(fits(labels, conditions({}))).toBe(true)
    expect(fitsAny(labels, conditions({ mode: ['user'], cpu: ['0'] }))).toBe(true)
    expect(fitsAny(labels, conditions({}))).toBe(false)
  })
})
