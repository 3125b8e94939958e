import { z } from 'zod'
import type { CollectorConfig } from '../collector/config.ts'
import type { BusFacts } from '../collector/doctor/facts.ts'
import type { BusAnswer } from '../collector/doctor/gather/gather.ts'
import { shownAddress } from '../collector/targets/shown-address.ts'
import { type BusConnectOptions, connectBus } from '../ingest/bus/connect.ts'
import { checkServer } from '../ingest/bus/streams.ts'
import { PlimsollError } from '#schemas/errors.ts'
import type { Logger } from '#schemas/role.ts'
import { isTelemetryStream, STREAM_NAME } from '#schemas/subjects.ts'
import type { Settings } from './settings.ts'

/** Where the bus is and how to log in: options and environment first, then the configuration. */
export function busAddress(
  settings: Settings,
  { nats, collector }: CollectorConfig,
): (Omit<BusConnectOptions, 'name'> & { readonly url: string }) | null {
  const url = settings.natsUrl ?? (nats === null ? undefined : [nats.url].flat().join(','))
  if (url === undefined) return null
  const credsFile = settings.natsCreds ?? nats?.credentials
  const { ca, cert, key } = nats?.tls ?? {}
  const tls = {
    ...(ca === undefined ? {} : { caFile: ca }),
    ...(cert === undefined ? {} : { certFile: cert }),
    ...(key === undefined ? {} : { keyFile: key }),
  }
  return {
    url,
    inboxPrefix: `_INBOX_${collector}`,
    ...(credsFile === undefined ? {} : { credsFile }),
    ...(nats?.tls === undefined ? {} : { tls }),
  }
}

const silent: Logger = { info: () => undefined, warn: () => undefined, error: () => undefined }

/** JetStream's answer about one stream, as far as it is looked at. */
const StreamAnswer = z.object({
  error: z.object({ code: z.number() }).optional(),
  config: z.object({ name: z.string() }).optional(),
  /** The server's clock; servers from 2.10 on. */
  ts: z.string().optional(),
})

const NamesAnswer = z.object({ streams: z.array(z.string()).nullable().optional() })

/** Connects, asks for the stream of telemetry, and leaves. Never rejects; may answer after the time. */
export async function askBus(
  connect: Omit<BusConnectOptions, 'name'>,
  timeoutMs: number,
): Promise<BusAnswer> {
  const address = shownAddress(connect.url)
  const none = { address, serverVersion: null, roundTripMs: null, streamName: STREAM_NAME } as const
  const away = (error: unknown): BusAnswer => {
    const isUnusable = error instanceof PlimsollError && error.code === 'E_BUS_TOO_OLD'
    const detail = error instanceof Error ? error.message : String(error)
    const state = isUnusable ? 'unusable' : 'away'
    return { facts: { ...none, state, detail, stream: 'unknown' }, clock: null }
  }
  const opening = connectBus({ ...connect, name: 'plimsoll doctor' })
  const timeout = Promise.withResolvers<never>()
  const timer = setTimeout(
    () => timeout.reject(new Error(`no answer within ${Math.round(timeoutMs)} ms`)),
    timeoutMs,
  )
  try {
    const connection = await Promise.race([opening, timeout.promise])
    checkServer(connection, silent)
    const roundTripMs = await Promise.race([connection.rtt(), timeout.promise])
    const { stream, clock } = await askStream(connection, Math.max(1, timeoutMs / 2))
    const serverVersion = connection.info?.version ?? null
    const facts: BusFacts = { ...none, state: 'ok', detail: '', serverVersion, roundTripMs, stream }
    return { facts, clock: clock === null ? null : { name: address, ...clock } }
  } catch (error) {
    return away(error)
  } finally {
    clearTimeout(timer)
    // Also one that opens late must not keep the process.
    void opening.then((late) => late.close()).catch(() => undefined)
  }
}

/** The part of a connection that is needed here; its library has its home in ingest/bus. */
interface Asked {
  request(
    subject: string,
    payload: string,
    options: { timeout: number },
  ): Promise<{ readonly data: Uint8Array }>
}

async function askStream(connection: Asked, timeoutMs: number) {
  const startedMs = performance.now()
  try {
    const ask = (subject: string) => connection.request(subject, '', { timeout: timeoutMs })
    const { data } = await ask(`$JS.API.STREAM.INFO.${STREAM_NAME}`)
    const halfTripMs = (performance.now() - startedMs) / 2
    const answer = StreamAnswer.parse(JSON.parse(new TextDecoder().decode(data)))
    const theirMs = Date.parse(answer.ts ?? '')
    const clock = Number.isFinite(theirMs)
      ? { offsetMs: Date.now() - halfTripMs - theirMs, uncertaintyMs: halfTripMs }
      : null
    const isThere = answer.config !== undefined || (await hasShards(ask))
    const stream: BusFacts['stream'] = isThere ? 'present' : 'missing'
    return { stream, clock }
  } catch {
    // A collector's login may not use this subject: the server then answers nothing, or refuses.
    return { stream: 'not_allowed' as const, clock: null }
  }
}

/** With several shards no stream has the name of the only one. */
async function hasShards(ask: (subject: string) => Promise<{ readonly data: Uint8Array }>) {
  const { data } = await ask('$JS.API.STREAM.NAMES')
  const { streams } = NamesAnswer.parse(JSON.parse(new TextDecoder().decode(data)))
  return streams?.some(isTelemetryStream) === true
}
