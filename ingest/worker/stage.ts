import { bitSet } from '#schemas/batch.ts'
import type { BatchIdentifier, IdentityNews } from '../identity/batch-devices.ts'
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

/** Turns checked messages into rows. Adds to what is known of devices, so call it once per insert. */
export function stage(input: StageInput, knowledge: DeviceKnowledge): Staged {
  const news: IdentityNews = { aliases: [], replacements: [] }
  const devices: DeviceRow[] = []
  const sightings: Sighting[] = []
  const parts: SamplePart[] = []
  for (const { message, batch, shiftMs } of input.accepted) {
    if (batch.ticks === 0) continue
    const known = knowledge.identify(batch, batch.t0Ms + shiftMs, news)
    const { position } = message
    parts.push({ batch, ids: known.ids, leftOut: known.repeated, shiftMs, position })
    for (const [index, facts] of known.facts.entries()) {
      const seen = known.repeated[index] === true ? null : ticksOf(batch, index)
      if (seen === null) continue
      const firstMs = batch.t0Ms + shiftMs + seen.first * batch.stepMs
      const row = knowledge.history.observe(facts, firstMs, position)
      if (row !== null) devices.push(row)
      sightings.push({
        deviceId: facts.deviceId,
        node: facts.device.node,
        isPartition: facts.device.partition !== null,
        firstMs,
        lastMs: batch.t0Ms + shiftMs + seen.last * batch.stepMs,
      })
    }
  }
  const retired = news.replacements.flatMap(({ oldId, atMs }) => {
    const interval = knowledge.capacity.retire(oldId, atMs, input.nowMs)
    return interval === null ? [] : [interval]
  })
  const records = stageRecords(input.accepted, knowledge.registry, input.missing)
  const samples = joinSamples(parts)
  const stored = storedRanges(input.accepted)
  const { poison } = input
  const { aliases } = news
  const lost = [...records.lost, ...poison.flatMap(passedOver)]
  return { poison, retired, aliases, devices, records, samples, stored, lost, sightings }
}

/** First and last tick at which a device was read, or null when at none. */
function ticksOf(batch: Accepted['batch'], device: number): { first: number; last: number } | null {
  const width = batch.devices.length
  const isPresent = (tick: number) => bitSet(batch.present, tick * width + device)
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

function bitsSet(bitmap: Uint8Array): number {
  let count = 0
  for (let byte of bitmap) for (; byte !== 0; byte &= byte - 1) count += 1
  return count
}

/** One range per run of consecutive sequences of a sender; records alone count at their receipt. */
function storedRanges(accepted: readonly Accepted[]): StoredRange[] {
  const open = new Map<string, StoredRange>()
  const closed: StoredRange[] = []
  for (const { message, batch, shiftMs } of accepted) {
    const { cluster, collector, boot, seq, ticks, stepMs } = batch
    const firstMs = ticks === 0 ? message.receivedAtMs : batch.t0Ms + shiftMs
    const lastMs = firstMs + Math.max(ticks - 1, 0) * stepMs
    const own: StoredRange = {
      sender: { cluster, collector, boot },
      from: seq,
      to: seq,
      minTsMs: firstMs,
      maxTsMs: lastMs,
      reachMs: lastMs + CELLS_SPOKEN_FOR * stepMs,
      rows: bitsSet(batch.present),
    }
    const key = `${collector}:${boot}`
    const before = open.get(key)
    if (before !== undefined && before.to + 1 === seq) open.set(key, joined(before, own))
    else {
      if (before !== undefined) closed.push(before)
      open.set(key, own)
    }
  }
  return [...closed, ...open.values()]
}

/** Records alone have no rows and must not stretch the times of samples. */
function joined(before: StoredRange, after: StoredRange): StoredRange {
  const range = { from: before.from, to: after.to, rows: before.rows + after.rows }
  if (after.rows === 0) return { ...before, ...range }
  if (before.rows === 0) return { ...after, ...range }
  return {
    sender: before.sender,
    ...range,
    minTsMs: Math.min(before.minTsMs, after.minTsMs),
    maxTsMs: Math.max(before.maxTsMs, after.maxTsMs),
    reachMs: Math.max(before.reachMs, after.reachMs),
  }
}
