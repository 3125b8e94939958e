import type { BatchDevice } from '#schemas/batch.ts'
import {
  BUSY_SOURCES,
  isMetricName,
  metricDefinition,
  type MetricName,
  type MetricValues,
} from '#schemas/metrics.ts'
import type { DeviceReading } from '#schemas/reading.ts'
import { type BusyPin, busyValue, type PinChange, updatePin } from './busy.ts'
import type { CollectorConfig } from './config.ts'
import { type Contribution, describeDevice, sameFacts } from './identity.ts'
import { plausibleMetrics } from './plausible.ts'
import { createRegistry, type Registry } from './registry.ts'
import type { TargetRead } from './runner.ts'
import { type SteadyDevice, steadyDevices } from './steady.ts'

/** One device at one tick, all its sources together. */
export interface DeviceRow {
  /** The same object as long as nothing about the device changes. */
  readonly device: BatchDevice
  readonly tickMs: number
  readonly stepMs: number
  /** With `busy_ratio` of the pinned source. */
  readonly metrics: MetricValues
  /** Index into BUSY_SOURCES of what the device is measured by. */
  readonly busySource: number
}

/** A device that a read showed, with the values that passed. */
export interface SeenDevice {
  readonly key: string
  readonly node: string
  readonly reading: DeviceReading
  readonly metrics: MetricValues
}

/** What became of one read. */
export interface Accepted {
  readonly rows: readonly DeviceRow[]
  readonly seen: readonly SeenDevice[]
  /** Canonical keys of devices whose place another device took. */
  readonly replaced: readonly string[]
  /** Values and devices refused here, by reason; what the parser refused is not among them. */
  readonly rejected: Readonly<Record<string, number>>
  readonly examples: readonly { readonly line: string; readonly reason: string }[]
}

/** What one target last said about a device. */
interface Part extends Contribution {
  readonly id: string
  readonly order: number
  readonly stepMs: number
  tickMs: number
  /** Last tick this target answered for at all, with or without the device. */
  answeredMs: number
  metrics: MetricValues
}

/** A device across its sources. */
export interface Tracked {
  keys: readonly string[]
  slot: string | null
  readonly parts: Map<string, Part>
  readonly pin: BusyPin
  /** Which of several targets each counter is taken from, and the last tick at which it had a value. */
  readonly counters: Map<MetricName, { readonly id: string; readonly seenMs: number }>
  device: BatchDevice | null
  isChanged: boolean
  lastTickMs: number
  seenMs: number
  held: { readonly tickMs: number; readonly stepMs: number; readonly untilMs: number } | null
}

export interface MergerDeps {
  readonly config: Pick<CollectorConfig, 'labels' | 'nodeLabels' | 'cluster'>
  /** Place of a source in the configuration: the first one is believed where several give a value. */
  readonly orderOf: (source: string) => number
  readonly onPinChange: (device: BatchDevice, tickMs: number, change: PinChange) => void
}

export interface Merger {
  accept(read: TargetRead): Accepted
  /** For reads that show the devices of the one accepted just now with other values; null where they are not that plain. */
  steady(read: TargetRead): readonly SteadyDevice[] | null
  /** Rows that waited long enough for another source of the same device. */
  release(nowMs: number): DeviceRow[]
  /** When the next waiting row is due, epoch ms; null without one. */
  nextDueMs(): number | null
  forgetTarget(id: string): void
  /** The clock was set by this much, forward or back: ticks may repeat. */
  rewind(byMs: number): void
  deviceCount(): number
}

/** How long a row waits for the other sources of its device and tick, ms. */
const HOLD_MS = 500
const EXAMPLES = 8
/** How long the source of a counter must be without a value before another takes its place, ms. */
const COUNTER_ABSENT_MS = 180_000

/**
 * Joins what several sources say about one device into one row per tick. Values of a slower source speak
 * for two of its intervals; a source that misses a tick leaves null, it is not repeated.
 */
export function createMerger(deps: MergerDeps): Merger {
  const state: MergeState = { deps, registry: createRegistry(), held: new Set() }
  const { registry, held } = state
  return {
    accept: (read) => accept(state, read),
    steady: (read) => steadyDevices(registry.devicesOf(read.id), read, deps.onPinChange),
    release(nowMs) {
      return [...held].flatMap((tracked) =>
        tracked.held !== null && tracked.held.untilMs <= nowMs
          ? emit(state, tracked, tracked.held)
          : [],
      )
    },
    nextDueMs() {
      let due: number | null = null
      for (const tracked of held)
        if (tracked.held !== null) due = Math.min(due ?? Infinity, tracked.held.untilMs)
      return due
    },
    forgetTarget: (id) => registry.forgetTarget(id),
    rewind(byMs) {
      held.clear()
      registry.rewind(byMs)
    },
    deviceCount: () => registry.size(),
  }
}

interface MergeState {
  readonly deps: MergerDeps
  readonly registry: Registry
  /** Devices whose row waits for another source. */
  readonly held: Set<Tracked>
}

function accept(state: MergeState, read: TargetRead): Accepted {
  const refusals = newRefusals()
  const rows: DeviceRow[] = []
  const seen: SeenDevice[] = []
  const resolved = state.registry.resolve(read, (reason, line) => refusals.add(reason, line))
  for (const { tracked, reading, keys, node } of resolved.devices) {
    rows.push(...flushOlder(state, tracked, read.tickMs))
    if (isDouble(tracked, read)) {
      refusals.add('duplicate_device', keys[0] ?? '')
      continue
    }
    const metrics = plausibleMetrics(reading.metrics, (reason, what) =>
      refusals.add(reason, `${keys[0] ?? ''} ${what}`),
    )
    keep(tracked, read, { reading, node, metrics }, state.deps.orderOf)
    seen.push({ key: tracked.keys[0] ?? '', node, reading, metrics })
  }
  for (const tracked of state.registry.devicesOf(read.id)) {
    const part = tracked.parts.get(read.id)
    if (part !== undefined) {
      if (part.tickMs < read.tickMs) rows.push(...flushOlder(state, tracked, read.tickMs))
      part.answeredMs = read.tickMs
    }
    rows.push(...settleRow(state, tracked, read))
  }
  return { rows, seen, replaced: resolved.replaced, ...refusals.result() }
}

/** A held row of an earlier tick goes out before that tick's values are overwritten. */
function flushOlder(state: MergeState, tracked: Tracked, tickMs: number): DeviceRow[] {
  return tracked.held !== null && tracked.held.tickMs < tickMs
    ? emit(state, tracked, tracked.held)
    : []
}

/** Emits now, or holds the row while another source of the same rhythm has not answered. */
function settleRow(state: MergeState, tracked: Tracked, read: TargetRead): DeviceRow[] {
  const { tickMs, intervalMs: stepMs } = read
  const row = rowState(tracked, read)
  if (row === 'none' || tracked.lastTickMs >= tickMs) return []
  if (row === 'complete') return emit(state, tracked, { tickMs, stepMs })
  tracked.held ??= { tickMs, stepMs, untilMs: read.atMs + HOLD_MS }
  state.held.add(tracked)
  return []
}

/** The row of a tick; none when it was written before, or no source speaks for it. */
function emit(
  { deps, held }: MergeState,
  tracked: Tracked,
  { tickMs, stepMs }: { readonly tickMs: number; readonly stepMs: number },
): DeviceRow[] {
  held.delete(tracked)
  tracked.held = null
  const parts = tickMs <= tracked.lastTickMs ? [] : partsAt(tracked, tickMs)
  const first = parts[0]
  if (first === undefined) return []
  tracked.lastTickMs = tickMs
  const device = deviceNow(tracked, parts, deps)
  const metrics = tracked.parts.size === 1 ? first.metrics : joinMetrics(tracked, parts, tickMs)
  const change = updatePin(tracked.pin, metrics, tickMs)
  if (change !== null) deps.onPinChange(device, tickMs, change)
  const { source } = tracked.pin
  const row = { ...metrics, busy_ratio: busyValue(metrics, source) }
  return [{ device, tickMs, stepMs, metrics: row, busySource: BUSY_SOURCES.indexOf(source) }]
}

/** The device's description; a batch closes when it changes, so one that says the same stays the same. */
function deviceNow(
  tracked: Tracked,
  parts: readonly Part[],
  { config }: Pick<MergerDeps, 'config'>,
): BatchDevice {
  const known = tracked.device
  if (known !== null && !tracked.isChanged && known.sources.length === parts.length) return known
  const next = describeDevice(tracked.keys, parts, config)
  const device = known !== null && JSON.stringify(known) === JSON.stringify(next) ? known : next
  tracked.device = device
  tracked.isChanged = false
  return device
}

function keep(
  tracked: Tracked,
  read: TargetRead,
  said: { reading: DeviceReading; node: string; metrics: MetricValues },
  orderOf: (source: string) => number,
): void {
  const before = tracked.parts.get(read.id)
  const isSame =
    before !== undefined && before.target === read.target && sameFacts(before.reading, said.reading)
  if (!isSame) tracked.isChanged = true
  tracked.seenMs = read.tickMs
  tracked.parts.set(read.id, {
    id: read.id,
    source: read.source,
    order: orderOf(read.source),
    target: read.target,
    stepMs: read.intervalMs,
    tickMs: read.tickMs,
    answeredMs: read.tickMs,
    ...said,
  })
}

/** The same source already speaks for this device through another target: it would count twice. */
function isDouble(tracked: Tracked, read: TargetRead): boolean {
  for (const part of tracked.parts.values())
    if (part.id !== read.id && part.source === read.source && isLive(part, read.tickMs)) return true
  return false
}

/** Whether a read completes the row of its tick, leaves it waiting for others, or makes none. */
function rowState(tracked: Tracked, read: TargetRead): 'none' | 'complete' | 'awaited' {
  if (tracked.parts.size === 1) {
    // Nearly every device has one source, and this runs for every device of every read.
    const part = tracked.parts.get(read.id)
    return part?.tickMs === read.tickMs ? 'complete' : 'none'
  }
  const live = [...tracked.parts.values()].filter((part) => isLive(part, read.tickMs))
  const stepMs = Math.min(...live.map((part) => part.stepMs))
  if (read.intervalMs !== stepMs || !live.some((part) => part.tickMs === read.tickMs)) return 'none'
  const isAwaited = live.some(
    (part) => part.stepMs === stepMs && part.answeredMs < read.tickMs && part.id !== read.id,
  )
  return isAwaited ? 'awaited' : 'complete'
}

/** Heard of within its last three intervals. */
const isLive = (part: Part, tickMs: number) => part.tickMs > tickMs - 3 * part.stepMs

/** Parts that speak for a tick, first source first: those of that tick, and slower ones not yet stale. */
function partsAt(tracked: Tracked, tickMs: number): Part[] {
  if (tracked.parts.size === 1) {
    const [only] = tracked.parts.values()
    return only?.tickMs === tickMs ? [only] : []
  }
  const exact = [...tracked.parts.values()].filter((part) => part.tickMs === tickMs)
  const stepMs = Math.min(...exact.map((part) => part.stepMs))
  const slower = [...tracked.parts.values()].filter(
    (part) =>
      part.stepMs > stepMs && part.tickMs < tickMs && tickMs - part.tickMs < 2 * part.stepMs,
  )
  return [...exact, ...slower].sort((a, b) => a.order - b.order || a.stepMs - b.stepMs)
}

function joinMetrics(tracked: Tracked, parts: readonly Part[], tickMs: number): MetricValues {
  const joined: MetricValues = {}
  for (const part of parts)
    for (const name of Object.keys(part.metrics)) {
      if (!isMetricName(name)) continue
      const value = part.metrics[name] ?? null
      joined[name] ??= mayCount(tracked, part, { name, value, tickMs }) ? value : null
    }
  return joined
}

/**
 * A counter stays with its source until that one was without a value for three minutes: two tools read it at different
 * moments, or count different things, and one that jumps between them looks as if it had been reset.
 */
function mayCount(
  { counters, parts }: Tracked,
  part: Part,
  said: { readonly name: MetricName; readonly value: number | null; readonly tickMs: number },
): boolean {
  const { name, value, tickMs } = said
  if (value === null || metricDefinition(name)?.kind !== 'counter') return true
  const owner = counters.get(name)
  const isHeld =
    owner !== undefined && parts.has(owner.id) && tickMs - owner.seenMs < COUNTER_ABSENT_MS
  if (isHeld && owner.id !== part.id) return false
  counters.set(name, { id: part.id, seenMs: tickMs })
  return true
}

function newRefusals() {
  const rejected: Record<string, number> = {}
  const examples: { line: string; reason: string }[] = []
  return {
    add(reason: string, line: string) {
      rejected[reason] = (rejected[reason] ?? 0) + 1
      if (examples.length < EXAMPLES) examples.push({ line: line.slice(0, 512), reason })
    },
    result: () => ({ rejected, examples }),
  }
}
