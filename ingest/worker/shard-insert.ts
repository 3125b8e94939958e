import type { IntentBody } from '../bus/intents.ts'
import { createShardMeter, type ShardMeter } from '../health/shard-meter.ts'
import type { Store } from '../store/store.ts'
import type { DeliveryState } from './delivery.ts'
import type { Read } from './shard-reader.ts'
import { stage, type DeviceKnowledge, type Staged } from './stage.ts'
import { writeTables } from './write-tables.ts'

/** Numbers of one shard; counters since start. */
export interface ShardStatus {
  state: 'starting' | 'ok' | 'store_away' | 'bus_away' | 'failed' | 'taken' | 'stopped'
  detail: string
  lagMessages: number | null
  /** Everything up to here in the log is stored; null before the first insert. */
  storedPosition: number | null
  /** Wall clock of the last insert, epoch ms. */
  lastInsertMs: number | null
  insertedRows: number
  insertedMessages: number
  duplicates: number
  quarantined: number
  replays: number
  /** Messages that expired from the log before they were read, and new lives of the log. */
  expired: number
  alarms: number
  resendsAsked: number
  recordsRefused: number
  valuesRejected: number
  /** What else is told about this shard. */
  readonly meter: ShardMeter
}

export const newStatus = (clock: () => number): ShardStatus => ({
  state: 'starting',
  detail: '',
  lagMessages: null,
  storedPosition: null,
  lastInsertMs: null,
  insertedRows: 0,
  insertedMessages: 0,
  duplicates: 0,
  quarantined: 0,
  replays: 0,
  expired: 0,
  alarms: 0,
  resendsAsked: 0,
  recordsRefused: 0,
  valuesRejected: 0,
  meter: createShardMeter(clock),
})

export interface InsertDeps {
  readonly store: Pick<Store, 'insertJson' | 'insertNative'>
  readonly knowledge: DeviceKnowledge
  readonly delivery: DeliveryState
  readonly status: ShardStatus
  readonly clock: () => number
  /** Called after every insert: what it stored changes which minutes are to be settled. */
  readonly onStored: (staged: Staged) => void
  /** Repeats a call to the store until it succeeds; rejects when the shard stops. */
  readonly lasting: <T>(call: () => Promise<T>) => Promise<T>
}

/** Positions of messages whose batch is in the store, or earlier in this very range. */
export function duplicates(reads: readonly Read[], delivery: DeliveryState): number[] {
  const inRange = new Set<string>()
  return reads.flatMap(({ message, result }) => {
    if (!result.ok) return []
    const { batch } = result.accepted
    const isKnown = delivery.isStored(batch, batch.seq) || inRange.has(message.id)
    inRange.add(message.id)
    return isKnown ? [message.position] : []
  })
}

/** Stores the messages of an intent that is already frozen, all tables, and remembers what is stored. */
export async function insertRange(
  reads: readonly Read[],
  intent: IntentBody,
  deps: InsertDeps,
): Promise<void> {
  const { delivery, status, clock } = deps
  const leftOut = new Set(intent.leftOut)
  const accepted = reads.flatMap(({ result }) => (result.ok ? [result.accepted] : []))
  const kept = accepted.filter(({ message }) => !leftOut.has(message.position))
  const poison = reads.flatMap(({ result }) => (result.ok ? [] : [result.poison]))
  const missing: DeliveryState['missing'] = (sender, range) => delivery.missing(sender, range)
  const staged = stage({ accepted: kept, poison, nowMs: clock(), missing }, deps.knowledge)
  const startedAtMs = clock()
  await writeTables(staged, { store: deps.store, intent, persist: deps.lasting, clock })
  status.meter.stored(staged, kept, clock() - startedAtMs)
  for (const range of staged.stored) delivery.markStored(range.sender, range)
  for (const { sender, range } of staged.lost) delivery.markLost(sender, range)
  for (const { batch } of accepted) delivery.heard(batch, clock())
  status.insertedRows += staged.samples.rows
  status.insertedMessages += kept.length
  status.duplicates += accepted.length - kept.length
  status.quarantined += poison.length
  status.recordsRefused += staged.records.refused
  for (const count of staged.samples.rejected.values()) status.valuesRejected += count
  if (kept.length > 0) status.lastInsertMs = clock()
  status.storedPosition = intent.last
  deps.onStored(staged)
}
