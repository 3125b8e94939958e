import { type Interpretation, unread } from '#schemas/reading.ts'
import { createTimeReader } from '../../formats/wall-time.ts'
import type { Detection, Source } from '../../source.ts'
import { type Heard, openEar, PUSH_PATH, SOURCE_NAME } from './ear.ts'
import { FAILURES, noBody, noToken } from './faults.ts'
import { MeterPushConfig } from './options.ts'
import { parseBody, recognizeBody } from './parse.ts'
import { createTokenGuard, type SecretPlaces, SYSTEM_PLACES } from './token.ts'

/** Silence of all senders that shows in collection health, ms. */
const SILENT_MS = 3_600_000

const WORDS = { readTime: createTimeReader({ zone: null, order: 'ymd' }), stepMs: 60_000 }

/** Readings that others push as a source; `places` say where the token is read. */
export function createMeterPushSource(
  places: SecretPlaces = SYSTEM_PLACES,
): Source<MeterPushConfig> {
  const heard: Heard = { isListening: false, lastMs: null, rejected: {}, examples: [] }
  return {
    name: SOURCE_NAME,
    transport: 'http',
    defaultIntervalMs: 60_000,
    config: MeterPushConfig,
    // Which metrics come depends on the senders.
    expects: [],
    recognize: recognizeBody,
    interpret: interpretBody,
    detect: (_io, config, node) => detect(config, node, places),
    read: ({ nowMs }) => Promise.resolve(healthOf(heard, nowMs)),
    listen: (context) => openEar({ context, places, heard }),
  }
}

export default createMeterPushSource()

function interpretBody(bytes: Uint8Array): Interpretation {
  const body = parseBody(bytes, 'json', WORDS)
  if (typeof body === 'string') return unread(SOURCE_NAME, noBody(body))
  const { meters, rejections } = body
  return {
    ...unread(SOURCE_NAME, FAILURES.no_readings),
    ...(meters.length === 0 ? {} : { outcome: 'ok', reason: null, detail: null }),
    meters,
    rejected: rejections.examples(),
    rejectedByReason: rejections.byReason(),
  }
}

async function detect(
  config: MeterPushConfig,
  node: string,
  places: SecretPlaces,
): Promise<Detection> {
  const { listen } = config
  if (listen === undefined)
    return { state: 'absent', looked: 'no address: the option `listen` names none' }
  const host = listen.host.includes(':') ? `[${listen.host}]` : listen.host
  const scheme = config.cert === undefined ? 'http' : 'https'
  const address = `${scheme}://${host}:${listen.port}${PUSH_PATH}`
  const missing = await createTokenGuard(config, places).missing()
  return missing === null
    ? { state: 'present', looked: address, target: { address, node } }
    : { state: 'broken', looked: address, ...noToken(missing) }
}

/** The line of health: readings themselves went their way when they came. */
function healthOf(heard: Heard, nowMs: number): Interpretation {
  const { rejected: rejectedByReason, examples: rejected } = heard
  Object.assign(heard, { rejected: {}, examples: [] })
  const isRecent = heard.lastMs !== null && nowMs - heard.lastMs < SILENT_MS
  const why = heard.isListening ? FAILURES.nothing_pushed : FAILURES.not_listening
  return {
    ...unread(SOURCE_NAME, why),
    ...(isRecent && heard.isListening ? { outcome: 'ok', reason: null, detail: null } : {}),
    rejected,
    rejectedByReason,
  }
}
