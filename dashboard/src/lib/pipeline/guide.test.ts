import { expect, it } from 'vitest'
import { guideHref, guideSections } from './guide.ts'

it('headings become anchors, tables keep their cells, links their words', () => {
  const sections = guideSections(
    '# Top\n\nFirst **line**\nand `next`.\n\n## The API and more\n\n| metric | worry |\n|---|---|\n| `a_b` | see [there](x.md) |\n',
  )
  expect(sections.map(({ anchor }) => anchor)).toEqual(['top', 'the-api-and-more'])
  expect(sections[0]?.blocks[0]).toMatchObject({
    kind: 'text',
    spans: [
      { kind: 'text', text: 'First ' },
      { kind: 'strong', text: 'line' },
      { kind: 'text', text: ' and ' },
      { kind: 'code', text: 'next' },
      { kind: 'text', text: '.' },
    ],
  })
  expect(sections[1]?.blocks[0]).toEqual({
    kind: 'table',
    head: ['metric', 'worry'],
    rows: [[[{ kind: 'code', text: 'a_b' }], [{ kind: 'text', text: 'see there' }]]],
  })
  expect(guideHref('docs/pipeline.md#lag')).toBe('/pipeline/guide#lag')
})
