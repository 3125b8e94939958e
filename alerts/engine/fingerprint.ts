import { createHash } from 'node:crypto'
import type { AlertLabels } from '#schemas/alerts/severity.ts'

/** Separates what is hashed; no name or value holds it. */
const SEPARATOR = '\u0000'

/** Labels in the order of their names, empty ones left out. */
export const sortedLabels = (labels: AlertLabels): [string, string][] =>
  Object.entries(labels)
    .filter((pair): pair is [string, string] => pair[1] !== undefined && pair[1] !== '')
    .sort(([a], [b]) => (a < b ? -1 : 1))

/** One text for one set of labels, whatever their order. */
export const labelsKey = (labels: AlertLabels): string =>
  sortedLabels(labels)
    .map(([name, value]) => `${name}=${value}`)
    .join(SEPARATOR)

/** SHA-256 of the words, cut to 32 hex digits. */
export const digest32 = (...words: readonly string[]): string =>
  createHash('sha256').update(words.join(SEPARATOR)).digest('hex').slice(0, 32)

/** Identity of an alert: its rule and its labels, never a value. */
export const fingerprintOf = (rule: string, labels: AlertLabels): string =>
  digest32(rule, labelsKey(labels))

/** Keys kept by a cache of fingerprints; beyond it, it begins anew. */
const CACHED_MAX = 200_000

/** `fingerprintOf` that remembers: a rule asks for the same series every 15 seconds. */
export function fingerprintCache(): (rule: string, labels: AlertLabels) => string {
  const known = new Map<string, string>()
  return (rule, labels) => {
    const key = `${rule}${SEPARATOR}${labelsKey(labels)}`
    let found = known.get(key)
    if (found === undefined) {
      if (known.size >= CACHED_MAX) known.clear()
      found = digest32(key)
      known.set(key, found)
    }
    return found
  }
}
