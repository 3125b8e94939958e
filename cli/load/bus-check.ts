import { z } from 'zod'
import { PlimsollError } from '#schemas/errors.ts'
import { STREAM_NAME } from '#schemas/subjects.ts'
import { decodeBatch } from '#schemas/wire.ts'

/** The part of a connection that is needed here; its library has its home in ingest/bus. */
export interface AskedBus {
  request(
    subject: string,
    payload: string,
    options: { timeout: number },
  ): Promise<{ readonly data: Uint8Array }>
}

/** What was found in a stream; `seen` messages were looked at. */
export interface BusFindings {
  readonly streams: number
  readonly messages: number
  readonly seen: number
  /** Subjects of looked-at messages that are not simulated, or cannot be read. */
  readonly real: readonly string[]
}

const ASK_MS = 3000
/** Messages looked at per stream, evenly from the oldest to the newest. */
const LOOKS = 16
/** A site with more shards than this is looked at in these. */
const STREAMS = 64

const Names = z.object({ streams: z.array(z.string()).nullable() })
const Info = z.object({
  state: z.object({ messages: z.number(), first_seq: z.number(), last_seq: z.number() }),
})
const Stored = z.object({
  message: z.object({ subject: z.string(), data: z.string().default('') }),
})

/**
 * Looks at some messages of every telemetry stream: the oldest, the newest and some between. It finds a site whose
 * collectors are at work; it can miss a few real batches between many simulated ones, and knows nothing about what
 * left the stream for the store. Rejects with E_BUS_AWAY when the bus does not say, or has no stream.
 */
export async function lookForRealData(bus: AskedBus): Promise<BusFindings> {
  const names = Names.parse(await ask(bus, 'STREAM.NAMES', {})).streams ?? []
  const telemetry = names.filter((name) => name.startsWith(STREAM_NAME)).slice(0, STREAMS)
  if (telemetry.length === 0)
    throw new PlimsollError(
      'E_BUS_AWAY',
      'this bus has no stream for telemetry yet: plimsoll migrate --nats URL makes it',
    )
  const real = new Set<string>()
  let [messages, seen] = [0, 0]
  for (const name of telemetry) {
    const { state } = Info.parse(await ask(bus, `STREAM.INFO.${name}`, {}))
    messages += state.messages
    if (state.messages === 0) continue
    for (const seq of sampleOf(state.first_seq, state.last_seq)) {
      const found = Stored.safeParse(await ask(bus, `STREAM.MSG.GET.${name}`, { seq }))
      // A sequence that has left the stream meanwhile, or was never there.
      if (!found.success) continue
      seen++
      const { subject, data } = found.data.message
      const decoded = decodeBatch(Buffer.from(data, 'base64'))
      if (!decoded.ok || !decoded.batch.simulated) real.add(subject)
    }
  }
  return { streams: telemetry.length, messages, seen, real: [...real] }
}

/** Sequences from the first to the last one, both included, evenly apart. */
export function sampleOf(first: number, last: number, looks = LOOKS): number[] {
  const count = Math.min(looks, last - first + 1)
  const apart = count > 1 ? (last - first) / (count - 1) : 0
  return Array.from({ length: Math.max(0, count) }, (_, i) => Math.round(first + i * apart))
}

/** Refuses to mix simulated samples into a site's real ones. Throws E_BUS_NOT_SIMULATED. */
export function refuseRealData({ real }: BusFindings): void {
  const [first] = real
  if (first === undefined) return
  const more = real.length === 1 ? '' : ` and ${real.length - 1} more subjects`
  throw new PlimsollError(
    'E_BUS_NOT_SIMULATED',
    `this bus carries real data (${first}${more}); a load belongs on a bus of its own, --yes sends it here all the same`,
  )
}

async function ask(bus: AskedBus, what: string, payload: object): Promise<unknown> {
  try {
    const body = Object.keys(payload).length === 0 ? '' : JSON.stringify(payload)
    const { data } = await bus.request(`$JS.API.${what}`, body, { timeout: ASK_MS })
    return JSON.parse(new TextDecoder().decode(data))
  } catch (cause) {
    throw new PlimsollError(
      'E_BUS_AWAY',
      'the bus does not say what its streams hold (may this user ask the JetStream API?); --yes goes on without looking',
      { cause },
    )
  }
}
