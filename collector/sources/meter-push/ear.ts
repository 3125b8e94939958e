import { meterId } from '#schemas/meter-id.ts'
import { type Interpretation, type MeterReading, unread } from '#schemas/reading.ts'
import type { EarPlace, Push, PushAnswer } from '../../field-io.ts'
import { createTimeReader } from '../../formats/wall-time.ts'
import type { ListenContext } from '../../source.ts'
import { FAILURES, noToken } from './faults.ts'
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
const MINUTE_MS = 60_000
/** Half of what may wait for a message (record-queue.ts), in more time than it waits: nothing taken is pushed out. */
const BURST_READINGS = 8192
const BURST_MS = 1000
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
  readonly burst: Rate
}

/** Takes pushes; resolves to nothing where no address is configured. Rejects with a sentence. */
export async function openEar(deps: EarDeps): Promise<{ stop(): Promise<void> }> {
  const { context, places, heard } = deps
  const { config, io } = context
  if (config.listen === undefined) return { stop: async () => undefined }
  if (io.field === undefined) throw new Error('this process cannot listen for pushes')
  const guard = createTokenGuard(config, places)
  const missing = await guard.missing()
  if (missing !== null) throw new Error(noToken(missing).detail)
  const readTime = createTimeReader({ zone: config.time_zone ?? null, order: 'ymd' })
  const ear: Ear = {
    ...deps,
    guard,
    words: { readTime, stepMs: config.step },
    requests: createRate(REQUESTS_PER_MINUTE, MINUTE_MS),
    strangers: createRate(STRANGERS_PER_MINUTE, MINUTE_MS),
    readings: createRate(config.readings_per_minute, MINUTE_MS),
    burst: createRate(BURST_READINGS, BURST_MS),
  }
  const place = await placeOf(config, places)
  const opened = await io.field.hear({ ...place, admit: (head) => admit(head, ear) }, (push) =>
    take(push, ear),
  )
  heard.isListening = true
  return {
    async stop() {
      heard.isListening = false
      await opened.stop()
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

/** At most this much in a time; `retryAfter` seconds when it is used up. */
interface Rate {
  take(count: number, nowMs: number): { readonly retryAfter: number } | null
}

function createRate(most: number, everyMs: number): Rate {
  let sinceMs = Number.NEGATIVE_INFINITY
  let used = 0
  return {
    take(count, nowMs) {
      if (nowMs - sinceMs >= everyMs || nowMs < sinceMs) [sinceMs, used] = [nowMs, 0]
      // One large push is let through where nothing else was: else it would never be.
      if (used > 0 && used + count > most)
        return { retryAfter: Math.max(1, Math.ceil((sinceMs + everyMs - nowMs) / 1000)) }
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

type Head = Omit<Push, 'body'>

/** Null lets a push in; before its body is read. */
async function admit(head: Head, ear: Ear): Promise<PushAnswer | null> {
  const [path] = head.path.split('?')
  if (path !== PUSH_PATH) return say(404, `there is only POST ${PUSH_PATH}`)
  if (head.method !== 'POST') return say(405, `readings are sent with POST ${PUSH_PATH}`)
  const refused = await letIn(head, ear)
  if (refused !== null) return refused
  if (kindOf(head) === null)
    return say(415, 'send application/json, application/x-ndjson or text/csv as content-type')
  const full = ear.requests.take(1, ear.context.nowMs())
  return full === null ? null : say(429, 'too many pushes; send more readings in one', full)
}

function take(push: Push, ear: Ear): PushAnswer {
  const body = parseBody(push.body, kindOf(push) ?? 'json', ear.words)
  return typeof body === 'string' ? say(400, body) : accept(body, ear)
}

async function letIn({ headers, from }: Head, ear: Ear): Promise<PushAnswer | null> {
  const { authorization } = headers
  if (await ear.guard.isRight(authorization)) return null
  // Counted in the line of health, which is well again when it stops.
  const line = `push from ${from.slice(0, 64)}`
  note(ear.heard, { no_token: 1 }, [{ line, reason: 'no_token' }])
  const flood = ear.strangers.take(1, ear.context.nowMs())
  if (flood !== null) return say(429, 'too many pushes without the right token', flood)
  return (authorization ?? '') === ''
    ? say(401, 'send the token as header: Authorization: Bearer …')
    : say(403, 'the token is wrong')
}

function kindOf({ headers }: Head): BodyKind | null {
  const type = (headers['content-type'] ?? 'application/json').split(';')[0]?.trim().toLowerCase()
  if (type === 'text/csv') return 'csv'
  const isJson =
    type === 'application/json' ||
    type === 'application/x-ndjson' ||
    type === 'application/jsonl' ||
    // What curl says when nobody tells it.
    type === 'application/x-www-form-urlencoded'
  return isJson ? 'json' : null
}

/** Answers 202 only when the readings are among what is sent next: what `said` takes cannot be pushed out by later ones. */
function accept({ meters: all, rejections }: PushedBody, ear: Ear): PushAnswer {
  const nowMs = ear.context.nowMs()
  const full = ear.burst.take(all.length, nowMs) ?? ear.readings.take(all.length, nowMs)
  if (full !== null) return say(429, 'more readings than are taken in this time; send fewer', full)
  const meters = all.filter(({ meter, point, atMs }) => {
    const at = atMs ?? nowMs
    const isAhead = at > nowMs + AHEAD_MAX_MS
    if (!isAhead && at > nowMs - LATE_MAX_MS) return true
    const what = `${meterId(meter ?? '', point)} at ${new Date(at).toISOString()}`
    rejections.add(what, isAhead ? 'in_future' : 'too_old')
    return false
  })
  if (meters.length > 0) {
    // Pushes have no target of their own: they are this section's.
    const [target = { address: PUSH_PATH, node: SOURCE_NAME }] = ear.context.targets()
    ear.context.said(target, said(meters))
    ear.heard.lastMs = nowMs
  }
  note(ear.heard, rejections.byReason(), rejections.examples())
  const refused = rejections.byReason()
  const answer = { accepted: meters.length, refused, examples: rejections.examples() }
  return { status: meters.length > 0 ? 202 : 422, body: JSON.stringify(answer) }
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
