import { PlimsollError } from '#schemas/errors.ts'
import type { Clock, Logger } from '#schemas/role.ts'
import { createBatchDecoder } from '#schemas/wire.ts'
import type { Store } from '../store/store.ts'
import type { DeliveryState } from './delivery.ts'
import { epochName, resume } from './intent.ts'
import type { Intent, IntentBody } from '../bus/intents.ts'
import type { LogMessage } from '../bus/log.ts'
import type { ShardHandle } from './ports.ts'
import { readMessage, type ReadResult, type TimeLimits } from './read-message.ts'
import { retry, type Sleep } from './retry.ts'
import { stage, type DeviceKnowledge, type Staged } from './stage.ts'
import { writeTables } from './write-tables.ts'

export interface ShardOptions {
  readonly timeLimits: TimeLimits
  /** An insert is closed at this many rows… */
  readonly rowsMax: number
  /** …or bytes… */
  readonly bytesMax: number
  /** …or this long after its first message, ms. */
  readonly waitMs: number
}

/** Rows stay far below max_insert_block_size (1,048,449), also when the last message is a large one. */
export const DEFAULT_SHARD_LIMITS = { rowsMax: 200_000, bytesMax: 64 << 20, waitMs: 250 } as const
/** Messages asked for at a time. */
const READ_MESSAGES = 256
/** Messages of one insert: an intent lists at most 100,000 positions. */
const MESSAGES_MAX = 50_000
/** How long one read waits while there is nothing to do. */
const IDLE_WAIT_MS = 250
/** The log is asked for its newest position this often, for the lag. */
const LAG_EVERY_MS = 2_000
/** Pause after a defect: long enough to be read in the log, short enough to heal. */
const RESTART_WAIT_MS = 5_000

export interface ShardDeps {
  readonly handle: ShardHandle
  readonly store: Pick<Store, 'insertJson' | 'insertNative'>
  readonly knowledge: DeviceKnowledge
  readonly delivery: DeliveryState
  readonly clock: Clock
  readonly sleep: Sleep
  readonly log: Logger
  readonly options: ShardOptions
  /** Whether `batches` has the range of this intent. */
  readonly hasLanded: (intent: IntentBody) => Promise<boolean>
  /** Called after every insert: what it stored changes which minutes are to be settled. */
  readonly onStored: (staged: Staged) => void
}

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
}

export interface Shard {
  readonly status: Readonly<ShardStatus>
  /** Resolves when the shard has stopped; rejects when it was taken by another process. */
  run(): Promise<void>
  /** Ends after the insert under way; one that cannot end (store away) is repeated by the next start. */
  stop(): Promise<void>
}

/** A message with what was found in it. */
interface Read {
  readonly message: LogMessage
  readonly result: ReadResult
}

/** The loop of one shard: freeze a boundary, insert under its token, tell the collectors. */
export function createShard(deps: ShardDeps): Shard {
  const { handle, delivery, clock, log, options } = deps
  const decode = createBatchDecoder()
  const stopping = new AbortController()
  const status: ShardStatus = {
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
  }
  let finished: Promise<void> | null = null

  /** Repeats a call to the outside for ever; a role must not die of an absent neighbour. */
  const lasting = <T>(what: 'store' | 'bus', call: () => Promise<T>): Promise<T> =>
    retry(call, {
      sleep: deps.sleep,
      signal: stopping.signal,
      isFinal: isTaken,
      onFailure(error, attempt) {
        status.state = what === 'store' ? 'store_away' : 'bus_away'
        status.detail = error instanceof Error ? error.message : String(error)
        if (attempt === 1)
          log.warn(`${what} failed, trying again`, { shard: handle.name, cause: status.detail })
      },
    }).then((value) => {
      if (status.state !== 'ok') log.info('shard is working', { shard: handle.name })
      Object.assign(status, { state: 'ok', detail: '' })
      return value
    })

  const logState = () =>
    lasting('bus', async () => {
      const first = await handle.log.first()
      const last = await handle.log.last()
      return { epoch: handle.log.epoch(), first, last }
    })

  const readOne = (message: LogMessage): Read => ({
    message,
    result: readMessage(message, decode, options.timeLimits),
  })

  /** The log holds a good message here whose batch is not stored: not the one that was read here before. */
  const isUnknownAt = async (
    position: number,
    { first, last }: { first: number; last: number },
  ) => {
    if (position < first || position > last) return false
    const [message] = await lasting('bus', () => handle.log.read(position, 1, IDLE_WAIT_MS))
    if (message?.position !== position) return false
    const { result } = readOne(message)
    return result.ok && !delivery.isStored(result.accepted.batch, result.accepted.batch.seq)
  }

  /** Messages from a position on, until enough rows or bytes, or no more within the waiting time. */
  const gather = async (from: number): Promise<Read[]> => {
    const reads: Read[] = []
    let rows = 0
    let bytes = 0
    let next = from
    let endMs = Infinity
    while (rows < options.rowsMax && bytes < options.bytesMax && reads.length < MESSAGES_MAX) {
      const waitMs = reads.length === 0 ? IDLE_WAIT_MS : endMs - clock()
      if (waitMs <= 0 || stopping.signal.aborted) break
      const messages = await lasting('bus', () => handle.log.read(next, READ_MESSAGES, waitMs))
      if (messages.length === 0) break
      if (reads.length === 0) endMs = clock() + options.waitMs
      for (const message of messages) {
        const read = readOne(message)
        reads.push(read)
        bytes += message.payload.length
        if (read.result.ok) rows += read.result.accepted.batch.busySource.length
        next = message.position + 1
      }
    }
    return reads
  }

  /** Positions of messages whose batch is in the store, or earlier in this very range. */
  const duplicates = (reads: readonly Read[]): number[] => {
    const inRange = new Set<string>()
    return reads.flatMap(({ message, result }) => {
      if (!result.ok) return []
      const { batch } = result.accepted
      const isKnown = delivery.isStored(batch, batch.seq) || inRange.has(message.id)
      inRange.add(message.id)
      return isKnown ? [message.position] : []
    })
  }

  const insert = async (reads: readonly Read[], intent: IntentBody): Promise<void> => {
    const leftOut = new Set(intent.leftOut)
    const accepted = reads.flatMap(({ result }) => (result.ok ? [result.accepted] : []))
    const kept = accepted.filter(({ message }) => !leftOut.has(message.position))
    const poison = reads.flatMap(({ result }) => (result.ok ? [] : [result.poison]))
    const staged = stage(
      {
        accepted: kept,
        poison,
        nowMs: clock(),
        missing: (sender, range) => delivery.missing(sender, range),
      },
      deps.knowledge,
    )
    await writeTables(staged, {
      store: deps.store,
      intent,
      persist: (_, call) => lasting('store', call),
      clock,
    })
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

  const announce = (): void => {
    for (const { sender, seq } of delivery.marksToTell(clock()))
      handle.watermarks.publish(sender.cluster, sender.collector, { boot: sender.boot, seq })
    for (const { sender, from, to } of delivery.holesToAskFor(clock())) {
      const { cluster, collector, boot } = sender
      status.resendsAsked += 1
      log.warn('batches are missing, asking for them again', { cluster, collector, boot, from, to })
      handle.watermarks.requestResend(cluster, collector, { boot, fromSeq: from, toSeq: to })
    }
  }

  /** Repeats what may or may not have landed; returns where to go on and the intent to replace. */
  const start = async () => {
    const intent = await lasting('bus', () => handle.intents.last())
    const state = await logState()
    const landed = { hasLanded: false, isOtherMessage: false }
    if (intent !== null) {
      landed.hasLanded = await lasting('store', () => deps.hasLanded(intent))
      landed.isOtherMessage = await isUnknownAt(intent.last, state)
    }
    const plan = resume(intent, state, landed)
    const { epoch } = state
    const { life } = plan
    if (plan.kind === 'new-life') alarm(plan.reason, { epoch, last: state.last })
    if (plan.kind !== 'replay' || intent === null)
      return { epoch, life, next: 'nextPosition' in plan ? plan.nextPosition : state.first, intent }
    const { first, last } = intent
    if (plan.expired > 0) {
      status.expired += plan.expired
      alarm('range_expired_before_replay', { first, last, expired: plan.expired })
    }
    const reads = await readRange(first, last)
    stopping.signal.throwIfAborted()
    status.replays += 1
    await insert(reads, intent)
    announce()
    return { epoch, life, next: last + 1, intent }
  }

  /** Exactly the messages of a range: an empty answer is a slow log, not a shorter range. */
  const readRange = async (first: number, last: number): Promise<Read[]> => {
    const reads: Read[] = []
    for (let next = first; next <= last && !stopping.signal.aborted;) {
      const from = next
      const messages = await lasting('bus', () =>
        handle.log.read(from, READ_MESSAGES, IDLE_WAIT_MS),
      )
      for (const message of messages) if (message.position <= last) reads.push(readOne(message))
      const end = messages.at(-1)?.position
      if (end !== undefined) next = end + 1
      else next = Math.max(next, (await logState()).first)
    }
    return reads
  }

  const alarm = (reason: string, fields: Readonly<Record<string, string | number>>) => {
    status.alarms += 1
    log.error('the log is not what it was', { shard: handle.name, reason, ...fields })
  }

  /** Freezes the boundary, then inserts; a second worker on this shard is refused here. */
  const store = async (reads: readonly Read[], body: IntentBody, previous: Intent | null) => {
    const intent = await lasting('bus', () => handle.intents.write(body, previous))
    await insert(reads, body)
    return intent
  }

  const loop = async (): Promise<void> => {
    let { epoch, life, next, intent } = await start()
    const { shard } = handle
    let lagAtMs = -Infinity
    while (!stopping.signal.aborted) {
      const reads = await gather(next)
      const last = reads.at(-1)?.message.position
      // Read from another log than the one the positions belong to: looked at again below.
      const isSameLog = handle.log.epoch() === epoch
      if (isSameLog && last !== undefined) {
        const leftOut = duplicates(reads)
        const body = { shard, epoch: epochName(epoch, life), first: next, last, leftOut }
        intent = await store(reads, body, intent)
        next = last + 1
      }
      announce()
      if (isSameLog && clock() - lagAtMs < LAG_EVERY_MS) continue
      lagAtMs = clock()
      const state = await logState()
      status.lagMessages = Math.max(0, state.last - next + 1)
      if (state.epoch !== epoch || state.last < next - 1) {
        const isSame = state.epoch === epoch
        const reason = isSame ? 'log_lost_its_tail' : 'log_recreated'
        alarm(reason, { epoch: state.epoch, last: state.last })
        life = isSame ? life + 1 : 0
        epoch = state.epoch
        next = state.first
      } else if (state.first > next) {
        status.expired += state.first - next
        alarm('messages_expired_unread', { from: next, to: state.first - 1 })
        next = state.first
      }
    }
  }

  /** Starts again after a defect, from the last intent; ends when stopped or when the shard was taken. */
  const supervise = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      try {
        await loop()
      } catch (error) {
        if (stopping.signal.aborted) break
        status.detail = error instanceof Error ? error.message : String(error)
        status.state = isTaken(error) ? 'taken' : 'failed'
        if (isTaken(error)) throw error
        log.error('shard failed, starting it again', { shard: handle.name, cause: status.detail })
        await deps.sleep(RESTART_WAIT_MS, stopping.signal).catch(() => undefined)
      }
    }
    status.state = 'stopped'
  }

  return {
    status,
    run() {
      finished ??= supervise()
      return finished
    },
    async stop() {
      stopping.abort()
      await finished?.catch(() => undefined)
    },
  }
}

const isTaken = (error: unknown) =>
  error instanceof PlimsollError && error.code === 'E_INTENT_TAKEN'
