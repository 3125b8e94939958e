import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseExposition } from './exposition.ts'
import { TEXT_LIMITS } from './text-lines.ts'

function parse(text: string) {
  const refused: { line: string; reason: string }[] = []
  const page = parseExposition(new TextEncoder().encode(text), (line, reason) =>
    refused.push({ line, reason }),
  )
  return { ...page, refused, reasons: refused.map((each) => each.reason) }
}

const only = (text: string) => parse(text).rows[0]

describe('one sample', () => {
  it('is name, labels, value, and the event time the exporter put behind it', () => {
    expect(only('chip_temp{id="3",model="910B3"} 41 1723621883587\n')).toEqual({
      name: 'chip_temp',
      labels: { id: '3', model: '910B3' },
      value: 41,
      timestampMs: 1723621883587,
      line: 'chip_temp{id="3",model="910B3"} 41 1723621883587',
    })
  })

  it('has no event time and no labels where none are printed', () => {
    expect(only('machine_npu_nums 8')).toMatchObject({ labels: {}, value: 8, timestampMs: null })
    expect(only('up{} 1')).toMatchObject({ name: 'up', labels: {}, value: 1 })
  })

  it.each([
    ['1e3', 1000],
    ['+2.5', 2.5],
    ['.5', 0.5],
    ['-1', -1],
    ['2.349047808e+09', 2_349_047_808],
    ['NaN', null],
    ['+Inf', null],
    ['-inf', null],
    ['1e999', null],
  ])('value %s is %s', (printed, value) => {
    expect(only(`m{a="b"} ${printed}`)?.value).toBe(value)
  })

  it('takes labels by comma, by blank, and with a comma at the end', () => {
    for (const inside of ['a="1",b="2"', 'a="1" b="2"', ' a = "1" , b="2",', 'a="1",,b="2"'])
      expect(only(`m{${inside}} 1`)?.labels).toEqual({ a: '1', b: '2' })
  })

  it('keeps braces, commas and escaped quotes inside a label value', () => {
    const row = only(String.raw`m{a="x } , y",b="say \"hi\"",c="back\\slash",d="two\nlines"} 7`)
    expect(row?.labels).toEqual({
      a: 'x } , y',
      b: 'say "hi"',
      c: 'back\\slash',
      d: 'two\nlines',
    })
    expect(row?.value).toBe(7)
  })

  it('does not let a label name reach the prototype', () => {
    const row = only('m{__proto__="x",constructor="y"} 1')
    expect(Object.keys(row?.labels ?? {})).toEqual(['constructor'])
    expect(Object.getPrototypeOf(row?.labels)).toBe(Object.prototype)
  })
})

describe('a page', () => {
  it('keeps HELP texts and believes no TYPE line', () => {
    const page = parse(
      '# HELP m Words of m, unit is \'B\'\n# TYPE m counter\n#HELP n\nm{a="1"} 5\n# a remark\n',
    )
    expect([...page.help]).toEqual([
      ['m', "Words of m, unit is 'B'"],
      ['n', ''],
    ])
    expect(page.rows).toHaveLength(1)
    expect(page.reasons).toEqual([])
  })

  it.each([
    ['m{a="1" 5', 'bad_labels'],
    ['m{a=1} 5', 'bad_labels'],
    ['m{a="1"} five', 'text_value'],
    ['m{a="1"}', 'text_value'],
    ['m 5 6 7', 'not_a_sample'],
    ['<html>', 'not_a_sample'],
    ['9m 5', 'not_a_sample'],
    ['m', 'not_a_sample'],
    ['m{a="1"} 0x10', 'text_value'],
  ])('%s costs that line only: %s', (line, reason) => {
    const page = parse(`first 1\n${line}\nlast 2\n`)
    expect(page.rows.map((row) => row.name)).toEqual(['first', 'last'])
    expect(page.refused).toEqual([{ line, reason }])
  })

  it('reads lines that end in CR LF, and leaves out the dots of a shortened listing', () => {
    const page = parse('a 1\r\n...\r\nb 2\r\n')
    expect(page.rows.map(({ name, value }) => [name, value])).toEqual([
      ['a', 1],
      ['b', 2],
    ])
    expect(page.refused).toEqual([])
  })

  it('bounds bytes, series, labels and the length of a line', () => {
    expect(parse(`m{a="${'x'.repeat(20_000)}"} 1\nn 2\n`).reasons).toEqual(['line_too_long'])
    const labels = Array.from({ length: 200 }, (_, at) => `l${at}="v"`).join(',')
    expect(parse(`m{${labels}} 1\n`).reasons).toEqual(['bad_labels'])
    const many = parse('m 1\n'.repeat(50_003))
    expect([many.rows.length, many.reasons.length]).toEqual([50_000, 3])
    expect(many.reasons[0]).toBe('series_limit')
    const huge = parse('# x\n'.repeat(TEXT_LIMITS.bytes / 4 + 8))
    expect(huge.reasons).toEqual(['too_many_bytes'])
  })

  it('never throws, whatever the bytes, and what it reads is finite or null', () => {
    const part = fc.constantFrom('m', '{', '}', 'a="1"', ',', ' ', '"', '\\', '\n', '1', 'NaN', '#')
    const text = fc.array(part, { maxLength: 80 }).map((parts) => parts.join(''))
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 1000 }),
      text.map((each) => new TextEncoder().encode(each)),
    )
    fc.assert(
      fc.property(bytes, (input) => {
        for (const row of parseExposition(input, () => undefined).rows) {
          expect(row.name).toMatch(/^[A-Za-z_:][\w:]*$/)
          expect(row.value === null || Number.isFinite(row.value)).toBe(true)
        }
      }),
    )
  })

  it('takes linear time on lines made to make it slow', () => {
    for (const unit of ['a{', 'm{a="', 'm{a="\\', 'm{,,,,', 'm 1     ', 'm{a="1"', '# HELP  '])
      for (const text of [unit.repeat(4000), `${unit.repeat(2000)}x\n`.repeat(40)]) {
        const startedMs = performance.now()
        parse(text)
        expect(performance.now() - startedMs, unit).toBeLessThan(500)
      }
  })
})
