import { type Interpretation, unread } from '#schemas/reading.ts'
import type { Push, PushAnswer } from '../../field-io.ts'
import type { ListenContext, SourceTarget } from '../../source.ts'
import type { Device } from './device.ts'
import { SOURCE_NAME } from './faults.ts'
import { jsonOf } from './interpret.ts'
import { isJson } from './json.ts'
import type { RedfishConfig } from './options.ts'
import { contextOf, type Pushed, readPush } from './pushed.ts'
import { readSmall, type SecretDeps } from './secrets.ts'

/** A push has a few kB; pushes of one device that are taken within a minute. */
const PUSH_BYTES = 256 << 10
const PUSHES_PER_MINUTE = 120
/** Time to ask for what changed, ms. */
const LOOK_MS = 4000
const TROUBLE_MS = 60_000
/** Without a further one, strangers are forgotten after this long, ms. */
const PASSES_MS = 300_000

/** Who sends with a token. */
export interface Subscriber {
  readonly target: SourceTarget
  readonly device: Device
  readonly pushes: { minuteMs: number; count: number }
}

export interface EarDeps {
  readonly context: ListenContext<RedfishConfig>
  readonly secrets: SecretDeps
  readonly subscriberOf: (token: string) => Subscriber | null
}

/** Takes events of subscribed devices; resolves to nothing when no `events` are configured. Rejects with a sentence. */
export async function openEar(deps: EarDeps): Promise<{ stop(): Promise<void> }> {
  const { events } = deps.context.config
  if (events === undefined) return { stop: async () => undefined }
  const { field } = deps.context.io
  if (field === undefined) throw new Error('this process cannot listen for events of devices')
  const at = events.listen.lastIndexOf(':')
  const tls = await certificateOf(events, deps.secrets)
  let toldMs = Number.NEGATIVE_INFINITY
  const stranger = (from: string) => {
    const nowMs = deps.context.nowMs()
    if (nowMs - toldMs < TROUBLE_MS) return
    toldMs = nowMs
    deps.context.trouble(
      `events from ${from.slice(0, 64)} carry no token of ours and are refused; a subscription of an earlier process may be left on that device`,
      PASSES_MS,
    )
  }
  return field.hear(
    {
      host: events.listen.slice(0, at).replaceAll(/[[\]]/g, ''),
      port: Number(events.listen.slice(at + 1)),
      maxBytes: PUSH_BYTES,
      ...(tls === null ? {} : { tls }),
    },
    (push) => takePush(push, deps, stranger),
  )
}

async function certificateOf(
  { cert, key }: NonNullable<RedfishConfig['events']>,
  secrets: SecretDeps,
): Promise<{ readonly cert: string; readonly key: string } | null> {
  if (cert === undefined || key === undefined) return null
  const [certificate, secret] = await Promise.all([
    readSmall(cert, secrets),
    readSmall(key, secrets),
  ])
  if (certificate === null) throw new Error(`the certificate ${cert} cannot be read`)
  if (secret === null) throw new Error(`the key ${key} cannot be read`)
  return { cert: certificate, key: secret }
}

function takePush(push: Push, deps: EarDeps, stranger: (from: string) => void): PushAnswer {
  if (push.method !== 'POST') return { status: 405 }
  const body = jsonOf(push.body)
  if (!isJson(body)) return { status: 400 }
  const subscriber = deps.subscriberOf(contextOf(body))
  if (subscriber === null) {
    stranger(push.from)
    return { status: 403 }
  }
  const atMs = deps.context.nowMs()
  const { target, pushes } = subscriber
  if (atMs - pushes.minuteMs >= 60_000) Object.assign(pushes, { minuteMs: atMs, count: 0 })
  if (++pushes.count > PUSHES_PER_MINUTE) return { status: 429, retryAfter: 60 }
  // Answered before it is worked on: devices wait for the answer, and send again when it is late.
  void follow(readPush(body, { node: target.node, atMs }), subscriber, deps)
  return { status: 204 }
}

/** Says what the push states, then what the device answers about the resources it names. */
async function follow(
  pushed: Pushed,
  { target, device }: Subscriber,
  deps: EarDeps,
): Promise<void> {
  const { context } = deps
  if (pushed.meters.length + pushed.events.length > 0) context.said(target, pushedReading(pushed))
  if (pushed.origins.length === 0) return
  const answer = await device.lookAt(pushed.origins, LOOK_MS)
  if (answer.outcome === 'ok' && (answer.meters?.length ?? 0) > 0) context.said(target, answer)
}

const pushedReading = ({ meters, events }: Pushed): Interpretation => ({
  ...unread(SOURCE_NAME, { reason: 'pushed', detail: 'pushed' }),
  outcome: 'ok',
  reason: null,
  detail: null,
  meters,
  events,
})
