import type { DatedFact, LinkState } from '#schemas/api.ts'
import { linkMetricDefinition } from '#schemas/node-metrics.ts'
import type { Reader } from '#schemas/ports.ts'
import {
  type LatestReading,
  type NodeFactRow,
  nodeFacts,
  type NodeLinkRow,
  nodeLinks,
} from './queries/nodes.ts'
import { iso, isoOrNull } from './window.ts'

/** Link and metric pairs of one node: 16 devices of 18 links, and 64 ports, with every metric. */
const LINK_ROWS_MAX = 8000
const FACTS_MAX = 500
/** A value older than this many of its intervals is not the present. */
const FRESH_STEPS = 3

export interface NodePlace {
  readonly cluster: string
  readonly node: string
}

/** True when a reading still speaks for now. */
export const isFresh = (
  { at_ms, step_ms }: { readonly at_ms: number; readonly step_ms: number },
  nowMs: number,
) => nowMs - at_ms <= FRESH_STEPS * step_ms

/** Rise per second between the last two readings; null with one reading, or after a restart. */
export function perSecond({ value, at_ms, before_ms, before_value }: LatestReading): number | null {
  if (before_ms === null || before_ms >= at_ms || value < before_value) return null
  return ((value - before_value) * 1000) / (at_ms - before_ms)
}

/** Links and ports of a node, or of some of its devices (`ids`; `0` = the node's own ports). */
export async function readLinks(
  reader: Reader,
  place: NodePlace,
  { ids, nowMs }: { readonly ids: readonly string[]; readonly nowMs: number },
): Promise<LinkState[]> {
  const { cluster, node } = place
  const rows = await nodeLinks.run(reader, {
    cluster,
    node,
    ids: [...ids],
    now_ms: nowMs,
    limit: LINK_ROWS_MAX,
  })
  const byLink = Map.groupBy(rows, ({ id, link }) => `${id} ${link}`)
  return [...byLink.values()].map((metrics) => linkState(metrics, nowMs))
}

function linkState(rows: readonly NodeLinkRow[], nowMs: number): LinkState {
  const [first] = rows
  const latest: Record<string, number> = {}
  const rates: Record<string, number> = {}
  const increases: Record<string, number> = {}
  for (const row of rows) {
    const isCounter = linkMetricDefinition(row.metric)?.kind === 'counter'
    if (isCounter) increases[row.metric] = row.increase
    if (!isFresh(row, nowMs)) continue
    latest[row.metric] = row.value
    const rate = isCounter ? perSecond(row) : null
    if (rate !== null) rates[row.metric] = rate
  }
  return {
    device_id: first === undefined || first.id === '0' ? null : first.id,
    link: first?.link ?? '',
    at: iso(Math.max(...rows.map(({ at_ms }) => at_ms))),
    latest,
    per_second: rates,
    increase_24h: increases,
  }
}

/** Facts of a node and its devices (`ids` empty), or of some of them (`0` = the node itself). */
export async function readFacts(
  reader: Reader,
  place: NodePlace,
  ids: readonly string[],
): Promise<DatedFact[]> {
  const { cluster, node } = place
  const rows = await nodeFacts.run(reader, { cluster, node, ids: [...ids], limit: FACTS_MAX })
  return rows.map(datedFact)
}

const datedFact = ({ id, name, value, source, from_ms, until_ms }: NodeFactRow): DatedFact => ({
  device_id: id === '0' ? null : id,
  name,
  value,
  source,
  from: iso(from_ms),
  until: isoOrNull(until_ms),
})
