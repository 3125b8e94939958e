import { incidentAt } from './incident.ts'
import { buildSlots, slotAt, type Slot, type SlotMoment } from './jobs.ts'
import type { Fleet, SimDevice, SimNode } from './layout.ts'
import { mix, uniform } from './noise.ts'

/** Values of every device at one moment, by device position; NaN = this device cannot say. */
export interface FleetTick {
  readonly atMs: number
  /** 1 = the device answers at this moment. */
  readonly present: Uint8Array
  readonly busy: Float32Array
  readonly smActive: Float32Array
  readonly tensor: Float32Array
  readonly memoryBandwidth: Float32Array
  readonly power: Float32Array
  readonly temperature: Float32Array
  readonly memoryTemperature: Float32Array
  readonly clock: Float32Array
  readonly memoryUsed: Float64Array
  /** Joules since an invented driver load; advances with every call. */
  readonly energy: Float64Array
  /** DCGM clock event bits. */
  readonly clockEvents: Uint32Array
  readonly xid: Uint16Array
  readonly health: Uint8Array
  readonly moments: readonly SlotMoment[]
}

export interface FleetModel {
  readonly fleet: Fleet
  readonly slots: readonly Slot[]
  /** Slot of a device position. */
  slotOf(device: SimDevice): Slot
  /** Computes the moment `atMs`; the same arrays are reused by the next call. */
  tick(atMs: number, incidentStartMs: number | null): FleetTick
  /** False while a node does not answer at all. */
  nodeAnswers(node: SimNode, atMs: number): boolean
}

const INCIDENT_LOOP = 'hall-a1/loop-1'
const HW_THERMAL = 0x40
const SW_POWER_CAP = 0x4
const MIB = 1_048_576
const HOUR = 3_600_000

export function createFleetModel(fleet: Fleet, bornMs: number): FleetModel {
  const { seed } = fleet
  const slots = buildSlots(fleet)
  const slotByNode = new Map<string, Slot>()
  for (const slot of slots) for (const node of slot.nodes) slotByNode.set(node.name, slot)
  const slotIndex = Int32Array.from(
    fleet.devices,
    (device) => slotByNode.get(device.node.name)?.id ?? 0,
  )
  const count = fleet.devices.length
  const arrays = {
    present: new Uint8Array(count),
    busy: new Float32Array(count),
    smActive: new Float32Array(count),
    tensor: new Float32Array(count),
    memoryBandwidth: new Float32Array(count),
    power: new Float32Array(count),
    temperature: new Float32Array(count),
    memoryTemperature: new Float32Array(count),
    clock: new Float32Array(count),
    memoryUsed: new Float64Array(count),
    energy: Float64Array.from(fleet.devices, (device) => 1e9 + mix(seed, device.position, 77)),
    clockEvents: new Uint32Array(count),
    xid: new Uint16Array(count),
    health: new Uint8Array(count),
  }
  let lastMs = bornMs

  function nodeAnswers(node: SimNode, atMs: number): boolean {
    const hour = Math.floor(atMs / HOUR)
    const silent = uniform(seed, node.position + 100_000, hour) < 0.006
    const from = uniform(seed, node.position + 200_000, hour)
    const into = (atMs % HOUR) / HOUR
    return !(silent && into >= from * 0.7 && into < from * 0.7 + 0.3)
  }

  function fillDevice(
    device: SimDevice,
    tickMs: number,
    slot: Slot,
    moment: SlotMoment,
    incidentMs: number | null,
  ): void {
    const i = device.position
    const { spec } = device
    const incident = incidentAt(incidentMs === null ? -1 : tickMs - incidentMs)
    const hot = device.loop === INCIDENT_LOOP ? incident : null
    const dead = slot.flagship && incident.jobDead
    const noise = uniform(seed, i, Math.floor(tickMs / 10_000)) - 0.5
    // Kernels start and stop: a device's busy share wobbles more when its job is half busy.
    const base = dead ? 0.003 : moment.busy
    const busy =
      base < 0.01
        ? 0
        : Math.min(1, Math.max(0, base + noise * 0.16 * Math.min(1, 4 * base * (1.06 - base))))
    const clock = hot === null ? 1 : hot.clock
    const cores = busy * (0.55 + 0.2 * uniform(seed, i, 5))
    const watts =
      spec.idleWatts +
      (spec.maxWatts - spec.idleWatts) *
        busy *
        (0.72 + 0.25 * moment.tensor) *
        (0.35 + 0.65 * clock)
    arrays.busy[i] = round3(busy)
    arrays.smActive[i] = spec.vendor === 'nvidia' ? round3(cores) : round3(Math.min(1, cores * 1.1))
    arrays.tensor[i] = round3(busy * moment.tensor * (0.9 + 0.2 * uniform(seed, i, 6)))
    arrays.memoryBandwidth[i] = round3(busy * 0.45)
    arrays.power[i] = Math.round(watts * 10) / 10
    const heat = hot === null ? 0 : hot.heat
    const temperature = 31 + 34 * (watts / spec.maxWatts) + 4 * uniform(seed, i, 7) + heat
    arrays.temperature[i] = Math.round(temperature)
    arrays.memoryTemperature[i] = Math.round(temperature + 6)
    arrays.clock[i] =
      Math.round((busy > 0.02 ? spec.clockMaxHertz * clock * 0.97 : 345e6) / 1e6) * 1e6
    const share = moment.job === null ? 0.012 : 0.62 + 0.3 * uniform(seed, i, 8)
    arrays.memoryUsed[i] =
      Math.round((spec.vendor === 'huawei' ? Math.max(share, 0.05) : share) * spec.memoryMiB) * MIB
    arrays.clockEvents[i] =
      clock < 0.99 ? HW_THERMAL : watts > spec.maxWatts * 0.95 ? SW_POWER_CAP : 0
    arrays.health[i] = clock < 0.7 ? 1 : 0
    arrays.xid[i] = dead && i % 64 === 3 ? 94 : 0
  }

  function tick(atMs: number, incidentStartMs: number | null): FleetTick {
    const seconds = Math.max(0, (atMs - lastMs) / 1000)
    lastMs = atMs
    const moments = slots.map((slot) => slotAt(slot, seed, atMs))
    for (const node of fleet.nodes) {
      const answers = nodeAnswers(node, atMs) ? 1 : 0
      const slot = slotByNode.get(node.name)
      const moment = slot === undefined ? undefined : moments[slot.id]
      if (slot === undefined || moment === undefined) continue
      for (const device of node.devices) {
        const i = device.position
        fillDevice(device, atMs, slot, moment, incidentStartMs)
        arrays.energy[i] = (arrays.energy[i] ?? 0) + (arrays.power[i] ?? 0) * seconds
        arrays.present[i] = answers
      }
    }
    return { atMs, ...arrays, moments }
  }

  return {
    fleet,
    slots,
    slotOf: (device) => {
      const slot = slots[slotIndex[device.position] ?? 0]
      if (slot === undefined) throw new Error(`device ${device.key} belongs to no slot`)
      return slot
    },
    tick,
    nodeAnswers,
  }
}

const round3 = (value: number) => Math.round(value * 1000) / 1000
