import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { numberBlocks } from './sections.ts'

it('headings, formulas, lists and paragraphs of the page are told apart', () => {
  const docs = `# Title\n\nSums *once*, **never** a\nmean of \`x\`.\n\n## Loss and who pays\n\n    a = b\n    c\n\n- *one*: of\n  two lines\n- [two](models.md)\n`
  expect(numberBlocks(docs)).toEqual([
    {
      kind: 'paragraph',
      spans: [
        { kind: 'text', text: 'Sums once, ' },
        { kind: 'strong', text: 'never' },
        { kind: 'text', text: ' a mean of ' },
        { kind: 'code', text: 'x' },
        { kind: 'text', text: '.' },
      ],
    },
    { kind: 'heading', level: 2, text: 'Loss and who pays', id: 'loss-and-who-pays' },
    { kind: 'code', text: 'a = b\nc' },
    {
      kind: 'list',
      items: [[{ kind: 'text', text: 'one: of two lines' }], [{ kind: 'text', text: 'two' }]],
    },
  ])
})

it('the page that is shipped has the headings that other pages lead to', () => {
  const docs = readFileSync(new URL('../../../../docs/numbers.md', import.meta.url), 'utf8')
  const ids = numberBlocks(docs).flatMap((block) => (block.kind === 'heading' ? [block.id] : []))
  expect(ids).toEqual(expect.arrayContaining(['loss-and-who-pays', 'jobs', 'prices']))
  expect(new Set(ids).size).toBe(ids.length)
})
