import type { Store } from '../ingest/store/store.ts'
import { type TallRow, tallBlocks } from '../ingest/worker/tall-rows.ts'
import type { SimNode } from './fleet/layout.ts'
import { FLAPPING_PORT, type NodeModel } from './fleet/node-readings.ts'
import type { FleetModel } from './fleet/state.ts'
import { storeTime } from './store-time.ts'

export interface NodeHistoryOptions {
  readonly store: Pick<Store, 'insertJson' | 'insertNative'>
  readonly model: FleetModel
  readonly nodes: NodeModel
  readonly fromMs: number
  readonly toMs: number
}

const MINUTE = 60_000
const DAY = 86_400_000
/** Newest part that has node samples: all of the port's flaps, at a third of what a day would cost the start. */
const SAMPLES_MS = DAY / 3
/** When the driver of some racks was updated, before the live fleet starts. */
const UPDATE_MS = 2 * DAY
const DRIVER = { before: '535.216.03', after: '550.163.01' }
const FIRMWARE = '96.00.99.00.01'

/** Node and port samples of the last hours, versions with their dates, and the port's events. */
export async function writeNodeHistory(options: NodeHistoryOptions): Promise<void> {
  const { store, nodes } = options
  const samples: TallRow[] = []
  const links: TallRow[] = []
  const firstMs = Math.max(options.fromMs, options.toMs - SAMPLES_MS)
  for (let atMs = Math.ceil(firstMs / MINUTE) * MINUTE; atMs < options.toMs; atMs += MINUTE)
    for (const node of nodes.nodes) {
      pushRows(samples, { node, atMs, link: '' }, nodes.metricsAt(node, atMs))
      for (const { link, metrics } of nodes.portsAt(node, atMs))
        pushRows(links, { node, atMs, link }, metrics)
    }
  for (const [table, rows] of [
    ['samples_node', samples],
    ['samples_link', links],
  ] as const)
    for (const [part, block] of tallBlocks(rows, table).entries())
      await store.insertNative(table, block.columns, block.rows, `demo-${table}:${part}`)
  await store.insertJson('node_facts', factRows(options), 'demo-node_facts')
  await store.insertJson('events', flapRows(options), 'demo-flaps')
}

function pushRows(
  rows: TallRow[],
  { node, atMs, link }: { readonly node: SimNode; readonly atMs: number; readonly link: string },
  values: Readonly<Record<string, number | null | undefined>>,
): void {
  for (const [metric, value] of Object.entries(values))
    if (value !== null && value !== undefined)
      rows.push({
        atMs,
        cluster: node.cluster,
        node: node.name,
        deviceId: 0n,
        link,
        metric,
        stepMs: MINUTE,
        logPosition: 0,
        value,
      })
}

/** Every other NVIDIA node got its driver two days ago, the others had it from the start. */
function factRows({ model, fromMs, toMs }: NodeHistoryOptions): Record<string, unknown>[] {
  const updateMs = Math.max(fromMs + DAY / 2, toMs - UPDATE_MS)
  return model.fleet.nodes
    .filter((node) => node.devices[0]?.spec.vendor === 'nvidia')
    .flatMap((node) => {
      const fact = (atMs: number, name: string, value: string) => ({
        cluster: node.cluster,
        node: node.name,
        device_id: 0n,
        name,
        value,
        at: storeTime(atMs),
        source: 'dcgm-exporter',
        log_position: 0,
      })
      const driver =
        node.position % 2 === 0
          ? [
              fact(fromMs, 'driver_version', DRIVER.before),
              fact(updateMs, 'driver_version', DRIVER.after),
            ]
          : [fact(fromMs, 'driver_version', DRIVER.after)]
      return [...driver, fact(fromMs, 'vbios_version', FIRMWARE)]
    })
}

/** The edges that the collector would have told of the flapping port. */
function flapRows({ nodes, fromMs, toMs }: NodeHistoryOptions): Record<string, unknown>[] {
  const rows: Record<string, unknown>[] = []
  const { flapping } = nodes
  let wasUp = true
  const firstMs = Math.max(fromMs, toMs - SAMPLES_MS)
  for (let atMs = Math.ceil(firstMs / MINUTE) * MINUTE; atMs < toMs; atMs += MINUTE) {
    const port = nodes.portsAt(flapping, atMs).find(({ link }) => link === FLAPPING_PORT)
    const isUp = port?.metrics.link_up === 1
    if (isUp !== wasUp) rows.push(flapRow(flapping, atMs, isUp))
    wasUp = isUp
  }
  return rows
}

function flapRow(node: SimNode, atMs: number, isUp: boolean): Record<string, unknown> {
  const texts = isUp
    ? { message: `link ${FLAPPING_PORT} is up again`, message_zh: `链路 ${FLAPPING_PORT} 已恢复` }
    : {
        message: `link ${FLAPPING_PORT} went down`,
        message_zh: `链路 ${FLAPPING_PORT} 断开`,
        action: 'Check cable, transceiver and the switch port at the other end.',
        action_zh: '检查线缆、光模块和对端交换机端口。',
      }
  return {
    at: storeTime(atMs),
    device_id: 0n,
    cluster: node.cluster,
    collector: 'demo-history',
    node: node.name,
    source: 'simulated-nodes',
    type: 'link_down',
    code: FLAPPING_PORT,
    severity: isUp ? 'info' : 'critical',
    edge: isUp ? 'closed' : 'open',
    fault_class: 'network',
    log_position: 0,
    ...texts,
  }
}
