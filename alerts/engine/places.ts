import type { NodePlaced } from '#schemas/alerts/ports.ts'
import type { AlertLabels } from '#schemas/alerts/severity.ts'

/** How many children of a label a parent has; null = not known. */
export type ChildrenOf = (label: keyof AlertLabels, parent: AlertLabels) => number | null

const COUNTED = ['cluster', 'hall', 'loop', 'rack', 'node'] as const
type Counted = (typeof COUNTED)[number]
const isCounted = (label: keyof AlertLabels): label is Counted =>
  COUNTED.some((one) => one === label)

/** Children of places as the inventory has them; each question is answered once. */
export function childrenIn(nodes: readonly NodePlaced[]): ChildrenOf {
  const known = new Map<string, number | null>()
  return (label, parent) => {
    const key = JSON.stringify([label, COUNTED.map((place) => parent[place] ?? null)])
    const found = known.get(key)
    if (found !== undefined) return found
    const count = countOf(nodes, label, parent)
    known.set(key, count)
    return count
  }
}

function countOf(
  nodes: readonly NodePlaced[],
  label: keyof AlertLabels,
  parent: AlertLabels,
): number | null {
  if (!isCounted(label) && label !== 'device') return null
  const own = nodes.filter((node) =>
    COUNTED.every((place) => parent[place] === undefined || parent[place] === node[place]),
  )
  // Where the inventory knows nothing of the place, nothing is known of its share either.
  if (own.length === 0) return null
  if (label === 'device') return own.reduce((sum, { devices }) => sum + devices, 0)
  const named = own.filter((node) => node[label] !== '')
  return new Set(named.map((node) => JSON.stringify([node.cluster, node.hall, node[label]]))).size
}
