/**
 * Our own documents as HTML without scripts: headings with anchors, paragraphs, lists, tables, code, bold and links. What
 * else a document holds is told as text; nothing of it is taken as HTML.
 */
export function markdownHtml(markdown: string, link: (target: string) => string | null): string {
  return blocksOf(markdown)
    .map((block) => blockHtml(block, link))
    .join('\n')
}

type Link = (target: string) => string | null

/** Blocks are apart by empty lines; fenced code keeps those inside it. */
function blocksOf(markdown: string): string[] {
  const blocks: string[] = []
  let lines: string[] = []
  let isFenced = false
  const end = () => {
    if (lines.some((line) => line.trim() !== '')) blocks.push(lines.join('\n'))
    lines = []
  }
  for (const line of markdown.split('\n')) {
    if (line.startsWith('```')) isFenced = !isFenced
    const isEdge = line.trim() === '' || (/^#{1,6} /.test(line) && lines.length > 0)
    if (isEdge && !isFenced) end()
    lines.push(line)
    if (/^#{1,6} /.test(line) && !isFenced) end()
  }
  end()
  return blocks.map((block) => block.replace(/^\n+/, '').trimEnd())
}

function blockHtml(block: string, link: Link): string {
  const heading = /^(#{1,6}) (.+)$/.exec(block)
  if (heading !== null) {
    const [, marks = '#', text = ''] = heading
    return `<h${marks.length} id="${escape(anchorOf(text))}">${inline(text, link)}</h${marks.length}>`
  }
  const fenced = /^```\w*\n([\s\S]*?)\n?```$/.exec(block)
  if (fenced !== null) return `<pre>${escape(fenced[1] ?? '')}</pre>`
  if (block.split('\n').every((line) => line.startsWith('    ')))
    return `<pre>${escape(block.replaceAll(/^ {4}/gm, ''))}</pre>`
  if (block.startsWith('|')) return tableHtml(block, link)
  if (/^[-*] /.test(block)) return listHtml('ul', /^[-*] /, block, link)
  if (/^\d+\. /.test(block)) return listHtml('ol', /^\d+\. /, block, link)
  return `<p>${inline(block, link)}</p>`
}

/** Lines that do not begin a new item go on with the one before. */
function listHtml(tag: 'ul' | 'ol', mark: RegExp, block: string, link: Link): string {
  const items: string[] = []
  for (const line of block.split('\n')) {
    if (mark.test(line)) items.push(line.replace(mark, ''))
    else items.push(`${items.pop() ?? ''} ${line.trim()}`)
  }
  return `<${tag}>${items.map((item) => `<li>${inline(item, link)}</li>`).join('')}</${tag}>`
}

function tableHtml(block: string, link: Link): string {
  const [head = [], ...rows] = block
    .split('\n')
    .filter((line) => !/^\|[\s|:-]+\|$/.test(line) || /^\|\s*\|/.test(line))
    .map((line) =>
      line
        .replace(/^\|/, '')
        .replace(/\|\s*$/, '')
        .split('|'),
    )
  const cells = (row: readonly string[], tag: 'th' | 'td') =>
    `<tr>${row.map((cell) => `<${tag}>${inline(cell.trim(), link)}</${tag}>`).join('')}</tr>`
  return `<table>${cells(head, 'th')}${rows.map((row) => cells(row, 'td')).join('')}</table>`
}

/** As GitHub names them, so that links of the documents hold here as well. */
export const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-')

/** Code first: nothing inside it is bold or a link. */
function inline(text: string, link: Link): string {
  return text
    .split(/(`[^`]+`)/)
    .map((part) =>
      part.startsWith('`') && part.endsWith('`') && part.length > 2
        ? `<code>${escape(part.slice(1, -1))}</code>`
        : wordsHtml(part, link),
    )
    .join('')
}

function wordsHtml(text: string, link: Link): string {
  return escape(text)
    .replaceAll(/\[([^\]]+)\]\(([^)\s]+)\)/g, (_all, words: string, target: string) => {
      const href = link(target.replaceAll('&amp;', '&'))
      return href === null ? words : `<a href="${escape(href)}">${words}</a>`
    })
    .replaceAll(/\*\*([^*]+)\*\*/g, '<b>$1</b>')
    .replaceAll(/(^|[\s(])\*([^*\s][^*]*)\*/g, '$1<i>$2</i>')
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
}
export const escape = (text: string): string =>
  text.replaceAll(/[&<>"]/g, (character) => ENTITIES[character] ?? '')
