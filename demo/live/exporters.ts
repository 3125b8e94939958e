import type { MetricValues } from '#schemas/metrics.ts'
import type { HttpResult } from '../../collector/source.ts'
import {
  writeExporterPage,
  type SimulatedGpu,
} from '../../collector/sources/dcgm-exporter/simulate.ts'
import type { SimDevice, SimNode } from '../fleet/layout.ts'
import type { FleetModel } from '../fleet/state.ts'
import type { Moments } from './moments.ts'

const DRIVER = '550.163.01'
const PORT = 9400

/** Where a simulated node's exporter answers. */
export const exporterAddress = (node: SimNode) => `http://${node.name}:${PORT}/metrics`

/** One answer of a simulated exporter; null when the node does not answer at all. */
export type Exporters = (url: string, nowMs: number) => Pick<HttpResult, 'status' | 'body'> | null

/** Every NVIDIA node's dcgm-exporter, each page in the exporter's own format. */
export function createExporters(model: FleetModel, moments: Moments): Exporters {
  const nodes = new Map(model.fleet.nodes.map((node) => [exporterAddress(node), node]))
  const { failing, garbled } = model.troubles
  return (url, nowMs) => {
    const node = nodes.get(url)
    if (node === undefined) return { status: 404, body: bytes('404 page not found\n') }
    const { atMs } = moments.tickAt(nowMs)
    if (failing?.node === node && atMs >= failing.sinceMs)
      return { status: 500, body: bytes('internal server error\n') }
    if (!moments.answers(node, nowMs)) return null
    const gpus = node.devices.map((device) => gpuOf(model, moments, device, nowMs))
    const page = writeExporterPage(gpus)
    return { status: 200, body: bytes(node === garbled ? garble(page, gpus) : page) }
  }
}

const bytes = (text: string) => Buffer.from(text, 'utf8')

function gpuOf(
  model: FleetModel,
  moments: Moments,
  device: SimDevice,
  nowMs: number,
): SimulatedGpu {
  const { xid_code, ...metrics } = moments.metricsOf(device, nowMs)
  return {
    uuid: device.key.slice('uuid:'.length),
    index: device.index,
    bus: device.bus,
    model: device.spec.model,
    hostname: device.node.name,
    driver: DRIVER,
    metrics: {
      ...metrics,
      ...memoryOf(metrics),
      ...busOf(metrics),
      ...errorsOf(model, device, nowMs),
    },
    holder: moments.holderOf(device.node, nowMs),
    xid: xid_code ?? 0,
  }
}

function memoryOf({
  memory_used_bytes: used,
  memory_total_bytes: total,
}: MetricValues): MetricValues {
  return { memory_free_bytes: (total ?? 0) - (used ?? 0) }
}

/** Memory clock and host bus follow the load; nothing else of the demo looks at them. */
function busOf({
  gr_engine_active_ratio: busy,
  memory_bandwidth_active_ratio: memory,
}: MetricValues): MetricValues {
  const load = busy ?? 0
  return {
    memory_controller_busy_ratio: Math.min(1, (memory ?? 0) * 1.1),
    memory_clock_hertz: load > 0.05 ? 2.619e9 : 1.593e9,
    pcie_tx_bytes_per_second: Math.round(load * 2.4e9),
    pcie_rx_bytes_per_second: Math.round(load * 5.1e9),
    pcie_replay_total: 0,
  }
}

/** The node with the faulty device has its memory error counters switched on; one ECC error in five minutes. */
function errorsOf(model: FleetModel, device: SimDevice, nowMs: number): MetricValues {
  const { faulty } = model.troubles
  if (faulty.device.node !== device.node) return {}
  const isFaulty = faulty.device === device
  const sinceMs = Math.max(0, nowMs - faulty.sinceMs)
  return {
    ecc_corrected_total: isFaulty ? 3 + Math.floor(sinceMs / 300_000) : 0,
    ecc_uncorrected_total: isFaulty ? 1 : 0,
    remapped_rows_corrected_total: 0,
    remapped_rows_uncorrected_total: isFaulty ? 1 : 0,
    row_remap_failed: 0,
    row_remap_pending: isFaulty ? 1 : 0,
  }
}

/** What a broken proxy or a full disk makes of a page: half a row, a number that is none, a driver's blank. */
function garble(page: string, gpus: readonly SimulatedGpu[]): string {
  const labels = /\{gpu="0"[^}]*\}/.exec(page)?.[0] ?? '{gpu="0"}'
  const lines = page.split('\n')
  const middle = Math.floor(lines.length / 2)
  const noise = [
    `DCGM_FI_DEV_MEM_CLOCK${labels.slice(0, 40)}`,
    `DCGM_FI_DEV_PCIE_REPLAY_COUNTER${labels} 1.2.3`,
    `DCGM_FI_DEV_ENC_UTIL${labels} 4294967295`,
  ]
  return gpus.length === 0
    ? page
    : [...lines.slice(0, middle), ...noise, ...lines.slice(middle)].join('\n')
}
