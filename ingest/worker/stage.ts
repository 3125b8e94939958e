import { bitSet } from '#schemas/batch.ts'
import { countBits } from '#schemas/wire-block.ts'
import type { BatchDevices, BatchIdentifier, IdentityNews } from '../identity/batch-devices.ts'
import type { DeviceHistory, DeviceRow } from '../identity/history.ts'
import type { IdentityRegistry } from '../identity/registry.ts'
import type { Capacity, CapacityInterval, Sighting } from '../settle/capacity.ts'
import type { Sender } from './delivery.ts'
import type { Accepted, Poison } from './read-message.ts'
import { stageRecords, type RecordRows } from './record-rows.ts'
import { joinSamples, type SampleBlock, type SamplePart } from './sample-block.ts'
import type { SeqRange } from './seq-ranges.ts'

/** What is known of devices, shared by all shards of a process. */
export interface DeviceKnowledge {
  readonly registry: IdentityRegistry
  readonly identify: BatchIdentifier
  readonly history: DeviceHistory
  readonly capacity: Capacity
}

/** Consecutive sequences of one sender that an insert stores: a row of `batches`. */
export interface StoredRange extends SeqRange {
  readonly sender: Sender
  readonly minTsMs: number
  readonly maxTsMs: number
  /** Samples up to here may change what a minute says: the last cell and what it bridges. */
  readonly reachMs: number
  readonly rows: number
}

/** Everything one insert writes, in the order it is written. */
export interface Staged {
  readonly poison: readonly Poison[]
  /** Capacity that ends because a device was replaced. */
  readonly retired: readonly CapacityInterval[]
  readonly aliases: IdentityNews['aliases']
  readonly devices: readonly DeviceRow[]
  readonly records: RecordRows
  readonly samples: SampleBlock
  readonly stored: readonly StoredRange[]
  readonly lost: RecordRows['lost']
  readonly sightings: readonly Sighting[]
}

/** A cell and the two empty ones after it that it speaks for. */
const CELLS_SPOKEN_FOR = 3

export interface StageInput {
  readonly accepted: readonly Accepted[]
  readonly poison: readonly Poison[]
  readonly nowMs: number
  /** The parts of a range that are not in the store: a gap record may name more than was lost. */
  readonly missing: (sender: Sender, range: SeqRange) => readonly SeqRange[]
}

/** A message with samples, and whose they are. */
interface Known {
  readonly one: Accepted
  readonly devices: BatchDevices
}

/** Turns checked messages into rows. Adds to what is known of devices, so call it once per insert. */
export function stage(input: StageInput, knowledge: DeviceKnowledge): Staged {
  const news: IdentityNews = { aliases: [], replacements: [] }
  const devices: DeviceRow[] = []
  const parts: SamplePart[] = []
  const known: Known[] = []
  for (const one of input.accepted) {
    const { message, batch, shiftMs } = one
    if (batch.ticks === 0) continue
    const own = knowledge.identify(batch, batch.t0Ms + shiftMs, news)
    const { idWords, leftOut } = own
    parts.push({ batch, idWords, leftOut, shiftMs, position: message.position })
    known.push({ one, devices: own })
    observe({ one, devices: own }, knowledge.history, devices)
  }
  const retired = news.replacements.flatMap(({ oldId, atMs }) => {
    const interval = knowledge.capacity.retire(oldId, atMs, input.nowMs)
    return interval === null ? [] : [interval]
  })
  const sightings = known.flatMap((own) => sightingsOf(own, knowledge.capacity))
  const records = stageRecords(input.accepted, knowledge.registry, input.missing)
  const samples = joinSamples(parts)
  const stored = storedRanges(input.accepted)
  const { poison } = input
  const { aliases } = news
  const lost = [...records.lost, ...poison.flatMap(passedOver)]
  return { poison, retired, aliases, devices, records, samples, stored, lost, sightings }
}

/** Rows of `devices` for what a batch says of them that is news. */
function observe({ one, devices }: Known, history: DeviceHistory, news: DeviceRow[]): void {
  const { batch, message, shiftMs } = one
  const { facts, leftOut } = devices
  const startMs = batch.t0Ms + shiftMs
  if (batch.block.presentAt === -1 && leftOut === null) {
    history.observeList(facts, startMs, message.position, news)
    return
  }
  for (const [index, fact] of facts.entries()) {
    const seen = leftOut?.[index] === true ? null : ticksOf(batch, index)
    if (seen === null) continue
    const firstMs = startMs + seen.first * batch.stepMs
    const row = history.observe(fact, firstMs, message.position)
    if (row !== null) news.push(row)
  }
}

/** What a batch showed of devices that are not in capacity; the others are not news. */
function sightingsOf({ one, devices }: Known, capacity: Capacity): Sighting[] {
  const { batch, shiftMs } = one
  const { facts, leftOut } = devices
  if (capacity.isAllAccepted(facts)) return []
  return facts.flatMap(({ deviceId, device }, index): Sighting[] => {
    if (leftOut?.[index] === true || capacity.isAccepted(deviceId)) return []
    const seen = ticksOf(batch, index)
    if (seen === null) return []
    const startMs = batch.t0Ms + shiftMs
    const firstMs = startMs + seen.first * batch.stepMs
    const lastMs = startMs + seen.last * batch.stepMs
    return [
      { deviceId, node: device.node, isPartition: device.partition !== null, firstMs, lastMs },
    ]
  })
}

/** First and last tick at which a device was read, or null when at none. */
function ticksOf(batch: Accepted['batch'], device: number): { first: number; last: number } | null {
  const { presentAt, memory, rows } = batch.block
  if (presentAt === -1) return { first: 0, last: batch.ticks - 1 }
  const width = batch.devices.length
  const present = memory.u8.subarray(presentAt, presentAt + Math.ceil(rows / 8))
  const isPresent = (tick: number) => bitSet(present, tick * width + device)
  let first = 0
  while (first < batch.ticks && !isPresent(first)) first += 1
  if (first === batch.ticks) return null
  let last = batch.ticks - 1
  while (!isPresent(last)) last -= 1
  return { first, last }
}

/** The watermark goes on behind a message that only the quarantine can hold. */
function passedOver({ message, sequence }: Poison): RecordRows['lost'] {
  if (sequence === null) return []
  const { sender, seq } = sequence
  return [{ sender, range: { from: seq, to: seq }, atMs: message.receivedAtMs }]
}

/** How many rows of a batch exist. */
function rowsOf({ block }: Accepted['batch']): number {
  const { presentAt, memory, rows } = block
  return presentAt === -1 ? rows : countBits(memory.u8, presentAt, Math.ceil(rows / 8))
}

/** One range per run of consecutive sequences of a sender; records alone count at their receipt. */
function storedRanges(accepted: readonly Accepted[]): StoredRange[] {
  const open = new Map<string, Mutable<StoredRange>>()
  const closed: StoredRange[] = []
  for (const { message, batch, shiftMs } of accepted) {
    const { cluster, collector, boot, seq, ticks, stepMs } = batch
    const firstMs = ticks === 0 ? message.receivedAtMs : batch.t0Ms + shiftMs
    const lastMs = firstMs + Math.max(ticks - 1, 0) * stepMs
    const own = {
      from: seq,
      to: seq,
      minTsMs: firstMs,
      maxTsMs: lastMs,
      reachMs: lastMs + CELLS_SPOKEN_FOR * stepMs,
      rows: rowsOf(batch),
    }
    const key = `${collector}:${boot}`
    const before = open.get(key)
    if (before !== undefined && before.to + 1 === seq) extend(before, own)
    else {
      if (before !== undefined) closed.push(before)
      open.set(key, { sender: { cluster, collector, boot }, ...own })
    }
  }
  return [...closed, ...open.values()]
}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] }

/** Records alone have no rows and must not stretch the times of samples. */
function extend(range: Mutable<StoredRange>, next: Omit<StoredRange, 'sender'>): void {
  const { minTsMs, maxTsMs, reachMs } = range
  range.to = next.to
  if (next.rows === 0) return
  const isFirst = range.rows === 0
  range.rows += next.rows
  range.minTsMs = isFirst ? next.minTsMs : Math.min(minTsMs, next.minTsMs)
  range.maxTsMs = isFirst ? next.maxTsMs : Math.max(maxTsMs, next.maxTsMs)
  range.reachMs = isFirst ? next.reachMs : Math.max(reachMs, next.reachMs)
}
