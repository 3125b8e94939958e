import type { Journal, JournalEntry } from '#schemas/journal.ts'
import { createDispatcher, type Dispatcher, type DispatcherDeps } from './dispatcher.ts'
import { createOutbox, type Outbox } from './outbox.ts'
import { createResultWriter, type ResultWriter } from './result-writer.ts'

export interface SenderDeps extends DispatcherDeps {
  readonly journal: Pick<Journal, 'append'>
}

/** Delivers what the journal queues, and writes down how it went. Needs no store. */
export interface Sender {
  /** Entries of the journal in order, own ones included; also those from before start. */
  readonly apply: (entries: readonly JournalEntry[]) => void
  start(): void
  /** Lets attempts under way end, then writes their results. */
  stop(): Promise<void>
  readonly outbox: Outbox
  readonly status: () => SenderStatus
}

export interface SenderStatus {
  readonly waiting: number
  readonly dead: number
  readonly underWay: number
  /** Results that the journal has not taken yet. */
  readonly unwritten: number
  /** How long the oldest one waits that is due, ms; 0 = none. */
  readonly oldestMs: number
  readonly channels: readonly ChannelStatus[]
}
export interface ChannelStatus {
  readonly name: string
  readonly acceptedMs: number | null
  readonly isGone: boolean
  readonly quietUntilMs: number | null
}

export function createSender(deps: SenderDeps): Sender {
  const outbox = createOutbox(deps.attempts)
  const writer = createResultWriter(deps)
  const dispatcher = createDispatcher(deps, outbox, writer.add)

  return {
    outbox,
    apply(entries) {
      for (const entry of entries) outbox.applyEntry(entry)
      dispatcher.look()
    },
    start() {
      writer.start()
      dispatcher.start()
    },
    async stop() {
      await dispatcher.stop()
      await writer.stop()
    },
    status: () => statusOf(deps, { outbox, dispatcher, writer }),
  }
}

function statusOf(
  { clock, config }: SenderDeps,
  parts: {
    readonly outbox: Outbox
    readonly dispatcher: Dispatcher
    readonly writer: ResultWriter
  },
): SenderStatus {
  const { outbox, dispatcher, writer } = parts
  const items = [...outbox.items.values()]
  const waiting = items.filter(({ state }) => state === 'waiting')
  const nowMs = clock()
  const dues = waiting.map(({ notification }) => nowMs - notification.not_before_ms)
  return {
    waiting: waiting.length,
    dead: items.length - waiting.length,
    underWay: dispatcher.underWay.size,
    unwritten: writer.waiting(),
    oldestMs: dues.reduce((most, ms) => Math.max(most, ms), 0),
    channels: config().channels.map(({ name }) => ({
      name,
      acceptedMs: outbox.acceptedMs.get(name) ?? null,
      isGone: outbox.gone.has(name),
      quietUntilMs: dispatcher.quietUntilMs.get(name) ?? null,
    })),
  }
}
