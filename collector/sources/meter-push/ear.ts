import { type Interpretation, unread } from '#schemas/reading.ts'
import type { MeterReading } from '#schemas/reading.ts'
import type { EarPlace, Push, PushAnswer } from '../../field-io.ts'
import { createTimeReader } from '../../formats/wall-time.ts'
import type { ListenContext } from '../../source.ts'
import { FAILURES } from './faults.ts'
import type { PushWords } from './map.ts'
import type { MeterPushConfig } from './options.ts'
import { type BodyKind, parseBody, type PushedBody } from './parse.ts'
import { createTokenGuard, type SecretPlaces, type TokenGuard } from './token.ts'

export const SOURCE_NAME = 'meter-push'
export const PUSH_PATH = '/v1/meters'

/** Bytes of one push: 4,096 readings of one value each have about 500 kB. */
const BODY_BYTES = 1 << 20
const REQUESTS_PER_MINUTE = 1200
const STRANGERS_PER_MINUTE = 120
const TROUBLE_MS = 60_000
/** Times that can have been measured: as old as what settling looks at again, and as far ahead as clocks differ. */
const LATE_MAX_MS = 30 * 86_400_000
const AHEAD_MAX_MS = 60_000

/** What the ear has heard, for the line of health. */
export interface Heard {
  isListening: boolean
  lastMs: number | null
  /** Refusals since health last asked. */
  rejected: Record<string, number>
  examples: { line: string; reason: string }[]
}

export interface EarDeps {
  readonly context: ListenContext<MeterPushConfig>
  readonly places: SecretPlaces
  readonly heard: Heard
}

interface Ear extends EarDeps {
  readonly guard: TokenGuard
  readonly words: PushWords
  readonly requests: Rate
  readonly strangers: Rate
  readonly readings: Rate
  toldMs: number
}

/** Takes pushes; resolves to nothing where no address is configured. Rejects with a sentence. */
export async function openEar(deps: EarDeps): Promise<{ stop(): Promise<void> }> {
  const { context, places, heard } = deps
  const { config, io } = context
  if (config.listen === undefined) return { stop: async () => undefined }
  if (io.field === undefined) throw new Error('this process cannot listen for pushes')
  const guard = createTokenGuard(config, places)
  const missing = await guard.missing()
  if (missing !== null) throw new Error(`pushes are not taken: ${missing}`)
  const readTime = createTimeReader({ zone: config.time_zone ?? null, order: 'ymd' })
  const ear: Ear = {
    ...deps,
    guard,
    words: { readTime, stepMs: config.step },
    requests: createRate(REQUESTS_PER_MINUTE),
    strangers: createRate(STRANGERS_PER_MINUTE),
    readings: createRate(config.readings_per_minute),
    toldMs: Number.NEGATIVE_INFINITY,
  }
  const { stop } = await io.field.hear(await placeOf(config, places), (push) => take(push, ear))
  heard.isListening = true
  return {
    async stop() {
      heard.isListening = false
      await stop()
    },
  }
}

async function placeOf(config: MeterPushConfig, places: SecretPlaces): Promise<EarPlace> {
  const { host = '127.0.0.1', port = 0 } = config.listen ?? {}
  const place = { host, port, maxBytes: BODY_BYTES }
  if (config.cert === undefined || config.key === undefined) return place
  const read = async (path: string) => {
    try {
      return await places.file(path)
    } catch {
      throw new Error(`pushes are not taken: ${path} cannot be read`)
    }
  }
  return { ...place, tls: { cert: await read(config.cert), key: await read(config.key) } }
}

/** At most this much a minute; `retryAfter` seconds when it is used up. */
interface Rate {
  take(count: number, nowMs: number): { readonly retryAfter: number } | null
}

function createRate(perMinute: number): Rate {
  let minuteMs = 0
  let used = 0
  return {
    take(count, nowMs) {
      if (nowMs - minuteMs >= 60_000 || nowMs < minuteMs) [minuteMs, used] = [nowMs, 0]
      // One large push is let through where nothing else was: else it would never be.
      if (used > 0 && used + count > perMinute)
        return { retryAfter: Math.max(1, Math.ceil((minuteMs + 60_000 - nowMs) / 1000)) }
      used += count
      return null
    },
  }
}

const say = (status: number, error: string, more: Partial<PushAnswer> = {}): PushAnswer => ({
  status,
  body: JSON.stringify({ error }),
  ...more,
})

async function take(push: Push, ear: Ear): Promise<PushAnswer> {
  const nowMs = ear.context.nowMs()
  const [path] = push.path.split('?')
  if (path !== PUSH_PATH) return say(404, `there is only POST ${PUSH_PATH}`)
  if (push.method !== 'POST') return say(405, `readings are sent with POST ${PUSH_PATH}`)
  const refused = await letIn(push, ear, nowMs)
  if (refused !== null) return refused
  const kind = kindOf(push.headers['content-type'])
  if (kind === null)
    return say(415, 'send application/json, application/x-ndjson or text/csv as content-type')
  const body = parseBody(push.body, kind, ear.words)
  if (typeof body === 'string') return say(400, body)
  return accept(body, ear, nowMs)
}

async function letIn(push: Push, ear: Ear, nowMs: number): Promise<PushAnswer | null> {
  const { authorization } = push.headers
  if (await ear.guard.isRight(authorization)) {
    const full = ear.requests.take(1, nowMs)
    return full === null ? null : say(429, 'too many pushes; send more readings in one', full)
  }
  const flood = ear.strangers.take(1, nowMs)
  if (flood !== null) return say(429, 'too many pushes without the right token', flood)
  if (nowMs - ear.toldMs >= TROUBLE_MS) {
    ear.toldMs = nowMs
    ear.context.trouble(
      `pushes from ${push.from.slice(0, 64)} lack the right token and are refused`,
    )
  }
  return authorization === undefined
    ? say(401, 'send the token as header: Authorization: Bearer …')
    : say(403, 'the token is wrong')
}

function kindOf(contentType = 'application/json'): BodyKind | null {
  const type = contentType.split(';')[0]?.trim().toLowerCase()
  if (type === 'text/csv') return 'csv'
  const isJson =
    type === 'application/json' ||
    type === 'application/x-ndjson' ||
    type === 'application/jsonl' ||
    // What curl says when nobody tells it.
    type === 'application/x-www-form-urlencoded'
  return isJson ? 'json' : null
}

function accept({ meters: all, rejections }: PushedBody, ear: Ear, nowMs: number): PushAnswer {
  const full = ear.readings.take(all.length, nowMs)
  if (full !== null) return say(429, 'more readings a minute than are taken; send fewer', full)
  const meters = all.filter(({ meter, point, atMs }) => {
    const at = atMs ?? nowMs
    if (at > nowMs + AHEAD_MAX_MS)
      rejections.add(`${meter} ${point} at ${new Date(at).toISOString()}`, 'in_future')
    else if (at <= nowMs - LATE_MAX_MS)
      rejections.add(`${meter} ${point} at ${new Date(at).toISOString()}`, 'too_old')
    else return true
    return false
  })
  if (meters.length > 0) {
    ear.context.said(targetOf(ear.context), said(meters))
    ear.heard.lastMs = nowMs
  }
  note(ear.heard, rejections.byReason(), rejections.examples())
  const refused = rejections.byReason()
  const answer = { accepted: meters.length, refused, examples: rejections.examples() }
  return { status: meters.length > 0 ? 202 : 422, body: JSON.stringify(answer) }
}

/** Pushes have no target of their own: they are this section's. */
function targetOf({ targets }: ListenContext<MeterPushConfig>) {
  return targets()[0] ?? { address: PUSH_PATH, node: SOURCE_NAME }
}

const said = (meters: readonly MeterReading[]): Interpretation => ({
  ...unread(SOURCE_NAME, FAILURES.no_readings),
  outcome: 'ok',
  reason: null,
  detail: null,
  meters,
})

const EXAMPLES = 8

function note(
  heard: Heard,
  counts: Readonly<Record<string, number>>,
  examples: readonly { readonly line: string; readonly reason: string }[],
): void {
  for (const [reason, count] of Object.entries(counts))
    heard.rejected[reason] = (heard.rejected[reason] ?? 0) + count
  heard.examples.push(...examples.slice(0, EXAMPLES - heard.examples.length))
}
