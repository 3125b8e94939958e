import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compilePlacePattern, PLACE_FIELDS } from './place-pattern.ts'

const match = (pattern: string, node: string) => compilePlacePattern(pattern).match(node)

describe('a place pattern', () => {
  it.each([
    ['h{hall}-r{rack}-n{node}', 'h2-r03-n01', { hall: '2', rack: '03' }],
    ['{hall}-{rack}-n{node}', 'h2-r03-n01', { hall: 'h2', rack: 'r03' }],
    ['h{hall}-r{rack}-n{node}', 'h2-r03-n01.site.example', { hall: '2', rack: '03' }],
    ['{site}-{cluster}-{pool}-{*}', 'bj1-a-train-7', { site: 'bj1', cluster: 'a', pool: 'train' }],
    ['r{rack}n{node}.example', 'r03n01.example', { rack: '03' }],
    ['机房{hall}-{*}', '机房甲-7', { hall: '甲' }],
    ['(.*){hall}$', '(.*)2$', { hall: '2' }],
  ])('%s on %s', (pattern, node, place) => {
    expect(match(pattern, node)).toEqual(place)
  })

  it.each([
    ['h{hall}-r{rack}-n{node}', 'login01'],
    ['h{hall}-r{rack}-n{node}', 'h2-r03'],
    ['h{hall}-r{rack}-n{node}', 'h-r03-n01'],
    ['h{hall}-r{rack}-n{node}', 'xh2-r03-n01'],
    ['h{hall}-r{rack}', 'h2-3-r03'],
    ['h{hall}-r{rack}-n{node}', 'h2-r03-n'],
    ['n{node}.{hall}.example', 'n1.h2.example.org'],
    ['{hall}', ''],
  ])('%s does not fit %s', (pattern, node) => {
    expect(match(pattern, node)).toBeNull()
  })

  it.each([
    ['h{hall', /column 2: has a "\{" that is never closed/],
    ['h}', /column 2: has a "\}" without/],
    ['h{row}', /column 2: has \{row\}; it may be \{site\}, .*, \{node\} or \{\*\}/],
    ['{hall}{rack}', /column 7: has nothing between/],
    ['{hall}-{hall}', /column 8: has \{hall\} twice/],
    ['n{node}', /column 1: names no place/],
    ['', /column 1: names no place/],
    [`{hall}${'x'.repeat(251)}`, /column 1: is longer than 256/],
  ])('%s is refused', (pattern, message) => {
    expect(() => compilePlacePattern(pattern)).toThrow(
      expect.objectContaining({
        code: 'E_PATTERN_INVALID',
        message: expect.stringMatching(message),
      }),
    )
  })
})

describe('for any pattern', () => {
  const literal = fc.stringMatching(/^[-.()*+?^$|\\[\]a-z]{1,3}$/)
  const shape = fc.record({
    start: fc.oneof(fc.constant(''), literal),
    fields: fc.shuffledSubarray([...PLACE_FIELDS], { minLength: 1 }),
    literals: fc.array(literal, { minLength: PLACE_FIELDS.length, maxLength: PLACE_FIELDS.length }),
    hasEnd: fc.boolean(),
    values: fc.array(fc.stringMatching(/^[A-Z0-9]{1,4}$/), {
      minLength: PLACE_FIELDS.length,
      maxLength: PLACE_FIELDS.length,
    }),
  })

  it('a name made from it gives back what it was made from', () => {
    fc.assert(
      fc.property(shape, ({ start, fields, literals, hasEnd, values }) => {
        const until = (index: number) =>
          index < fields.length - 1 || hasEnd ? (literals[index] ?? '') : ''
        const made = (part: (index: number) => string) =>
          start + fields.map((_, index) => part(index) + until(index)).join('')
        const pattern = compilePlacePattern(made((index) => `{${fields[index]}}`))
        const node = made((index) => values[index] ?? '')
        expect(pattern.match(node)).toEqual(
          Object.fromEntries(fields.map((field, index) => [field, values[index]])),
        )
      }),
    )
  })

  it('what it takes from any name stands in that name, and the name is put together again from it', () => {
    const pattern = compilePlacePattern('h{hall}-r{rack}.{pool}')
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('h', 'r', '-', '.', '1', 'x') }), (node) => {
        const place = pattern.match(node)
        if (place !== null) expect(`h${place.hall}-r${place.rack}.${place.pool}`).toBe(node)
      }),
    )
  })
})
