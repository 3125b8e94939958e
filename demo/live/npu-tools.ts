import {
  renderCommand,
  type SimulatedNpu,
  type SimulatedTool,
} from '../../collector/sources/npu-smi/simulate.ts'
import type { SimDevice, SimNode } from '../fleet/layout.ts'
import type { FleetModel } from '../fleet/state.ts'
import type { Moments } from './moments.ts'

const MIB = 1_048_576
const PREFIX = 'npu-smi@'
const DIES_PER_CARD = 2
const TOOLS: Readonly<Record<'single' | 'dual', SimulatedTool>> = {
  single: { layout: 5, toolVersion: '24.1.0', driverVersion: '24.1.0', processBox: true },
  dual: { layout: 6, toolVersion: '25.2.0', driverVersion: '25.2.0', processBox: true },
}

/** The command that stands for the tool of one simulated node. */
export const toolCommand = (node: SimNode) => `${PREFIX}${node.name}`

/** What the tool prints; null when it hangs. */
export type NpuTools = (
  command: string,
  args: readonly string[],
  nowMs: number,
) => { readonly stdout: string; readonly exitCode: number } | null

/** `npu-smi` of every Ascend node. */
export function createNpuTools(model: FleetModel, moments: Moments): NpuTools {
  const nodes = new Map(model.fleet.nodes.map((node) => [toolCommand(node), node]))
  return (command, args, nowMs) => {
    const node = nodes.get(command)
    if (node === undefined) return { stdout: `${command}: command not found\n`, exitCode: 127 }
    if (!moments.answers(node, nowMs)) return null
    const isDual = isDualDie(node.devices[0])
    const npus = node.devices.map((device) => npuOf(moments, device, nowMs))
    return renderCommand(args, npus, TOOLS[isDual ? 'dual' : 'single'])
  }
}

const isDualDie = (device: SimDevice | undefined) => device?.spec.model === 'Ascend 910C'

function npuOf(moments: Moments, device: SimDevice, nowMs: number): SimulatedNpu {
  const metrics = moments.metricsOf(device, nowMs)
  const isDual = isDualDie(device)
  const usedBytes = metrics.memory_used_bytes ?? 0
  return {
    npu: isDual ? Math.floor(device.index / DIES_PER_CARD) : device.index,
    chip: isDual ? device.index % DIES_PER_CARD : 0,
    phyId: device.index,
    name: isDual ? 'Ascend910' : device.spec.model.replace('Ascend ', ''),
    bus: device.bus,
    health: metrics.health_code === 1 ? 'Warning' : 'OK',
    errorCodes: [],
    powerWatts: metrics.power_watts ?? null,
    temperatureCelsius: metrics.temperature_celsius ?? null,
    aicorePercent: percent(metrics.aicore_ratio),
    memoryUsedMb: Math.round(usedBytes / MIB),
    memoryTotalMb: device.spec.memoryMiB,
    hugepages: { used: 0, total: 0 },
    processes: processesOf(moments, device, nowMs),
    vdie: device.key.slice('vdie:'.length).split('-'),
    npuUtilPercent: percent(metrics.npu_util_ratio),
    aicubePercent: null,
    aivectorPercent: null,
    hbmBandwidthPercent: null,
  }
}

function processesOf(moments: Moments, device: SimDevice, nowMs: number) {
  if (moments.holderOf(device.node, nowMs) === null) return []
  const memoryMb = Math.round(device.spec.memoryMiB * 0.6)
  return [{ pid: 20_000 + device.position, name: 'python', memoryMb }]
}

const percent = (ratio: number | null | undefined) =>
  ratio === null || ratio === undefined ? null : Math.round(ratio * 100)
