import type { AlertTransition, Notification } from '#schemas/alerts/alert.ts'
import { AlertsConfig } from '#schemas/alerts/config.ts'
import type { JournalBody, JournalEntry } from '#schemas/journal.ts'
import type { HttpAnswer, HttpRequest } from '../channels/channel.ts'
import { AT, groupId, notificationId, aNotification, anAlert } from '../message/message.testing.ts'
import { createChannelAttempts } from './channel-attempts.ts'
import { linksOf } from './links.ts'
import { createSender, type Sender, type SenderDeps } from './sender.ts'

/** A receiver of tests: what it answers to the n-th request of a url, after so many ms of the test's clock. */
export type Receiver = (
  request: HttpRequest,
  n: number,
) => { readonly answer: HttpAnswer | Error; readonly afterMs?: number }

export const ok = (body = ''): { answer: HttpAnswer } => ({
  answer: { status: 200, headers: {}, body },
})
export const answers = (
  status: number,
  body = '',
  headers: HttpAnswer['headers'] = {},
): { answer: HttpAnswer } => ({ answer: { status, headers, body } })

export const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'

/** Two webhooks, one of which takes over from the other, and a DingTalk robot. */
export const CONFIG = AlertsConfig.parse({
  public_url: 'https://plimsoll.example',
  allowed_hosts: [{ host: '*.site.example' }],
  channels: [
    {
      name: 'hook',
      kind: 'webhook',
      target: 'https://one.site.example/a',
      secret_env: 'HOOK',
      failover: 'spare',
      rings: true,
    },
    { name: 'spare', kind: 'webhook', target: 'https://two.site.example/b', secret_env: 'HOOK' },
    {
      name: 'ding',
      kind: 'dingtalk',
      target_env: 'DING',
      secret_env: 'DING_SECRET',
      failover: 'spare',
    },
  ],
})

export interface Sent {
  readonly atMs: number
  readonly request: HttpRequest
}

/** A sender on a clock of its own, with a journal in memory: time passes only in `run`. */
export interface World {
  readonly sender: Sender
  readonly entries: JournalEntry[]
  readonly sent: Sent[]
  readonly logged: string[]
  now(): number
  append(body: JournalBody): Promise<JournalEntry>
  queue(...notifications: Notification[]): Promise<void>
  /** Lets so much time pass. */
  run(ms: number): Promise<void>
  /** Another sender over the same journal and clock, as after a kill. */
  restarted(): World
}

interface Shared {
  nowMs: number
  readonly timers: Set<{ readonly atMs: number; readonly callback: () => void }>
  readonly entries: JournalEntry[]
  readonly sent: Sent[]
  readonly logged: string[]
  readonly counts: Map<string, number>
  sender: Sender | null
}

export function createWorld(
  receiver: Receiver,
  change: Partial<SenderDeps> & { readonly isJournalAway?: () => boolean } = {},
): World {
  const shared: Shared = {
    nowMs: AT,
    timers: new Set(),
    entries: [],
    sent: [],
    logged: [],
    counts: new Map(),
    sender: null,
  }
  return worldOf(shared, receiver, change)
}

function worldOf(
  shared: Shared,
  receiver: Receiver,
  change: Partial<SenderDeps> & { readonly isJournalAway?: () => boolean },
): World {
  const after = (ms: number, callback: () => void) => {
    const timer = { atMs: shared.nowMs + ms, callback }
    shared.timers.add(timer)
    return () => shared.timers.delete(timer)
  }
  const append = (body: JournalBody, who = 'test'): Promise<JournalEntry> => {
    if (change.isJournalAway?.() === true) return Promise.reject(new Error('the journal is away'))
    const entry = { sequence: shared.entries.length + 1, at_ms: shared.nowMs, who, body }
    shared.entries.push(entry)
    shared.sender?.apply([entry])
    return Promise.resolve(entry)
  }
  const log = (message: string, fields: unknown) =>
    shared.logged.push(`${message} ${JSON.stringify(fields)}`)
  const sender = createSender({
    journal: { append: ({ body, who }) => append(body, who) },
    attempts: createChannelAttempts(),
    config: () => CONFIG,
    clock: () => shared.nowMs,
    random: () => 0.5,
    logger: { info: log, warn: log, error: log },
    after,
    readSecret: ({ env }) =>
      Promise.resolve(
        env === 'DING'
          ? 'https://oapi.dingtalk.com/robot/send?access_token=abcdef123456'
          : env === 'DING_SECRET'
            ? 'SECdemo123'
            : SECRET,
      ),
    sendMail: () => Promise.reject(new Error('no mail in this test')),
    links: (item) =>
      linksOf(item.notification, item.alerts, {
        publicUrl: 'https://plimsoll.example',
        key: new Uint8Array(32),
        runbookOf: (rule) => rule,
      }),
    post: (request) => {
      const n = (shared.counts.get(request.url.split('?')[0] ?? '') ?? 0) + 1
      shared.counts.set(request.url.split('?')[0] ?? '', n)
      shared.sent.push({ atMs: shared.nowMs, request })
      const { answer, afterMs = 20 } = receiver(request, n)
      return new Promise((resolve, reject) => {
        after(afterMs, () => (answer instanceof Error ? reject(answer) : resolve(answer)))
      })
    },
    ...change,
  })
  shared.sender = sender
  sender.apply(shared.entries)
  sender.start()
  return {
    sender,
    entries: shared.entries,
    sent: shared.sent,
    logged: shared.logged,
    now: () => shared.nowMs,
    append,
    queue: async (...notifications) => {
      await append(queued(notifications))
    },
    run: (ms) => run(shared, shared.nowMs + ms),
    restarted: () => {
      shared.timers.clear()
      return worldOf(shared, receiver, change)
    },
  }
}

/** All timers up to a time, in order; between two of them everything that can go on does. */
async function run(shared: Shared, untilMs: number): Promise<void> {
  for (;;) {
    await settled()
    const [next] = [...shared.timers].sort((a, b) => a.atMs - b.atMs)
    if (next === undefined || next.atMs > untilMs) break
    shared.timers.delete(next)
    shared.nowMs = Math.max(shared.nowMs, next.atMs)
    next.callback()
  }
  shared.nowMs = untilMs
}

async function settled(): Promise<void> {
  for (let turn = 0; turn < 5; turn++)
    await new Promise<void>((resolve) => {
      setImmediate(resolve)
    })
}

/** An entry that queues messages, with the alert they are about. */
export function queued(
  notifications: readonly Notification[],
  transitions: readonly AlertTransition[] = [{ at_ms: AT, from: 'pending', alert: anAlert() }],
): JournalBody {
  return {
    kind: 'alerts',
    epoch: 1,
    transitions: [...transitions],
    notifications: [...notifications],
    forgotten: [],
  }
}

/** A message that is due now. */
export const note = (name: string, change: Partial<Notification> = {}): Notification =>
  aNotification({
    id: notificationId(name),
    group: groupId(name),
    at_ms: AT,
    not_before_ms: AT,
    ...change,
  })
