import { SEARCH_KINDS, type SearchKind } from '#schemas/api-search.ts'

/** How well a name is what was typed: 0 = it is, 1 = it begins so, 2 = a word of it does, 3 = it is in it, 4 = some other way. */
export function matchRank(name: string, typed: string): 0 | 1 | 2 | 3 | 4 {
  const [text, wanted] = [name.toLowerCase(), typed.toLowerCase()]
  if (text === wanted) return 0
  if (text.startsWith(wanted)) return 1
  const at = text.indexOf(wanted)
  if (at === -1) return 4
  const starts = [...text.matchAll(/[\s\-_./:]/g)].some(({ index }) =>
    text.startsWith(wanted, index + 1),
  )
  return starts ? 2 : 3
}

interface Ranked {
  readonly kind: SearchKind
  readonly rank: number
  /** What is put in order among equals. */
  readonly name: string
}

/** The best first; equally good ones by kind, then the shorter name, then by name. */
export function byRank(left: Ranked, right: Ranked): number {
  return (
    left.rank - right.rank ||
    SEARCH_KINDS.indexOf(left.kind) - SEARCH_KINDS.indexOf(right.kind) ||
    left.name.length - right.name.length ||
    left.name.localeCompare(right.name, 'en', { numeric: true })
  )
}

/** `h1-r01-n03 5`, `h1-r01-n03/gpu5`: the device of this index on this node. */
export function nodeAndIndex(
  typed: string,
): { readonly node: string; readonly index: number } | null {
  const match = /^(\S+?)[\s/#:]+(?:gpu|npu|device)?\s?(\d{1,2})$/i.exec(typed)
  const [, node, index] = match ?? []
  return node === undefined || index === undefined ? null : { node, index: Number(index) }
}
