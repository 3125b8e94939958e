import { PlimsollError } from '#schemas/errors.ts'
import type { Clock, Logger } from '#schemas/role.ts'
import type { Intent, IntentBody } from '../bus/intents.ts'
import type { Store } from '../store/store.ts'
import type { DeliveryState } from './delivery.ts'
import { epochName, resume, type LogState } from './intent.ts'
import type { ShardHandle } from './ports.ts'
import { retry, type Sleep } from './retry.ts'
import { duplicates, insertRange, newStatus, type ShardStatus } from './shard-insert.ts'
import {
  createShardReader,
  type Read,
  type ReaderOptions,
  type ShardReader,
} from './shard-reader.ts'
import type { DeviceKnowledge, Staged } from './stage.ts'

/** The log is asked for its newest position this often, for the lag. */
const LAG_EVERY_MS = 2_000
/** Pause after a defect: long enough to be read in the log, short enough to heal. */
const RESTART_WAIT_MS = 5_000
/** How often a shard asks whether there is room again. */
const ROOM_WAIT_MS = 1_000

export interface ShardDeps {
  readonly handle: ShardHandle
  readonly store: Pick<Store, 'insertJson' | 'insertNative'>
  readonly knowledge: DeviceKnowledge
  readonly delivery: DeliveryState
  readonly clock: Clock
  readonly sleep: Sleep
  readonly log: Logger
  readonly options: ReaderOptions
  /** False while nothing is to be taken: messages stay in the log, unacknowledged. */
  readonly hasRoom: () => boolean
  /** Work on what is stored, between two inserts; never rejects. */
  readonly upkeep?: () => Promise<void>
  /** Whether `batches` has the range of this intent. */
  readonly hasLanded: (intent: IntentBody) => Promise<boolean>
  /** Called after every insert. */
  readonly onStored: (staged: Staged) => void
}

export interface Shard {
  readonly status: Readonly<ShardStatus>
  /** Resolves when the shard has stopped; rejects when it was taken by another process. */
  run(): Promise<void>
  /** Ends after the insert under way; one that cannot end (store away) is repeated by the next start. */
  stop(): Promise<void>
}

/** Where a shard stands: the life of its log, the next position, the intent to replace. */
interface Place {
  readonly epoch: string
  readonly life: number
  readonly next: number
  readonly intent: Intent | null
}

/** What the steps of a shard share. */
interface Context extends ShardDeps {
  readonly reader: ShardReader
  readonly status: ShardStatus
  readonly signal: AbortSignal
  readonly lasting: <T>(what: 'store' | 'bus', call: () => Promise<T>) => Promise<T>
}

/** The loop of one shard: freeze a boundary, insert under its token, tell the collectors. */
export function createShard(deps: ShardDeps): Shard {
  const { handle, log } = deps
  const stopping = new AbortController()
  const { signal } = stopping
  const status = newStatus(deps.clock)
  const lasting = createLasting(deps, status, signal)
  const reader = createShardReader({
    log: handle.log,
    options: deps.options,
    clock: deps.clock,
    signal,
    lasting: (call) => lasting('bus', call),
  })
  const context: Context = { ...deps, reader, status, signal, lasting }
  let finished: Promise<void> | null = null

  /** Starts again after a defect, from the last intent; ends when stopped or when the shard was taken. */
  const supervise = async (): Promise<void> => {
    while (!signal.aborted) {
      try {
        await loop(context)
      } catch (error) {
        if (signal.aborted) break
        status.detail = error instanceof Error ? error.message : String(error)
        status.state = isTaken(error) ? 'taken' : 'failed'
        if (isTaken(error)) throw error
        log.error('shard failed, starting it again', { shard: handle.name, cause: status.detail })
        await deps.sleep(RESTART_WAIT_MS, signal).catch(() => undefined)
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

/** Repeats calls to the outside for ever: a role must not die of an absent neighbour. */
function createLasting(
  { handle, sleep, log }: ShardDeps,
  status: ShardStatus,
  signal: AbortSignal,
): Context['lasting'] {
  return async (what, call) => {
    const value = await retry(call, {
      sleep,
      signal,
      isFinal: isTaken,
      onFailure(error, attempt) {
        status.state = what === 'store' ? 'store_away' : 'bus_away'
        status.detail = error instanceof Error ? error.message : String(error)
        // What was known of a log that cannot be reached is no lag.
        if (what === 'bus') status.lagMessages = null
        if (attempt === 1)
          log.warn(`${what} failed, trying again`, { shard: handle.name, cause: status.detail })
      },
    })
    if (status.state !== 'ok') log.info('shard is working', { shard: handle.name })
    Object.assign(status, { state: 'ok', detail: '' })
    return value
  }
}

async function loop(context: Context): Promise<void> {
  const { handle, reader, delivery, clock, signal, lasting } = context
  let place = await start(context)
  let lookedAtMs = -Infinity
  while (!signal.aborted) {
    const { epoch, life, next } = place
    const reads = context.hasRoom() ? await reader.gather(next) : await holdBack(context)
    const last = reads.at(-1)?.message.position
    // Read from another log than the one the positions belong to: looked at again below.
    const isSameLog = handle.log.epoch() === epoch
    if (isSameLog && last !== undefined) {
      const range = { first: next, last, leftOut: duplicates(reads, delivery) }
      const body = { shard: handle.shard, epoch: epochName(epoch, life), ...range }
      // A second worker on this shard is refused here, before it can insert.
      const intent = await lasting('bus', () => handle.intents.write(body, place.intent))
      await insertRange(reads, body, insertDeps(context))
      place = { epoch, life, next: last + 1, intent }
    }
    announce(context)
    await context.upkeep?.()
    if (isSameLog && clock() - lookedAtMs < LAG_EVERY_MS) continue
    lookedAtMs = clock()
    place = lookAround(place, await reader.state(), context)
  }
}

/** Takes nothing for a moment; the lag goes on being told. */
async function holdBack({ sleep, signal }: Context): Promise<Read[]> {
  await sleep(ROOM_WAIT_MS, signal).catch(() => undefined)
  return []
}

/** Repeats what may or may not have landed. */
async function start(context: Context): Promise<Place> {
  const { handle, reader, delivery, status, signal, lasting } = context
  const intent = await lasting('bus', () => handle.intents.last())
  const state = await reader.state()
  const landed = { hasLanded: false, isOtherMessage: false }
  if (intent !== null) {
    landed.hasLanded = await lasting('store', () => context.hasLanded(intent))
    const end = await reader.at(intent.last, state)
    // A good message that is not stored is not the one that was read here before.
    if (end?.result.ok === true) {
      const { batch } = end.result.accepted
      landed.isOtherMessage = !delivery.isStored(batch, batch.seq)
    }
  }
  const plan = resume(intent, state, landed)
  const { epoch } = state
  // A power cut takes the newest intents with the newest messages: what remains does not tell that positions mean
  // others now, so no start uses the tokens of an earlier one, but to repeat its last intent.
  const life = Math.max(plan.life + 1, context.clock())
  if (plan.kind === 'new-life') alarm(context, plan.reason, { epoch, last: state.last })
  if (plan.kind !== 'replay') return { epoch, life, next: plan.nextPosition, intent }
  const { first, last } = plan.intent
  if (plan.expired > 0) {
    status.expired += plan.expired
    alarm(context, 'range_expired_before_replay', { first, last, expired: plan.expired })
  }
  const reads = await reader.range(first, last)
  signal.throwIfAborted()
  status.replays += 1
  await insertRange(reads, plan.intent, insertDeps(context))
  announce(context)
  return { epoch, life, next: last + 1, intent }
}

/** The log may have been made anew, lost its tail, or dropped what nobody read. */
function lookAround(place: Place, state: LogState, context: Context): Place {
  const { status } = context
  const { epoch, first, last } = state
  status.lagMessages = Math.max(0, last - place.next + 1)
  if (epoch !== place.epoch) {
    alarm(context, 'log_recreated', { epoch, last })
    return { ...place, epoch, life: 0, next: first }
  }
  if (last < place.next - 1) {
    alarm(context, 'log_lost_its_tail', { epoch, last })
    return { ...place, life: place.life + 1, next: first }
  }
  if (first <= place.next) return place
  status.expired += first - place.next
  alarm(context, 'messages_expired_unread', { from: place.next, to: first - 1 })
  return { ...place, next: first }
}

function announce({ delivery, handle, status, clock, log }: Context): void {
  for (const { sender, seq } of delivery.marksToTell(clock())) {
    handle.watermarks.publish(sender.cluster, sender.collector, { boot: sender.boot, seq })
    status.meter.watermarkMs = clock()
  }
  for (const { sender, from, to } of delivery.holesToAskFor(clock())) {
    const { cluster, collector, boot } = sender
    status.resendsAsked += 1
    status.meter.asked(sender, { from, to })
    log.warn('batches are missing, asking for them again', { cluster, collector, boot, from, to })
    handle.watermarks.requestResend(cluster, collector, { boot, fromSeq: from, toSeq: to })
  }
}

function alarm(
  { status, handle, log }: Context,
  reason: string,
  fields: Readonly<Record<string, string | number>>,
): void {
  status.alarms += 1
  log.error('the log is not what it was', { shard: handle.name, reason, ...fields })
}

const insertDeps = (context: Context) => ({
  ...context,
  lasting: <T>(call: () => Promise<T>) => context.lasting('store', call),
})

const isTaken = (error: unknown) =>
  error instanceof PlimsollError && error.code === 'E_INTENT_TAKEN'
