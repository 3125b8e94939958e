import type { SignalAnswer, SignalRow } from '#schemas/alerts/signals.ts'
import { memo } from '../memo.ts'
import { alertLevels, alertNodes, type LevelRow } from '../queries/alert-signals.ts'
import {
  type Covered,
  NOW_MS,
  READ_TTL_MS,
  SIGNAL_ROWS_MAX,
  type SignalDeps,
  type SignalSources,
} from './signal.ts'
import { labelsFrom } from './standing.ts'

type Figure = Exclude<
  keyof LevelRow,
  'device' | 'cluster' | 'hall' | 'rack' | 'node' | 'vendor' | 'job' | 'tenant'
>

/** What single devices and nodes say now, out of samples: seconds old, not settled. */
export function deviceSignals(deps: SignalDeps, covered: Covered): SignalSources {
  const levels = memo(deps.clock, READ_TTL_MS, async () => {
    const range = rangeOf(deps)
    const rows = await alertLevels.run(deps.reader, { ...range, limit: 4 * SIGNAL_ROWS_MAX })
    return { atMs: range.now_ms, rows }
  })
  const nodes = memo(deps.clock, READ_TTL_MS, async () => {
    const range = rangeOf(deps)
    const rows = await alertNodes.run(deps.reader, { ...range, limit: SIGNAL_ROWS_MAX })
    return { atMs: range.now_ms, rows }
  })
  const level =
    (figure: Figure, speaks: 'ecc' | 'remap' | 'link' | 'network') =>
    async (): Promise<SignalAnswer> => {
      const { atMs, rows } = await levels()
      const found = rows.filter((row) => row[figure] > 0)
      return {
        atMs,
        rows: found.map((row) => levelRow(row, figure)),
        covered: await covered.of(speaks),
      }
    }
  const silent = (isWholeNode: boolean) => async (): Promise<SignalAnswer> => {
    const { atMs, rows } = await nodes()
    const isSilent = ({ lost, devices }: (typeof rows)[number]) => lost === devices
    const found = isWholeNode ? rows.filter(isSilent) : rows
    return {
      atMs,
      rows: found.map(({ lost, devices, ...place }): SignalRow => {
        const what = isWholeNode
          ? {
              en: `Node ${place.node} is silent (${devices} devices)`,
              zh: `节点 ${place.node} 无数据（${devices} 卡）`,
            }
          : {
              en: `${lost} of ${devices} devices of node ${place.node} are missing`,
              zh: `节点 ${place.node} 的 ${devices} 卡中缺 ${lost} 卡`,
            }
        // Of a node that says nothing nobody knows which devices it has left.
        const value = !isWholeNode && lost === devices ? null : lost
        return { labels: labelsFrom(place), value, devices: lost, what }
      }),
      covered: await covered.of(isWholeNode ? 'nodes' : 'devices'),
    }
  }
  return {
    ecc_uncorrected: level('ecc_uncorrected', 'ecc'),
    ecc_corrected: level('ecc_corrected', 'ecc'),
    remap_failed: level('remap_failed', 'remap'),
    memory_repair_pending: level('repair_pending', 'remap'),
    link_errors: level('link_errors', 'link'),
    links_down: level('links_down', 'link'),
    network_down: level('network_down', 'network'),
    network_flaps: level('network_flaps', 'network'),
    device_lost: silent(false),
    node_silent: silent(true),
    async clock_skew() {
      const { atMs, rows } = await levels()
      const off = rows.filter((row) => row.clock_corrected > 0)
      const byNode = Map.groupBy(off, ({ cluster, node }) => JSON.stringify([cluster, node]))
      const found = [...byNode.values()].flatMap((own): SignalRow[] => {
        const [first] = own
        if (first === undefined) return []
        const { cluster, hall, rack, node, vendor } = first
        const labels = labelsFrom({ cluster, hall, rack, node, vendor })
        return [{ labels, value: own.length, devices: own.length }]
      })
      return { atMs, rows: found, covered: await covered.of('nodes') }
    },
  }
}

function rangeOf(deps: SignalDeps) {
  const now_ms = deps.clock()
  return { now_ms, since_ms: now_ms - NOW_MS }
}

function levelRow(row: LevelRow, figure: Figure): SignalRow {
  const { device, cluster, hall, rack, node, vendor, job, tenant } = row
  const labels = labelsFrom({ device, cluster, hall, rack, node, vendor, job, tenant })
  return { labels, value: row[figure], devices: 1 }
}
