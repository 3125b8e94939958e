import { randomBytes } from 'node:crypto'
import { unread } from '#schemas/reading.ts'
import type { FieldIo } from '../../field-io.ts'
import type { ReadContext, Source, SourceTarget } from '../../source.ts'
import { createClient } from './client.ts'
import { createDevice, type Device } from './device.ts'
import { openEar, type Subscriber } from './ear.ts'
import { SOURCE_NAME } from './faults.ts'
import { interpretBytes, recognize } from './interpret.ts'
import { RedfishConfig } from './options.ts'
import { accessOf, processSecrets, type SecretDeps, tlsOf } from './secrets.ts'
import { createSubscription, type Subscription } from './subscription.ts'

export interface RedfishDeps {
  readonly secrets: SecretDeps
  readonly nowMs: () => number
  /** 0..1, for waits that are not in step. */
  readonly random: () => number
  /** A text nobody can guess, for events. */
  readonly token: () => string
}

/** What is kept of one target. */
interface Entry extends Subscriber {
  /** As its list has it now: a name may change. */
  target: SourceTarget
  /** That of the read under way, so that its bytes are counted for it. */
  readonly world: { field: FieldIo }
  readonly device: Device
  readonly subscription: Subscription | null
  readonly token: string
}

/** Left of the budget of a read for handing over what came, ms. */
const MARGIN_MS = 100
/** Looking into a device is a handshake, a login and a dozen answers, some 10 ms of CPU: so many devices of a long list begin per second. */
const STARTS_PER_SECOND = 25
/** Reads of 2,000 meters begin some 40 at a time, ms. */
const GATHER_MS = 500
/** A changed file of authorities counts after this long, ms. */
const TLS_MS = 300_000

/** The source with a world of its own; the default export has that of the process. */
export function createRedfishSource(deps: RedfishDeps): Source<RedfishConfig> {
  const entries = new WeakMap<Map<string, unknown>, Entry>()
  const byToken = new Map<string, Entry>()
  const entryOf = (context: ReadContext<RedfishConfig>, field: FieldIo): Entry => {
    const known = entries.get(context.memory)
    if (known !== undefined) return known
    const entry = newEntry(context, field, deps)
    entries.set(context.memory, entry)
    byToken.set(entry.token, entry)
    return entry
  }
  return {
    name: SOURCE_NAME,
    transport: 'http',
    address: { schemes: ['https', 'http'], port: 443, path: '/redfish/v1' },
    defaultIntervalMs: 30_000,
    startsPerSecond: STARTS_PER_SECOND,
    gatherMs: GATHER_MS,
    // Meters: what a device gives depends on what it is.
    expects: [],
    config: RedfishConfig,
    recognize,
    interpret: interpretBytes,
    async detect() {
      return { state: 'absent', looked: 'nothing: devices are named as targets' }
    },
    isDue: ({ memory, nowMs }) => entries.get(memory)?.device.isDue(nowMs) ?? true,
    async read(context) {
      const { field } = context.io
      if (field === undefined) return unread(SOURCE_NAME, NO_FIELD)
      const entry = entryOf(context, field)
      entry.target = context.target
      entry.world.field = field
      return entry.device.tick(context.nowMs, Math.max(1, context.timeoutMs - MARGIN_MS))
    },
    close(memory) {
      const entry = entries.get(memory)
      entries.delete(memory)
      if (entry === undefined) return
      byToken.delete(entry.token)
      // Nobody waits for it: a device that hangs must not hold up the end.
      void leave(entry)
    },
    listen: (context) =>
      openEar({
        context,
        secrets: deps.secrets,
        subscriberOf: (token) => byToken.get(token) ?? null,
      }),
  }
}

const NO_FIELD = {
  reason: 'no_connection',
  detail: 'This process reads captures only and asks no devices.',
} as const

async function leave({ device, subscription }: Entry): Promise<void> {
  await subscription?.close()
  await device.close()
}

function newEntry(
  { target, config, isLook = false }: ReadContext<RedfishConfig>,
  field: FieldIo,
  deps: RedfishDeps,
): Entry {
  const { secrets, nowMs, random } = deps
  const host = new URL(target.address).hostname
  const proof = remembered(TLS_MS, nowMs, () => tlsOf(host, config, secrets))
  const world = { field }
  const client = createClient({
    request: (url, request, limits) => world.field.request(url, request, limits),
    address: target.address,
    timeoutMs: config.request_timeout,
    access: () => accessOf(config, secrets),
    tls: proof,
    nowMs,
    random,
  })
  const token = deps.token()
  const subscription =
    // The subscription of a collector beside us would be taken for a left-over of ours.
    config.events === undefined || isLook
      ? null
      : createSubscription({ client, destination: config.events.public_url, token, nowMs })
  const device = createDevice({
    client,
    config,
    nowMs,
    random,
    chore: (eventService) => subscription?.chore(eventService) ?? null,
  })
  return { target, world, device, subscription, token, pushes: { minuteMs: 0, count: 0 } }
}

/** The result of a step, kept for a while. */
function remembered<T>(
  forMs: number,
  nowMs: () => number,
  make: () => Promise<T>,
): () => Promise<T> {
  let kept: { readonly atMs: number; readonly result: Promise<T> } | null = null
  return () => {
    if (kept === null || nowMs() - kept.atMs >= forMs) kept = { atMs: nowMs(), result: make() }
    return kept.result
  }
}

export default createRedfishSource({
  secrets: processSecrets,
  nowMs: () => Date.now(),
  random: () => Math.random(),
  token: () => randomBytes(16).toString('hex'),
})
