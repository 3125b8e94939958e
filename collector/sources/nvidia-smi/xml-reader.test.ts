import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readXml, XML_LIMITS, type XmlRefusal } from './xml-reader.ts'

/** Everything the reader says about a text, as a list. */
function read(text: string) {
  const said: string[] = []
  const refused: XmlRefusal[] = []
  const isWhole = readXml(text, {
    open: (name, attributes) => said.push(`<${name}${[...attributes].map(String).join(' ')}>`),
    close: (name, value) => said.push(`</${name}> ${value}`),
    doctype: (doctype) => said.push(doctype),
    refuse: (_line, reason) => refused.push(reason),
  })
  return { said, refused, isWhole }
}

describe('reading XML', () => {
  it('gives elements with attributes and trimmed text, and stops behind the root', () => {
    const { said, isWhole } = read(
      '$ cmd\n<?xml version="1.0"?>\n<a>\n <b id="1>2"> x </b><c/></a><d>',
    )
    expect(isWhole).toBe(true)
    expect(said).toEqual(['<a>', '<bid,1>2>', '</b> x', '<c>', '</c> ', '</a> '])
  })

  it('knows five entities and no others', () => {
    expect(read('<a>&lt;&gt;&amp;&quot;&apos; &#65; &x;</a>').said).toContain(
      '</a> <>&"\' &#65; &x;',
    )
  })

  it('steps over a DOCTYPE, with or without an internal subset, and resolves nothing of it', () => {
    const bomb =
      '<!DOCTYPE a [<!ENTITY x "y"><!ENTITY z "&x;&x;"><!ENTITY f SYSTEM "file:///etc/passwd">]>'
    const { said, isWhole } = read(`${bomb}<a>&z;&f;</a>`)
    expect(isWhole).toBe(true)
    expect(said).toEqual(['<!DOCTYPE a ', '<a>', '</a> &z;&f;'])
    expect(read('<!DOCTYPE nvidia_smi_log SYSTEM "nvsmi_device_v12.dtd"><a/>').said[0]).toContain(
      'v12.dtd',
    )
  })

  it('reads CDATA as it stands and leaves comments out', () => {
    expect(read('<a>1<!-- <b> -->2<![CDATA[<&amp;]]>3</a>').said).toEqual(['<a>', '</a> 12<&amp;3'])
  })

  it('a text that stops early is not whole, and the value that was cut is not given', () => {
    const { said, isWhole } = read('<a><b>5</b><c>4')
    expect(isWhole).toBe(false)
    expect(said).toEqual(['<a>', '<b>', '</b> 5', '<c>'])
  })

  it('a stray bracket is text, a stray closing tag is counted, and neither costs more', () => {
    const stray = read('<a><b>x < y</b></z><c>1</c></a>')
    expect(stray.said).toContain('</c> 1')
    expect(stray.said).toContain('</b> x < y')
    expect(stray.refused).toEqual(['not_xml', 'mismatched_tag'])
    expect(stray.isWhole).toBe(true)
    expect(read('<a><b><c>1</b></a>').said.slice(-3)).toEqual(['</c> ', '</b> ', '</a> '])
  })

  it('stops at too much depth and too many elements', () => {
    expect(read('<a>'.repeat(XML_LIMITS.depth + 1)).refused).toEqual(['too_deep'])
    const many = `<r>${'<a/>'.repeat(XML_LIMITS.elements)}</r>`
    expect(read(many).refused).toEqual(['too_many_elements'])
  })

  it('bounds the text of one element', () => {
    const { said } = read(`<a>${'x'.repeat(100_000)}</a>`)
    expect(said[1]?.length).toBeLessThan(XML_LIMITS.textChars + 10)
  })
})

describe('properties', () => {
  const name = fc.stringMatching(/^[a-z][a-z_0-9]{0,10}$/)
  const value = fc.string({ maxLength: 40 }).map((text) => text.replaceAll('\0', ' '))
  const escaped = (text: string) =>
    text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')

  it('any text comes back as it was escaped', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(name, value), { maxLength: 20 }), (leaves) => {
        const body = leaves.map(([n, v]) => `<${n}>${escaped(v)}</${n}>`).join('\n')
        const { said, refused, isWhole } = read(`<root>${body}</root>`)
        expect(refused).toEqual([])
        expect(isWhole).toBe(true)
        const closed = said.filter((line) => line.startsWith('</')).slice(0, -1)
        expect(closed).toEqual(leaves.map(([n, v]) => `</${n}> ${v.trim()}`))
      }),
    )
  })

  it('any text at all is read without a throw, and every open element is a close or the end', () => {
    const soup = fc
      .array(
        fc.constantFrom(
          '<',
          '>',
          '</',
          '/>',
          '<a>',
          '</a>',
          '<!--',
          '-->',
          '<![CDATA[',
          ']]>',
          '<!',
          '[',
          ']',
          '"',
          "'",
          '=',
          '&',
          'x',
          ' ',
        ),
        { maxLength: 200 },
      )
      .map((parts) => parts.join(''))
    fc.assert(
      fc.property(fc.oneof(soup, fc.string({ maxLength: 300 })), (text) => {
        const { said } = read(text)
        const opened = said.filter((line) => /^<[a-z]/i.test(line)).length
        const closed = said.filter((line) => line.startsWith('</')).length
        expect(closed).toBeLessThanOrEqual(opened)
      }),
      { numRuns: 300 },
    )
  })

  it('the time is linear: hostile megabytes take no longer than honest ones', () => {
    const size = 240_000
    const hostile = [
      '<'.repeat(size),
      '<a '.repeat(size / 3),
      `<a${' x="'.repeat(size / 4)}`,
      `<a>${'&'.repeat(size)}</a>`,
      `<a>${'</b>'.repeat(size / 4)}`,
      '<!['.repeat(size / 3),
      `<a>${'< '.repeat(size / 2)}>`,
      `<!DOCTYPE ${'['.repeat(size)}`,
    ]
    for (const text of hostile) {
      const started = performance.now()
      read(text)
      expect(performance.now() - started, text.slice(0, 12)).toBeLessThan(1000)
    }
  })
})
