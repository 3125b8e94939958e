import type { MetricName } from '#schemas/metrics.ts'
import { createGroupColumns, SUMS, type GroupColumns, type GroupKey } from './group-columns.ts'
import type { SlotMoment } from './fleet/jobs.ts'
import type { FleetModel, FleetTick } from './fleet/state.ts'
import { BUSY_ASCEND, BUSY_NVIDIA, type TickValues } from './history-block.ts'

/**
 * The group minutes of samples that come once a minute, added up while the samples are made: the very
 * integers that the settler's view `device_minutes` gives, which the settler confirms later. A sample speaks for its
 * minute, and for up to two silent minutes after it; then the device is unknown (DEFINITIONS section 1).
 */
export interface GroupMinutes {
  /** One minute of the whole fleet; minutes follow each other without a gap. */
  add(tick: FleetTick, values: TickValues): void
  readonly columns: GroupColumns
}

const MINUTE_MS = 60_000
/** Milliseconds x 1,000 of a millionth of a minute: share x 1e6 x 60,000 / 1,000. */
const SHARE = MINUTE_MS / 1000
const BRIDGED_MAX = 2

/** What one device's minute adds to each sum of SUMS, and its temperature. */
interface Spoken {
  /** Minutes since its last sample; above BRIDGED_MAX nothing speaks for it. */
  readonly age: Uint8Array
  /** SUMS.length numbers per device. */
  readonly adds: Float64Array
  readonly temperature: Float32Array
}

export function createGroupMinutes(model: FleetModel, capacity: number): GroupMinutes {
  const { slots } = model
  const count = model.fleet.devices.length
  const spoken: Spoken = {
    age: new Uint8Array(count).fill(BRIDGED_MAX + 1),
    adds: new Float64Array(count * SUMS.length),
    temperature: new Float32Array(count),
  }
  const columns = createGroupColumns(capacity)
  const members = slots.map((slot) =>
    Int32Array.from(slot.nodes.flatMap((node) => node.devices.map((device) => device.position))),
  )
  return {
    columns,
    add(tick, values) {
      const minuteMs = Math.floor(tick.atMs / MINUTE_MS) * MINUTE_MS
      listen(spoken, tick.present, values)
      columns.beginMinute(minuteMs)
      for (const slot of slots) {
        const moment = tick.moments[slot.id]
        const positions = members[slot.id]
        const first = slot.nodes[0]?.devices[0]
        if (moment === undefined || positions === undefined || first === undefined) continue
        const { cluster, hall, pool } = first.node
        const { vendor, model: modelName } = first.spec
        const where = { cluster, hall, pool, vendor, model: modelName }
        addSlot(columns, spoken, positions, { ...where, ...holderOf(moment) })
      }
      columns.endMinute()
    },
  }
}

const holderOf = (moment: SlotMoment) => ({
  tenant: moment.tenant,
  class: moment.job === null ? '' : moment.workload,
})

/** Two rows at most: what is known, by its busy source, and what is not. */
function addSlot(
  columns: GroupColumns,
  spoken: Spoken,
  positions: Int32Array,
  key: Omit<GroupKey, 'busySource'>,
): void {
  const source = key.vendor === 'nvidia' ? BUSY_NVIDIA : BUSY_ASCEND
  const known = columns.group({ ...key, busySource: source })
  const width = SUMS.length
  let silent = 0
  for (const position of positions) {
    if ((spoken.age[position] ?? BRIDGED_MAX + 1) > BRIDGED_MAX) {
      silent++
      continue
    }
    known.devices++
    const from = position * width
    for (let sum = 0; sum < width; sum++)
      known.sums[sum] = (known.sums[sum] ?? 0) + (spoken.adds[from + sum] ?? 0)
    const temperature = spoken.temperature[position] ?? Number.NaN
    if (!(known.temperatureMax >= temperature)) known.temperatureMax = temperature
  }
  if (silent > 0) columns.group({ ...key, busySource: 0 }).devices += silent
}

/** Takes over what devices say now; the others grow older. */
function listen(spoken: Spoken, present: Uint8Array, values: TickValues): void {
  const of = (name: MetricName) => values.get(name) ?? new Float64Array(present.length)
  const [engine, npu] = [of('gr_engine_active_ratio'), of('npu_util_ratio')]
  const [sm, aicore] = [of('sm_active_ratio'), of('aicore_ratio')]
  const [tensor, clock, clockMax] = [
    of('tensor_active_ratio'),
    of('sm_clock_hertz'),
    of('sm_clock_max_hertz'),
  ]
  const [used, total] = [of('memory_used_bytes'), of('memory_total_bytes')]
  const [power, temperature] = [of('power_watts'), of('temperature_celsius')]
  const { age, adds } = spoken
  for (let i = 0; i < present.length; i++) {
    if (present[i] !== 1) {
      age[i] = Math.min(BRIDGED_MAX + 1, (age[i] ?? 0) + 1)
      continue
    }
    age[i] = 0
    const at = i * SUMS.length
    put(adds, at, share(stored(engine[i], npu[i])))
    put(adds, at + 2, share(stored(sm[i], aicore[i])))
    const ratio = Math.min(1, Math.fround(clock[i] ?? 0) / Math.fround(clockMax[i] ?? 0))
    put(adds, at + 4, share(Math.fround(tensor[i] ?? 0) * ratio))
    put(adds, at + 6, thousandths(power[i]) * MINUTE_MS)
    put(adds, at + 8, share((used[i] ?? 0) / (total[i] ?? 0)))
    put(adds, at + 10, thousandths(temperature[i]) * MINUTE_MS)
    spoken.temperature[i] = temperature[i] ?? Number.NaN
  }
}

/** Known time and sum of one quantity; a missing value adds to neither. */
function put(adds: Float64Array, at: number, value: number): void {
  const isMissing = value !== value
  adds[at] = isMissing ? 0 : MINUTE_MS
  adds[at + 1] = isMissing ? 0 : value
}

/** The first that is there, as the Float32 column holds it. */
function stored(first = Number.NaN, second = Number.NaN): number {
  return Math.fround(first === first ? first : second)
}

const share = (ratio: number) => Math.round(ratio * 1_000_000) * SHARE
const thousandths = (value = Number.NaN) => Math.round(Math.fround(value) * 1000)
