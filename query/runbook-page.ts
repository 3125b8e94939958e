import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'

const FOLDER = fileURLToPath(new URL('../docs/runbooks/', import.meta.url))
/** Names of rules with `-` for `_`: nothing that leads out of the folder. */
const NAME = /^[a-z0-9-]{1,64}$/

/** The runbook of a rule as a page without scripts; null when there is none of that name. */
export async function runbookPage(name: string, language: 'en' | 'zh'): Promise<string | null> {
  if (!NAME.test(name)) return null
  const folder = language === 'zh' ? `${FOLDER}zh/` : FOLDER
  try {
    return pageOf(await readFile(`${folder}${name}.md`, 'utf8'), name, language)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
    throw error
  }
}

function pageOf(markdown: string, name: string, language: 'en' | 'zh'): string {
  const title = /^# (.+)$/m.exec(markdown)?.[1] ?? name
  const other = language === 'en' ? ['zh', '中文'] : ['en', 'English']
  return `<!doctype html>
<html lang="${language}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><link rel="icon" href="/favicon.svg">
<title>${escape(title)}</title><link rel="stylesheet" href="/api/docs/style.css"></head>
<body><main><p><a href="/api/docs/runbooks/${name}?lang=${other[0]}">${other[1]}</a></p>
${htmlOf(markdown)}</main></body></html>
`
}

/** What runbooks are written in, and no more: headings, paragraphs, numbered steps, one kind of code, bold. */
function htmlOf(markdown: string): string {
  return markdown
    .split(/\n{2,}/)
    .map((block) => block.trim())
    .filter((block) => block !== '')
    .map((block) => {
      const heading = /^(#{1,3}) (.+)$/.exec(block)
      if (heading !== null) {
        const level = heading[1]?.length ?? 1
        return `<h${level}>${inline(heading[2] ?? '')}</h${level}>`
      }
      const code = /^```\w*\n([\s\S]*?)\n```$/.exec(block)
      if (code !== null) return `<pre>${escape(code[1] ?? '')}</pre>`
      if (/^\d+\. /.test(block)) {
        const steps = block.split('\n').map((line) => line.replace(/^\d+\. /, ''))
        return `<ol>${steps.map((step) => `<li>${inline(step)}</li>`).join('')}</ol>`
      }
      return `<p>${inline(block)}</p>`
    })
    .join('\n')
}

const inline = (text: string) =>
  escape(text)
    .replaceAll(/`([^`]+)`/g, '<code>$1</code>')
    .replaceAll(/\*\*([^*]+)\*\*/g, '<b>$1</b>')

const escape = (text: string) =>
  text.replaceAll(
    /[&<>"]/g,
    (character) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[character] ?? '',
  )
