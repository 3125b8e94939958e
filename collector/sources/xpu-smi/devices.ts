import type { DeviceReading } from '#schemas/reading.ts'
import { detached, type Rejections } from '../../formats/rejections.ts'
import { metricsOf, modelOf } from './map.ts'
import type { XpuOutput } from './parse.ts'
import { sameBus, type XpuRow, type XpuRefusal } from './values.ts'

const VENDOR = 'kunlunxin'

/** Who sits at a bus address, as `xpu-smi -m` said earlier. */
export interface KnownIdentity {
  readonly serial: string | null
  readonly chip: number | null
  readonly firmware: string | null
}

/** A row with the layout it came from and its process count. */
interface Seen {
  readonly row: XpuRow
  readonly processes: number | null
}

/**
 * The devices of an output: the box (or the first generation's table) leads, a line of `-m` of the same bus
 * adds what the box lacks, and what is known of the bus from before names the device where this output does not.
 */
export function devicesOf(
  output: XpuOutput,
  known: ReadonlyMap<string, KnownIdentity>,
): DeviceReading[] {
  const seen = joinByBus(output)
  const serials = serialCounts(seen.map(({ row }) => withIdentity(row, known)))
  return seen.map(({ row, processes }) => {
    const named = withIdentity(row, known)
    return toReading(named, { processes, serials, rejections: output.rejections })
  })
}

function joinByBus(output: XpuOutput): Seen[] {
  const joined: Seen[] = []
  const places = new Map<string, number>()
  const add = (row: XpuRow, processes: ReadonlyMap<number, number> | null, isAddition: boolean) => {
    const place = placeOf(row)
    const at = places.get(place)
    const count = processes === null || row.index === null ? null : (processes.get(row.index) ?? 0)
    const there = at === undefined ? undefined : joined[at]
    if (at === undefined || there === undefined) {
      places.set(place, joined.length)
      joined.push({ row, processes: count })
    } else if (isAddition) joined[at] = { ...there, row: completed(there.row, row) }
    else output.rejections.add(`${row.name} ${place}`, 'duplicate_device')
  }
  for (const row of output.table.rows) add(row, output.table.processes, false)
  for (const row of output.firstGeneration.rows) add(row, output.firstGeneration.processes, false)
  const isAlone = joined.length === 0
  const machinePlaces = new Set<string>()
  for (const row of output.machine) {
    const place = placeOf(row)
    if (machinePlaces.has(place)) output.rejections.add(`${row.name} ${place}`, 'duplicate_device')
    // Beside a box, a line of another bus is a device that the box does not list: the box decides.
    else if (isAlone || places.has(place)) add(row, null, true)
    machinePlaces.add(place)
  }
  return joined
}

const placeOf = (row: XpuRow) =>
  row.bus === null ? `xpu${row.index ?? '-unknown'}` : sameBus(row.bus)

/** What the box does not print, from the machine format: identity, firmware and memory temperature. */
function completed(row: XpuRow, machine: XpuRow): XpuRow {
  return {
    ...row,
    serial: machine.serial ?? row.serial,
    chip: machine.chip ?? row.chip,
    firmware: machine.firmware ?? row.firmware,
    memoryTemperatureCelsius: row.incomplete === null ? machine.memoryTemperatureCelsius : null,
  }
}

function withIdentity(row: XpuRow, known: ReadonlyMap<string, KnownIdentity>): XpuRow {
  const before = row.bus === null ? undefined : known.get(sameBus(row.bus))
  if (before === undefined || row.serial !== null) return row
  return { ...row, ...before, firmware: row.firmware ?? before.firmware }
}

/** A board of several chips prints one serial on each: the chip's number tells them apart. */
function serialText(row: XpuRow): string | null {
  if (row.serial === null) return null
  return row.chip === null || row.chip === 0 ? row.serial : `${row.serial}/${row.chip}`
}

function serialCounts(rows: readonly XpuRow[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const row of rows) {
    const serial = serialText(row)
    if (serial !== null) counts.set(serial, (counts.get(serial) ?? 0) + 1)
  }
  return counts
}

interface Surroundings {
  readonly processes: number | null
  readonly serials: ReadonlyMap<string, number>
  readonly rejections: Rejections<XpuRefusal>
}

function toReading(row: XpuRow, around: Surroundings): DeviceReading {
  const place = placeOf(row)
  const serial = serialText(row)
  const isOwn = serial !== null && around.serials.get(serial) === 1
  if (serial !== null && !isOwn) around.rejections.add(`${serial} ${place}`, 'shared_serial')
  const isZero = isZeroFilled(row)
  if (isZero) around.rejections.add(`${row.name} ${place}`, 'zero_filled_row')
  const failed = row.incomplete ?? (isZero ? 'the tool printed zeros only' : null)
  const refuse = (what: string) => around.rejections.add(`${place} ${what}`, 'out_of_range')
  const labels: Record<string, string> = { ...row.labels }
  if (row.serial !== null) labels['serial'] = row.serial
  if (row.firmware !== null) labels['firmware_version'] = row.firmware
  if (row.name !== '') labels['printed_model'] = row.name
  return {
    keys: [...(isOwn ? [`serial:${detached(serial)}`] : []), `slot:${detached(place)}/0`],
    vendor: VENDOR,
    model: modelOf(row.name),
    node: null,
    index: row.index,
    bus: row.bus === null ? null : detached(row.bus),
    parent: null,
    partition: null,
    holder: null,
    metrics: failed === null ? { ...metricsOf(row, refuse), process_count: around.processes } : {},
    labels,
    failed,
  }
}

/** A card that lost its driver prints zeros: no memory at all is no idle device. */
function isZeroFilled({ memory, powerWatts, temperatureCelsius, incomplete }: XpuRow): boolean {
  const isNothing = memory?.total === 0 && (powerWatts ?? 0) === 0
  return incomplete === null && isNothing && (temperatureCelsius ?? 0) === 0
}
