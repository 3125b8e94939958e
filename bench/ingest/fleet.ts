import type { BatchDevice } from '#schemas/batch.ts'
import { BUSY_SOURCES, isMetricName, type MetricName, type MetricValues } from '#schemas/metrics.ts'
import type { TargetRecord } from '#schemas/records.ts'
import { busyValue, chooseBusy } from '../../collector/busy.ts'
import type { DeviceRow } from '../../collector/merge.ts'
import { buildLoad, type LoadDevice, type LoadNode, type LoadShape } from '../../cli/load/layout.ts'
import { createDeviceValues, type DeviceValues } from '../../cli/load/values.ts'
import { slotAt } from '../../demo/fleet/jobs.ts'

/** The fleet both sides are fed with: the one of `plimsoll load`, 40 values a device, in the vendors' steps. */
export interface FleetNode {
  readonly name: string
  readonly devices: readonly FleetDevice[]
  /** Rows of one instant; instants are asked for in the order of time. */
  read(tickMs: number, stepMs: number): DeviceRow[]
  /** What its collector says of reading it, once a minute. */
  target(atMs: number, stepMs: number): TargetRecord
}

export interface FleetDevice {
  readonly key: string
  readonly node: string
  readonly batchDevice: BatchDevice
}

export interface FleetPart {
  readonly collector: string
  readonly nodes: readonly FleetNode[]
}

/** As in the collector's own answers: about what a page of eight GPUs takes. */
const PAGE_BYTES = 24_000
const READ_MS = 14.2

/** The whole fleet in parts of one collector each. The same shape and instants give the same values. */
export function createFleet(shape: LoadShape): FleetPart[] {
  return buildLoad(shape).map(({ collector, nodes }) => ({
    collector,
    nodes: nodes.map((node) => createNode(node, shape.seed)),
  }))
}

interface Measured extends FleetDevice {
  readonly values: DeviceValues
}

function createNode(node: LoadNode, seed: number): FleetNode {
  const devices = node.devices.map((device): Measured => {
    const batchDevice = describe(node, device)
    const values = createDeviceValues(seed, device)
    return { key: device.key, node: node.name, batchDevice, values }
  })
  let names: readonly MetricName[] = []
  let sinceMs: number | null = null
  return {
    name: node.name,
    devices,
    read(tickMs, stepMs) {
      const moment = slotAt(node.slot, seed, tickMs)
      return devices.map(({ batchDevice, values }) => {
        const given = values(tickMs, moment)
        const source = chooseBusy(given)
        const metrics: MetricValues = { ...given, busy_ratio: busyValue(given, source) }
        if (names.length === 0) names = Object.keys(given).filter(isMetricName)
        const busySource = BUSY_SOURCES.indexOf(source)
        return { device: batchDevice, tickMs, stepMs, metrics, busySource }
      })
    },
    target(atMs, stepMs) {
      sinceMs ??= atMs
      return {
        kind: 'target',
        at_ms: atMs,
        source: devices[0]?.batchDevice.sources[0] ?? '',
        target: `http://${node.name}:9400/metrics`,
        node: node.name,
        outcome: 'ok',
        reason: '',
        detail: '',
        since_ms: sinceMs,
        last_ok_ms: atMs,
        interval_ms: stepMs,
        duration_ms: READ_MS,
        bytes: PAGE_BYTES,
        devices: devices.length,
        readings: devices.length * names.length,
        rejected: {},
        examples: [],
        fields: Object.fromEntries(names.map((name) => [name, devices.length])),
      }
    },
  }
}

/** As the collector describes a device. Nobody holds it: a job that begins would close a message early, rarely. */
function describe(node: LoadNode, { key, bus, index, spec }: LoadDevice): BatchDevice {
  return {
    keys: [key, `slot:${node.name}/${bus.toLowerCase()}/${index}`],
    node: node.name,
    vendor: spec.vendor,
    model: spec.model,
    index,
    bus,
    parent: null,
    partition: null,
    holder: null,
    hall: node.hall,
    rack: node.rack,
    pool: node.pool,
    sources: [spec.vendor === 'nvidia' ? 'dcgm-exporter' : 'npu-exporter'],
    labels: {},
  }
}
