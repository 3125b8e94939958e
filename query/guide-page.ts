import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { escape, markdownHtml } from './markdown.ts'

const FOLDER = fileURLToPath(new URL('../docs/', import.meta.url))

/** Documents that say what figures mean: screens lead to them from the figure. */
export const GUIDES = [
  'numbers',
  'explain',
  'forecast',
  'thermal',
  'facility',
  'alerts',
  'attribution',
] as const
export type Guide = (typeof GUIDES)[number]

/** A document as a page without scripts. Rejects as readFile does. */
export async function guidePage(name: Guide): Promise<string> {
  const markdown = await readFile(`${FOLDER}${name}.md`, 'utf8')
  const title = /^# (.+)$/m.exec(markdown)?.[1] ?? name
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><link rel="icon" href="/favicon.svg">
<title>${escape(title)}</title><link rel="stylesheet" href="/api/docs/style.css"></head>
<body><main>${markdownHtml(markdown, linkOf)}</main></body></html>
`
}

/** Links of a document as far as they lead to what is served here; others are told as text. */
function linkOf(target: string): string | null {
  if (target.startsWith('#') || target.startsWith('https://')) return target
  const [, name, anchor = ''] = /^([a-z-]+)\.md(#[\w-]+)?$/.exec(target) ?? []
  if (name === 'errors') return `/errors${anchor}`
  const guide = GUIDES.find((known) => known === name)
  return guide === undefined ? null : `/api/docs/${guide}${anchor}`
}
