import type { Holder, Partition } from '#schemas/batch.ts'
import {
  DEVICE_METRICS,
  isPlausible,
  type MetricName,
  type MetricValues,
} from '#schemas/metrics.ts'
import type { DeviceReading } from '#schemas/reading.ts'
import { slotKey } from '../../vendors/nvidia-identity.ts'
import { dropAbsentNvlink, migShare } from '../../vendors/nvidia-models.ts'
import { fillCells, type Cells } from './cells.ts'
import { addParts, counterSample, refuseSteep } from './counters.ts'
import { boardKey, identify, type Entity, type Identities } from './identity.ts'
import type { LabelBlock } from './labels.ts'
import { LIMITS } from './limits.ts'
import { FIELDS } from './map.ts'
import { boardRatio, type Slice } from './mig.ts'
import { EXPORTER_POD, SHARE_WEIGHTED } from './names.ts'
import type { Page } from './parse.ts'
import type { Rejects } from './rejects.ts'
import { SCALE_GROUPS } from './scales.ts'
import {
  type EnergyCounter,
  measureEnergyUnit,
  settleUnits,
  type UnitMemory,
  type Units,
} from './units.ts'

export interface PageDevices {
  readonly devices: readonly DeviceReading[]
  /** `unit_<family>`: the native unit each family was read in, where the page has it. */
  readonly toolLabels: Readonly<Record<string, string>>
  readonly identities: Identities
  readonly units: Units
}

/** What is known beside the page itself. */
export interface PageContext {
  readonly rejects: Rejects
  readonly memory: UnitMemory
  /** Epoch ms of the read; null for a captured page, whose counters have no time. */
  readonly nowMs: number | null
}

const slotOf = (name: MetricName) => DEVICE_METRICS.findIndex((metric) => metric.name === name)
const ENERGY_SLOT = slotOf('energy_joules_total')
const POWER_SLOT = slotOf('power_watts')
const TOTAL_SLOT = slotOf('memory_total_bytes')
const ENERGY_GROUPS = SCALE_GROUPS.flatMap(({ name }, group) =>
  name.startsWith('energy') ? [{ group, name }] : [],
)
const NO_COUNTERS: readonly EnergyCounter[] = []

/** Turns a scanned page into one reading per GPU and per MIG instance. */
export function readDevices(page: Page, context: PageContext): PageDevices {
  const { rejects } = context
  const identities = identify(page.blocks, rejects)
  const holderOf = holdersOf(page)
  const isHeld = (block: LabelBlock) => holderOf(block) !== null
  const settled = settleUnits(page, context.memory)
  const cells = fillCells(identities, { page, units: settled, rejects, isHeld })
  const units = settleCells(cells, settled, page, context)
  const readings = new Map<Entity, DeviceReading>()
  for (const [entity, filled] of cells)
    readings.set(entity, toReading(entity, toMetrics(filled), holderOf))
  for (const [entity, reading] of readings) {
    if (entity.instance === null) addBoardRatios(entity, reading.metrics, readings, rejects)
  }
  const toolLabels = unitLabels(page, units)
  return { devices: [...readings.values()], toolLabels, identities, units }
}

/** Whom the labels of a row name as the user of its device; the page tells whose labels they are. */
export type HolderOf = (block: LabelBlock) => Holder | null

export function holdersOf({ blocks }: Page): HolderOf {
  const isBehindPrometheus = blocks.some((block) => block.exported !== null)
  return (block) => blockHolder(block, isBehindPrometheus)
}

/** Settles in place what needs the values of other cells or of the reads before; returns the units of the page. */
export function settleCells(
  all: ReadonlyMap<Entity, Cells>,
  units: Units,
  page: Page,
  context: PageContext,
): Units {
  const settled = settleEnergy(all, units, page, context)
  for (const [entity, cells] of all) settleCounters(entity, cells, page, context)
  return settled
}

function settleCounters(entity: Entity, cells: Cells, page: Page, context: PageContext): void {
  // Sums and throttle counters are the board's.
  if (entity.instance !== null) return
  const { memory, nowMs, rejects } = context
  const sample = counterSample(memory.counters, entity, nowMs)
  addParts(cells, sample)
  refuseSteep(cells, sample, nowMs, (row) =>
    rejects.add('slope_too_steep', page.text, page.starts[row], page.ends[row]),
  )
}

/** Converts energy in place, once power and time had their say about its unit. */
function settleEnergy(
  all: ReadonlyMap<Entity, Cells>,
  units: Units,
  page: Page,
  context: PageContext,
): Units {
  const settled = [...units]
  const { memory, nowMs } = context
  for (const { group, name } of ENERGY_GROUPS) {
    const counters = nowMs === null ? NO_COUNTERS : energyCounters(all, group)
    if (nowMs === null || counters.length === 0) continue
    const measured = measureEnergyUnit(memory, counters, nowMs, LIMITS.energyTracked)
    if (measured === undefined) continue
    settled[group] = measured
    memory.decided.set(name, measured)
  }
  for (const cells of all.values()) convertEnergy(cells, settled, page, context.rejects)
  return settled
}

/** Energy counters of a group that moved at some power, by device. */
function energyCounters(all: ReadonlyMap<Entity, Cells>, group: number): readonly EnergyCounter[] {
  let counters: EnergyCounter[] | null = null
  for (const [{ key }, { values, fields }] of all) {
    const raw = values[ENERGY_SLOT] ?? NaN
    const watts = values[POWER_SLOT] ?? NaN
    if (!(raw > 0 && watts > 0) || FIELDS[fields[ENERGY_SLOT] ?? -1]?.scale !== group) continue
    counters ??= []
    counters.push({ key, raw, watts })
  }
  return counters ?? NO_COUNTERS
}

function convertEnergy(cells: Cells, units: Units, page: Page, rejects: Rejects): void {
  const native = cells.values[ENERGY_SLOT] ?? NaN
  const field = FIELDS[cells.fields[ENERGY_SLOT] ?? -1]
  if (Number.isNaN(native) || native === 0 || field === undefined) return
  const unit = SCALE_GROUPS[field.scale]?.units[units[field.scale] ?? -1]
  const joules = unit === undefined ? NaN : (native * unit.times) / unit.over
  const isGood = isPlausible(field.definition, joules)
  cells.values[ENERGY_SLOT] = isGood ? joules : NaN
  if (isGood) return
  const row = cells.rows[ENERGY_SLOT] ?? -1
  const reason = unit === undefined ? 'unit_unclear' : 'out_of_range'
  rejects.add(reason, page.text, page.starts[row], page.ends[row])
}

/** Cells that are settled, as metrics. */
export function toMetrics(cells: Cells): MetricValues {
  const metrics: MetricValues = {}
  for (const [slot, metric] of DEVICE_METRICS.entries()) {
    if ((cells.fields[slot] ?? -1) < 0) continue
    const value = cells.values[slot] ?? NaN
    metrics[metric.name] = Number.isNaN(value) ? null : value
  }
  const { memory_used_bytes: used, memory_free_bytes: free } = metrics
  if (
    typeof metrics.memory_total_bytes !== 'number' &&
    typeof used === 'number' &&
    typeof free === 'number'
  )
    metrics.memory_total_bytes = totalMemory(used + free + (metrics.memory_reserved_bytes ?? 0))
  return metrics
}

/** The default field set has no total; the parts add up to it, give or take a MiB. */
export const totalMemory = (parts: number): number | null =>
  isPlausible(DEVICE_METRICS[TOTAL_SLOT] ?? DEVICE_METRICS[0], parts) ? parts : null

/** What a device is, with what it measured. */
export function toReading(
  entity: Entity,
  metrics: MetricValues,
  holderOf: HolderOf,
): DeviceReading {
  const { board, instance } = entity
  const facts = entity.blocks.length > 0 ? entity.blocks : boardBlocks(entity)
  const model = firstOf(facts, (block) => block.model ?? block.facts['device_name'] ?? null)
  dropAbsentNvlink(model, metrics)
  const users = distinctHolders(entity.blocks, holderOf)
  const labels: Record<string, string> = {}
  for (const block of facts) {
    for (const [name, value] of Object.entries(block.facts)) labels[name] ??= value
  }
  if (board.host !== null) labels['exporter_host'] = board.host
  if (users.length > 1) labels['shared_by'] = String(users.length)
  const isPlaced = instance === null && board.bus !== null && board.uuid !== null
  return {
    keys: isPlaced ? [entity.key, slotKey(board.bus, board.index)] : [entity.key],
    vendor: 'nvidia',
    model: model ?? 'unknown',
    node: board.host,
    // Place and index belong to the board: an instance that carried them would look like a replacement.
    index: instance === null ? board.index : null,
    bus: instance === null ? board.bus : null,
    parent: instance === null ? null : boardKey(board),
    partition: partitionOf(entity, model),
    holder: agreedHolder(users),
    metrics,
    labels,
    failed: null,
  }
}

function partitionOf({ instance }: Entity, model: string | null): Partition | null {
  if (instance === null) return null
  return { id: instance.id, profile: instance.profile, share: migShare(instance.profile, model) }
}

function boardBlocks(entity: Entity): readonly LabelBlock[] {
  return [...entity.board.entities.values()].flatMap((other) => other.blocks)
}

function firstOf<Value>(
  blocks: readonly LabelBlock[],
  pick: (block: LabelBlock) => Value | null,
): Value | null {
  for (const block of blocks) {
    const value = pick(block)
    if (value !== null) return value
  }
  return null
}

/** The user a row names, empty fields left out; null when the labels name nobody or the exporter itself. */
function blockHolder(block: LabelBlock, isBehindPrometheus: boolean): Holder | null {
  const pod = isBehindPrometheus ? block.exported : block.plain
  const isExporter = !isBehindPrometheus && pod !== null && EXPORTER_POD.test(pod.pod)
  const named = pod === null || isExporter ? null : pod
  if (named === null && block.job === '') return null
  return {
    ...(block.job === '' ? {} : { job: block.job }),
    ...(named === null || named.namespace === '' ? {} : { namespace: named.namespace }),
    ...(named === null || named.pod === '' ? {} : { pod: named.pod }),
    ...(named === null || named.container === '' ? {} : { container: named.container }),
  }
}

function distinctHolders(blocks: readonly LabelBlock[], holderOf: HolderOf): readonly Holder[] {
  const seen = new Map<string, Holder>()
  for (const block of blocks) {
    const holder = holderOf(block)
    if (holder !== null) seen.set(JSON.stringify(holder), holder)
  }
  return [...seen.values()]
}

/** What all users of a device agree on: one pod's name, or only its namespace, or nobody's. */
function agreedHolder(users: readonly Holder[]): Holder | null {
  const first = users[0]
  if (first === undefined) return null
  const agreed: Record<string, string> = {}
  for (const [name, value] of Object.entries(first)) {
    const isShared = users.every((user) =>
      Object.entries(user).some(([n, v]) => n === name && v === value),
    )
    if (typeof value === 'string' && isShared) agreed[name] = value
  }
  return Object.keys(agreed).length === 0 ? null : agreed
}

/** Puts into the board what its instances measured, weighted by their share of its compute. */
export function addBoardRatios(
  board: Entity,
  metrics: MetricValues,
  readings: ReadonlyMap<Entity, Slice>,
  rejects: Rejects,
): void {
  const instances: Slice[] = []
  for (const entity of board.board.entities.values()) {
    const reading = entity.instance === null ? undefined : readings.get(entity)
    if (reading !== undefined) instances.push(reading)
  }
  if (instances.length === 0) return
  for (const metric of SHARE_WEIGHTED) {
    if (instances.every((instance) => instance.metrics[metric] === undefined)) continue
    const ratio = boardRatio(metric, instances)
    if (ratio === 'shares_exceed_device')
      rejects.add('mig_shares_exceed_device', `${board.key} ${metric}`)
    if (typeof ratio === 'number') metrics[metric] = ratio
    else metrics[metric] ??= null
  }
}

function unitLabels(page: Page, units: Units): Readonly<Record<string, string>> {
  const present = new Set(page.fields.map((field) => FIELDS[field]?.scale ?? -1))
  const labels: Record<string, string> = {}
  for (const [group, { name, units: known }] of SCALE_GROUPS.entries()) {
    if (present.has(group)) labels[`unit_${name}`] = known[units[group] ?? -1]?.unit ?? 'unclear'
  }
  return labels
}
