import { type Document, isMap, isNode, isPair, isScalar, type LineCounter } from 'yaml'
import { z } from 'zod'

/** One mistake in a file: where (as a key path) and what. */
export interface Mistake {
  readonly path: readonly PropertyKey[]
  /** Set when the mistake is a key of the map at `path`, not the value there. */
  readonly key?: string
  readonly message: string
}

/** What zod found, as sentences; unknown keys come with the nearest known one and the whole list. */
export function mistakesOf(
  error: z.ZodError,
  schema: z.ZodType,
  prefix: readonly PropertyKey[] = [],
): Mistake[] {
  return error.issues.flatMap((issue): Mistake[] => {
    const path = [...prefix, ...issue.path]
    if (issue.code !== 'unrecognized_keys') return [{ path, message: issue.message }]
    const known = keysAt(schema, issue.path)
    return issue.keys.map((key) => ({ path, key, message: unknownKey(key, known) }))
  })
}

/** `unknown key; did you mean "interval"? Known here: …`. */
export function unknownKey(key: string, known: readonly string[]): string {
  const nearest = nearestOf(key, known)
  const hint = nearest === null ? '' : `; did you mean "${nearest}"?`
  const list = known.length === 0 ? '' : ` Known here: ${known.join(', ')}.`
  return `unknown key "${key.slice(0, 80)}"${hint === '' ? '.' : hint}${list}`
}

/** The known word that differs in at most a third of its letters, or null. */
export function nearestOf(word: string, known: readonly string[]): string | null {
  let best: string | null = null
  let bestDistance = Math.max(2, Math.ceil(word.length / 3)) + 1
  for (const candidate of known) {
    const distance = editDistance(word.slice(0, 64), candidate.slice(0, 64))
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance]
  }
  return best
}

function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const current = [i]
    for (let j = 1; j <= b.length; j++) {
      const change = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      current.push(Math.min(change, (previous[j] ?? 0) + 1, (current[j - 1] ?? 0) + 1))
    }
    previous = current
  }
  return previous[b.length] ?? 0
}

/** Keys of the object schema that a path leads to, through arrays, optionals, defaults and pipes. */
function keysAt(schema: z.ZodType, path: readonly PropertyKey[]): string[] {
  let at: unknown = schema
  for (const step of [...path, null]) {
    at = unwrap(at)
    if (step === null) break
    if (at instanceof z.ZodObject) at = at.shape[String(step)]
    else if (at instanceof z.ZodArray) at = at.element
    else return []
  }
  return at instanceof z.ZodObject ? Object.keys(at.shape) : []
}

function unwrap(schema: unknown): unknown {
  let at = schema
  // Wrappers nest a handful deep; the bound only guards against a schema that contains itself.
  for (let depth = 0; depth < 8; depth++) {
    if (isWrapper(at)) at = at.unwrap()
    else if (at instanceof z.ZodPipe) at = at.in instanceof z.ZodTransform ? at.out : at.in
    else return at
  }
  return at
}

const isWrapper = (schema: unknown) =>
  schema instanceof z.ZodOptional ||
  schema instanceof z.ZodDefault ||
  schema instanceof z.ZodPrefault ||
  schema instanceof z.ZodNullable

/** `file:line:column: a.b[2]: message`, the position taken from the YAML tree. */
export function locate(
  mistake: Mistake,
  file: string,
  document: Document,
  lines: LineCounter,
): string {
  const offset = offsetOf(document, mistake)
  const { line, col } = lines.linePos(offset)
  const path = [...mistake.path, ...(mistake.key === undefined ? [] : [mistake.key])]
  return `${file}:${Math.max(line, 1)}:${Math.max(col, 1)}: ${shownPath(path)}${mistake.message}`
}

function shownPath(path: readonly PropertyKey[]): string {
  const text = path
    .map((step) => (typeof step === 'number' ? `[${step}]` : `.${String(step).slice(0, 80)}`))
    .join('')
  return text === '' ? '' : text.replace(/^\./, '') + ': '
}

/** Where in the text: the key itself for an unknown key, else the value, else its nearest parent. */
function offsetOf(document: Document, mistake: Mistake): number {
  for (let length = mistake.path.length; length >= 0; length--) {
    const path = mistake.path.slice(0, length)
    const node = length === 0 ? document.contents : document.getIn(path, true)
    if (!isNode(node)) continue
    if (length === mistake.path.length && mistake.key !== undefined && isMap(node)) {
      const pair = node.items.find(
        (item) => isPair(item) && isScalar(item.key) && String(item.key.value) === mistake.key,
      )
      if (isNode(pair?.key)) return pair.key.range?.[0] ?? 0
    }
    return node.range?.[0] ?? 0
  }
  return 0
}
