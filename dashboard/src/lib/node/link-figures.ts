import type { LinkState } from '#schemas/api.ts'
import type { LinkMetricName } from '#schemas/node-metrics.ts'

/** Figures of one link; null = its source does not give what they are made of. */

/** What a counter rose by in 24 hours. */
export const wentWrong = ({ increase_24h }: LinkState, name: LinkMetricName): number | null =>
  increase_24h[name] ?? null

const OTHER_ERRORS: readonly LinkMetricName[] = [
  'link_crc_errors_total',
  'link_errors_total',
  'link_recoveries_total',
]

/** All error counters but symbol errors, together. */
export function otherErrors(link: LinkState): number | null {
  const given = OTHER_ERRORS.flatMap((name) => wentWrong(link, name) ?? [])
  return given.length === 0 ? null : given.reduce((sum, count) => sum + count, 0)
}

/** Bytes per second: as the source says, else from its counter. */
export const received = ({ latest, per_second }: LinkState): number | null =>
  latest['link_rx_bytes_per_second'] ?? per_second['link_rx_bytes_total'] ?? null
export const sent = ({ latest, per_second }: LinkState): number | null =>
  latest['link_tx_bytes_per_second'] ?? per_second['link_tx_bytes_total'] ?? null
