import { isReachable, troublesOf, type Troubles } from './faults.ts'
import { incidentAt, type IncidentMoment } from './incident.ts'
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
  /** By slot. */
  readonly moments: readonly SlotMoment[]
}

export interface FleetModel {
  readonly fleet: Fleet
  readonly slots: readonly Slot[]
  readonly troubles: Troubles
  /** Slot of a device position. */
  slotOf(device: SimDevice): Slot
  /** Computes the moment `atMs`; the same arrays are reused by the next call. */
  tick(atMs: number, incidentStartMs: number | null): FleetTick
  /** False while nothing can be read from a node. */
  nodeAnswers(node: SimNode, atMs: number): boolean
}

type Arrays = Omit<FleetTick, 'atMs' | 'moments'>

/** What never changes about a device, by position. */
interface Traits {
  readonly cores: Float64Array
  readonly tensor: Float64Array
  readonly warmth: Float64Array
  readonly memory: Float64Array
}

const INCIDENT_LOOP = 'hall-a1/loop-1'
const HW_THERMAL = 0x40
const SW_POWER_CAP = 0x4
/** Of the flagship's devices one in so many reports an error when the job dies. */
const XID_EVERY = 64
const XID_CONTAINED = 94
const MIB = 1_048_576
const HOUR = 3_600_000

/**
 * A fleet in time. Energy is counted from `bornMs`, the moment of the first tick; lasting troubles began
 * some hours before `liveMs`. Ticks are asked for in the order of time.
 */
export function createFleetModel(fleet: Fleet, bornMs: number, liveMs = bornMs): FleetModel {
  const { seed } = fleet
  const troubles = troublesOf(fleet, liveMs)
  const slots = buildSlots(fleet)
  const slotIndex = new Int32Array(fleet.devices.length)
  for (const slot of slots)
    for (const node of slot.nodes)
      for (const device of node.devices) slotIndex[device.position] = slot.id
  const arrays = newArrays(fleet)
  const traits = traitsOf(fleet)
  let lastMs = bornMs

  function nodeAnswers(node: SimNode, atMs: number): boolean {
    if (!isReachable(troubles, node, atMs)) return false
    const hour = Math.floor(atMs / HOUR)
    if (uniform(seed, node.position + 100_000, hour) >= 0.006) return true
    const from = uniform(seed, node.position + 200_000, hour) * 0.7
    const into = (atMs % HOUR) / HOUR
    return !(into >= from && into < from + 0.3)
  }

  function tick(atMs: number, incidentStartMs: number | null): FleetTick {
    const seconds = Math.max(0, (atMs - lastMs) / 1000)
    lastMs = atMs
    const incident = incidentAt(incidentStartMs === null ? -1 : atMs - incidentStartMs)
    const context = { seed, cell: Math.floor(atMs / 10_000), incident, seconds, arrays, traits }
    const moments = slots.map((slot) => slotAt(slot, seed, atMs))
    for (const slot of slots) {
      const moment = moments[slot.id]
      if (moment === undefined) continue
      for (const node of slot.nodes) {
        const answers = nodeAnswers(node, atMs) ? 1 : 0
        for (const device of node.devices) {
          fillDevice(context, device, slot, moment)
          arrays.present[device.position] = answers
        }
      }
    }
    const { device, xid, sinceMs } = troubles.faulty
    if (atMs >= sinceMs) arrays.xid[device.position] = xid
    return { atMs, ...arrays, moments }
  }

  return {
    fleet,
    slots,
    troubles,
    slotOf: (device) => {
      const slot = slots[slotIndex[device.position] ?? 0]
      if (slot === undefined) throw new Error(`device ${device.key} belongs to no slot`)
      return slot
    },
    tick,
    nodeAnswers,
  }
}

interface TickContext {
  readonly seed: number
  /** Number of the ten seconds, so that a coarse and a fine look at one moment agree. */
  readonly cell: number
  readonly incident: IncidentMoment
  readonly seconds: number
  readonly arrays: Arrays
  readonly traits: Traits
}

function fillDevice(
  { seed, cell, incident, seconds, arrays, traits }: TickContext,
  device: SimDevice,
  slot: Slot,
  moment: SlotMoment,
): void {
  const i = device.position
  const { spec } = device
  const isHot = device.loop === INCIDENT_LOOP
  const isDead = slot.flagship && incident.jobDead
  const noise = uniform(seed, i, cell) - 0.5
  // Kernels start and stop: a device's busy share wobbles more when its job is half busy.
  const base = isDead ? 0.003 : moment.busy
  const wobble = noise * 0.16 * Math.min(1, 4 * base * (1.06 - base))
  const busy = base < 0.01 ? 0 : Math.min(1, Math.max(0, base + wobble))
  const clock = isHot ? incident.clock : 1
  const cores = busy * (traits.cores[i] ?? 0)
  const effort = busy * (0.72 + 0.25 * moment.tensor) * (0.35 + 0.65 * clock)
  const watts = Math.round((spec.idleWatts + (spec.maxWatts - spec.idleWatts) * effort) * 10) / 10
  const heat = isHot ? incident.heat : 0
  const temperature = 31 + 34 * (watts / spec.maxWatts) + (traits.warmth[i] ?? 0) + heat
  arrays.busy[i] = round3(busy)
  arrays.smActive[i] = round3(spec.vendor === 'nvidia' ? cores : Math.min(1, cores * 1.1))
  arrays.tensor[i] = round3(busy * moment.tensor * (traits.tensor[i] ?? 0))
  arrays.memoryBandwidth[i] = round3(busy * 0.45)
  arrays.power[i] = watts
  arrays.temperature[i] = Math.round(temperature)
  arrays.memoryTemperature[i] = Math.round(temperature + 6)
  arrays.clock[i] =
    Math.round((busy > 0.02 ? spec.clockMaxHertz * clock * 0.97 : 345e6) / 1e6) * 1e6
  const share = moment.job === null ? 0.012 : (traits.memory[i] ?? 0)
  arrays.memoryUsed[i] =
    Math.round((spec.vendor === 'huawei' ? Math.max(share, 0.05) : share) * spec.memoryMiB) * MIB
  arrays.clockEvents[i] =
    clock < 0.99 ? HW_THERMAL : watts > spec.maxWatts * 0.95 ? SW_POWER_CAP : 0
  arrays.health[i] = clock < 0.7 ? 1 : 0
  const xid = isDead && i % XID_EVERY === 3 ? XID_CONTAINED : 0
  // Before the job runs again the GPU that reported an error is reset, and its counters with it.
  const isReset = xid === 0 && arrays.xid[i] === XID_CONTAINED
  arrays.xid[i] = xid
  arrays.energy[i] = isReset ? 0 : (arrays.energy[i] ?? 0) + watts * seconds
}

function newArrays({ seed, devices }: Fleet): Arrays {
  const count = devices.length
  return {
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
    energy: Float64Array.from(devices, (device) => 1e9 + mix(seed, device.position, 77)),
    clockEvents: new Uint32Array(count),
    xid: new Uint16Array(count),
    health: new Uint8Array(count),
  }
}

function traitsOf({ seed, devices }: Fleet): Traits {
  const trait = (salt: number, low: number, span: number) =>
    Float64Array.from(devices, ({ position }) => low + span * uniform(seed, position, salt))
  return {
    cores: trait(5, 0.55, 0.2),
    tensor: trait(6, 0.9, 0.2),
    warmth: trait(7, 0, 4),
    memory: trait(8, 0.62, 0.3),
  }
}

const round3 = (value: number) => Math.round(value * 1000) / 1000
