import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { GUIDES, guidePage } from './guide-page.ts'
import { anchorOf, markdownHtml } from './markdown.ts'

const html = (markdown: string) =>
  markdownHtml(markdown, (target) => (target.startsWith('#') ? target : null))

describe('markdown of our own documents', () => {
  it('headings have the anchors that links of the documents use', () => {
    expect(html('## Loss and who pays\ntext')).toBe(
      '<h2 id="loss-and-who-pays">Loss and who pays</h2>\n<p>text</p>',
    )
    expect(anchorOf('The ledger: nine states of every device-second')).toBe(
      'the-ledger-nine-states-of-every-device-second',
    )
  })

  it('lists go on over lines, tables lose their rule, indented and fenced code is code', () => {
    expect(html('- **one**\n  goes on\n- two')).toBe(
      '<ul><li><b>one</b> goes on</li><li>two</li></ul>',
    )
    expect(html('| a | b |\n|---|---|\n| 1 | `2` |')).toBe(
      '<table><tr><th>a</th><th>b</th></tr><tr><td>1</td><td><code>2</code></td></tr></table>',
    )
    expect(html('    a = b\n    c')).toBe('<pre>a = b\nc</pre>')
    expect(html('```sh\na\n\n**b**\n```')).toBe('<pre>a\n\n**b**</pre>')
  })

  it('nothing of it is taken as HTML, and links that lead nowhere are text', () => {
    expect(html('<script>x</script> [y](z.md) [w](#v)')).toBe(
      '<p>&lt;script&gt;x&lt;/script&gt; y <a href="#v">w</a></p>',
    )
    expect(html('[a](#"onclick=x)')).not.toContain('"onclick')
  })
})

describe('documents as pages', () => {
  it.each(GUIDES)('%s has a page, and its links to itself lead somewhere', async (name) => {
    const page = await guidePage(name)
    expect(page).not.toMatch(/<script|\*\*[a-z]|```/)
    const ids = new Set([...page.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id))
    for (const [, anchor] of page.matchAll(/href="#([^"]+)"/g)) expect(ids).toContain(anchor)
  })

  it('say what every state is', async () => {
    const page = await guidePage('numbers')
    expect(page).toContain('id="loss-and-who-pays"')
    const source = await readFile(new URL('../docs/numbers.md', import.meta.url), 'utf8')
    expect([...page.matchAll(/<h2 /g)]).toHaveLength([...source.matchAll(/^## /gm)].length)
  })
})
