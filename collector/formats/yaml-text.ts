import { type Document, isMap, isNode, isPair, isScalar, LineCounter, parseDocument } from 'yaml'
import type { z } from 'zod'

/** What a text holds by its schema, or what is wrong with it, one line per mistake with its place. */
export type ParsedYaml<Value> =
  | { readonly value: Value; readonly mistakes: readonly [] }
  | { readonly value: null; readonly mistakes: readonly string[] }

const MISTAKES_SHOWN = 8

/**
 * Reads YAML (and so JSON) that people write, checked by a schema. Pure; never throws. `file` is only for the messages,
 * which are `file:line:column: path: what is wrong`.
 */
export function parseYamlText<Value>(
  text: string,
  file: string,
  schema: z.ZodType<Value>,
  maxChars: number,
): ParsedYaml<Value> {
  const lines = new LineCounter()
  const refuse = (found: readonly string[]): ParsedYaml<Value> => ({
    value: null,
    mistakes: found.slice(0, MISTAKES_SHOWN),
  })
  if (text.length > maxChars)
    return refuse([`${file}: ${text.length} characters; limit ${maxChars}`])
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, merge: true })
  const at = (offset: number) => {
    const { line, col } = lines.linePos(offset)
    return `${file}:${Math.max(line, 1)}:${Math.max(col, 1)}`
  }
  if (document.errors.length > 0)
    return refuse(document.errors.map(({ pos, message }) => `${at(pos[0])}: ${message}`))
  const plain = plainOf(document)
  if (plain === null) return refuse([`${file}: it unfolds to more than can be read`])
  const parsed = schema.safeParse(plain.value)
  if (parsed.success) return { value: parsed.data, mistakes: [] }
  return refuse(
    parsed.error.issues.flatMap((issue) => {
      if (issue.code !== 'unrecognized_keys')
        return [`${at(offsetOf(document, issue.path))}: ${shown(issue.path)}${issue.message}`]
      return issue.keys.map(
        (key) =>
          `${at(offsetOf(document, issue.path, key))}: ${shown(issue.path)}unknown key "${key.slice(0, 80)}"`,
      )
    }),
  )
}

/** The alias limit makes a small file that would unfold to a huge one throw. */
function plainOf(document: Document): { readonly value: unknown } | null {
  try {
    return { value: document.toJS({ maxAliasCount: 100 }) ?? {} }
  } catch {
    return null
  }
}

function shown(path: readonly PropertyKey[]): string {
  const text = path
    .map((step) => (typeof step === 'number' ? `[${step}]` : `.${String(step).slice(0, 80)}`))
    .join('')
  return text === '' ? '' : `${text.replace(/^\./, '')}: `
}

/** Where in the text: the key itself for an unknown key, else the value, else its nearest parent. */
function offsetOf(document: Document, path: readonly PropertyKey[], key?: string): number {
  for (let length = path.length; length >= 0; length--) {
    const node = length === 0 ? document.contents : document.getIn(path.slice(0, length), true)
    if (!isNode(node)) continue
    const pair =
      key !== undefined && length === path.length && isMap(node)
        ? node.items.find(
            (item) => isPair(item) && isScalar(item.key) && String(item.key.value) === key,
          )
        : undefined
    const found = isNode(pair?.key) ? pair.key : node
    return found.range?.[0] ?? 0
  }
  return 0
}
