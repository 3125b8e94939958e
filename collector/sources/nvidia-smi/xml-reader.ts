/**
 * A small reader for the XML that nvidia-smi prints: elements, attributes, text. It skips comments,
 * processing instructions and the DOCTYPE with its internal subset; nothing is ever fetched, and no entity
 * is known beyond XML's own five. One pass, no backtracking: the time is linear in the text.
 */

export const XML_LIMITS = {
  depth: 32,
  elements: 200_000,
  nameChars: 128,
  textChars: 4096,
  attributes: 16,
} as const

/** Why reading stopped early, or what was odd on the way. */
export type XmlRefusal = 'not_xml' | 'mismatched_tag' | 'too_deep' | 'too_many_elements'

export interface XmlHandler {
  open(name: string, attributes: ReadonlyMap<string, string>): void
  /** End of an element with the text directly inside it, trimmed and bounded; only for closed ones. */
  close(name: string, text: string): void
  doctype(text: string): void
  refuse(line: string, reason: XmlRefusal): void
}

interface OpenElement {
  readonly name: string
  text: string
}

interface Reader {
  readonly text: string
  readonly handler: XmlHandler
  readonly stack: OpenElement[]
  at: number
  elements: number
  /** Where the last tag can end at all. */
  readonly lastEnd: number
  /** True once the root element was closed. */
  isDone: boolean
}

/** Reads a document; true when its root element was opened and closed. Never throws. */
export function readXml(text: string, handler: XmlHandler): boolean {
  const reader: Reader = {
    text,
    handler,
    stack: [],
    at: 0,
    elements: 0,
    lastEnd: text.lastIndexOf('>'),
    isDone: false,
  }
  while (reader.at < text.length && !reader.isDone) {
    const open = text.indexOf('<', reader.at)
    if (open === -1) break
    addText(reader, reader.at, open)
    reader.at = open
    if (!readMarkup(reader)) break
  }
  return reader.isDone
}

/** Text before the root element, such as a shell prompt, belongs to nobody. */
function addText({ text, stack }: Reader, from: number, to: number): void {
  const element = stack.at(-1)
  if (element === undefined || from >= to) return
  const room = XML_LIMITS.textChars - element.text.length
  if (room > 0) element.text += text.slice(from, Math.min(to, from + room))
}

/** Reads what begins at `<`; false when nothing sensible follows any more. */
function readMarkup(reader: Reader): boolean {
  const { text, at } = reader
  if (text.startsWith('<!--', at)) return skipTo(reader, '-->', at + 4)
  if (text.startsWith('<![CDATA[', at)) return readCdata(reader)
  if (text.startsWith('<!', at)) return readDeclaration(reader)
  if (text.startsWith('<?', at)) return skipTo(reader, '?>', at + 2)
  const end = /[A-Za-z_/]/.test(text.charAt(at + 1)) ? tagEnd(text, at + 1) : -1
  if (end === -1) return strayBracket(reader)
  reader.at = end + 1
  return text.charAt(at + 1) === '/'
    ? closeElement(reader, text.slice(at + 2, Math.min(end, at + 2 + XML_LIMITS.nameChars)).trim())
    : openElement(reader, text.slice(at + 1, end))
}

/** A `<` that begins nothing (a process may have one in its name) is text; behind the last `>` it is a cut. */
function strayBracket(reader: Reader): boolean {
  const { text, at, handler, lastEnd } = reader
  if (at > lastEnd) return false
  handler.refuse(text.slice(at, at + 80), 'not_xml')
  addText(reader, at, at + 1)
  reader.at = at + 1
  return true
}

function skipTo(reader: Reader, mark: string, from: number): boolean {
  const end = reader.text.indexOf(mark, from)
  reader.at = end === -1 ? reader.text.length : end + mark.length
  return end !== -1
}

function readCdata(reader: Reader): boolean {
  const from = reader.at + '<![CDATA['.length
  const isClosed = skipTo(reader, ']]>', from)
  // Kept as text: its characters are not unescaped, so `&` is written as an entity first.
  if (isClosed) {
    const raw = reader.text.slice(from, Math.min(reader.at - 3, from + XML_LIMITS.textChars))
    const element = reader.stack.at(-1)
    const room = XML_LIMITS.textChars - (element?.text.length ?? 0)
    if (element !== undefined) element.text += raw.replaceAll('&', '&amp;').slice(0, room)
  }
  return isClosed
}

/** `<!DOCTYPE … [internal subset]>`: noted and stepped over; nothing in it is interpreted. */
function readDeclaration(reader: Reader): boolean {
  const { text, at } = reader
  const end = text.indexOf('>', at)
  const bracket = text.indexOf('[', at)
  if (end === -1) return false
  if (bracket === -1 || bracket > end) {
    reader.handler.doctype(text.slice(at, Math.min(end + 1, at + 256)))
    reader.at = end + 1
    return true
  }
  reader.handler.doctype(text.slice(at, Math.min(bracket, at + 256)))
  const close = text.indexOf(']', bracket)
  return close !== -1 && skipTo(reader, '>', close)
}

/** Position of the `>` that ends a tag; one inside a quoted attribute value does not. */
function tagEnd(text: string, from: number): number {
  let quote = ''
  for (let at = from; at < text.length; at += 1) {
    const char = text.charAt(at)
    if (quote !== '') {
      if (char === quote) quote = ''
    } else if (char === '>') return at
    else if (char === '"' || char === "'") quote = char
    // A new tag inside a tag: the end of this one is missing.
    else if (char === '<') return -1
  }
  return -1
}

const NAME = /^[A-Za-z_][\w.:-]*/

function openElement(reader: Reader, inside: string): boolean {
  const { handler, stack } = reader
  const name = NAME.exec(inside)?.[0]
  if (name === undefined || name.length > XML_LIMITS.nameChars) {
    handler.refuse(`<${inside.slice(0, 80)}>`, 'not_xml')
    return false
  }
  reader.elements += 1
  if (reader.elements > XML_LIMITS.elements) {
    handler.refuse(name, 'too_many_elements')
    return false
  }
  if (stack.length >= XML_LIMITS.depth) {
    handler.refuse(name, 'too_deep')
    return false
  }
  handler.open(name, attributesOf(inside.slice(name.length)))
  stack.push({ name, text: '' })
  return inside.endsWith('/') ? closeElement(reader, name) : true
}

const ATTRIBUTE = /([A-Za-z_][\w.:-]{0,127})\s{0,8}=\s{0,8}(?:"([^"]*)"|'([^']*)')/g

function attributesOf(inside: string): ReadonlyMap<string, string> {
  const attributes = new Map<string, string>()
  if (!inside.includes('=')) return attributes
  for (const match of inside.slice(0, XML_LIMITS.textChars).matchAll(ATTRIBUTE)) {
    if (attributes.size >= XML_LIMITS.attributes) break
    attributes.set(match[1] ?? '', unescaped(match[2] ?? match[3] ?? ''))
  }
  return attributes
}

/** Closes up to the named element; a closing tag that nothing opened is counted and stepped over. */
function closeElement(reader: Reader, name: string): boolean {
  const { handler, stack } = reader
  const top = stack.at(-1)
  if (top?.name === name) {
    stack.pop()
    handler.close(name, unescaped(top.text).trim())
    reader.isDone = stack.length === 0
    return true
  }
  handler.refuse(`</${name}>`, 'mismatched_tag')
  const depth = stack.findLastIndex((element) => element.name === name)
  if (depth === -1) return true
  // What was left open inside is closed without its text: nobody says where it ended.
  while (stack.length > depth + 1) handler.close(stack.pop()?.name ?? '', '')
  handler.close(name, unescaped(stack.pop()?.text ?? '').trim())
  reader.isDone = stack.length === 0
  return true
}

const ENTITIES: Readonly<Record<string, string>> = {
  lt: '<',
  gt: '>',
  amp: '&',
  quot: '"',
  apos: "'",
}

function unescaped(text: string): string {
  return text.includes('&')
    ? text.replaceAll(/&(lt|gt|amp|quot|apos);/g, (_all, name: string) => ENTITIES[name] ?? '')
    : text
}
