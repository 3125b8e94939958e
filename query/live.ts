import type { Device, FleetGroup, LiveFleet } from '#schemas/api.ts'
import { PlimsollError } from '#schemas/errors.ts'
import type { Reader } from '#schemas/ports.ts'
import type { Clock, Logger } from '#schemas/role.ts'
import type { DemoControl } from './deps.ts'
import { latestValues } from './devices.ts'
import { noFilters } from './filters.ts'
import { SUMMARY_COLUMNS } from './fleet-metrics.ts'
import { readProvisional } from './fleet-sums.ts'
import { deviceLatest } from './queries/device-latest.ts'
import { liveStatus } from './queries/live-status.ts'
import type { ProvisionalRow } from './queries/fleet-sums.ts'
import { readPublished } from './settled.ts'
import { addRow, emptySums, fleetGroup } from './sums.ts'
import { floorMinute, iso, isoOrNull, MINUTE_MS } from './window.ts'

export const LIVE_LIMITS = {
  pollMs: 2000,
  heartbeatMs: 15_000,
  clients: 200,
  /** Distinct devices that clients watch at a time. */
  devices: 200,
  /** Fleet messages kept for those who come back: five minutes. */
  ring: 150,
  /** A newcomer is greeted with the newest message unless it is older. */
  greetingMs: 10_000,
  /** A client may come back that long after the last one left. */
  lingerMs: 60_000,
  /** Samples of a closed minute still arrive for this long; after it the minute is not read again. */
  lateMs: 20_000,
  /** Meanwhile it is read again this often: working out a minute is the dearest part of a poll. */
  againMs: 5_000,
} as const

export interface LiveDeps {
  readonly reader: Reader
  readonly clock: Clock
  readonly log: Logger
  readonly simulated: boolean
  readonly demo?: DemoControl
}

/** One open stream. */
export interface LiveClient {
  /** Writes text; false = the client is too slow and is let go. */
  send(text: string): boolean
  /** Whether its login still holds. */
  isWelcome(): Promise<boolean>
  close(): void
}

export interface LiveSubscription {
  /** Last message id the client has, epoch ms, or null. */
  readonly lastEventId: number | null
  readonly deviceId: string | null
}

/** The latest values of a watched device, as `event: device`. */
export type LiveDevice = Pick<Device, 'device_id' | 'last_sample_at' | 'latest'>

export interface LiveHub {
  /** Adds a client and returns how to remove it. Throws E_TOO_MANY_REQUESTS beyond the limits. */
  subscribe(client: LiveClient, wanted: LiveSubscription): () => void
  /** One poll of the store for all clients; does nothing when nobody listens. */
  poll(): Promise<void>
  /** Keeps connections open and lets go of those whose login ended. */
  heartbeat(): Promise<void>
  start(): void
  stop(): void
  readonly metrics: { clients: number; dropped: number; messages: number; failures: number }
}

interface Listener {
  readonly client: LiveClient
  readonly deviceId: string | null
  lastSampleMs: number
}

type Figures = Pick<LiveFleet, 'fleet' | 'by_cluster' | 'by_model'>

/** Fans one poll of the store out to every open page. */
export function createLiveHub(deps: LiveDeps): LiveHub {
  const listeners = new Set<Listener>()
  const ring: { readonly id: number; readonly text: string }[] = []
  const metrics = { clients: 0, dropped: 0, messages: 0, failures: 0 }
  const timers: NodeJS.Timeout[] = []
  let minute = { endMs: 0, readAtMs: 0, figures: figuresOf([]) }
  let signature = ''
  let lastLeftMs = Number.NEGATIVE_INFINITY
  let polling: Promise<void> | null = null

  const remove = (listener: Listener) => {
    if (!listeners.delete(listener)) return
    metrics.clients = listeners.size
    lastLeftMs = deps.clock()
  }
  const give = (listener: Listener, text: string) => {
    if (listener.client.send(text)) return
    metrics.dropped += 1
    remove(listener)
    listener.client.close()
  }
  const readFigures = async (): Promise<Figures> => {
    const now = deps.clock()
    const endMs = floorMinute(now)
    const isFinal = minute.readAtMs - endMs > LIVE_LIMITS.lateMs
    const isNew = now - minute.readAtMs < LIVE_LIMITS.againMs
    if (minute.endMs !== endMs || (!isFinal && !isNew)) {
      minute = { endMs, readAtMs: now, figures: figuresOf(await readMinute(deps.reader, endMs)) }
    }
    return minute.figures
  }
  const pollFleet = async () => {
    const now = deps.clock()
    const [[status], published, figures] = await Promise.all([
      liveStatus.run(deps.reader, { now_ms: now }),
      readPublished(deps.reader),
      readFigures(),
    ])
    const told = {
      simulated: deps.simulated,
      ...figures,
      reporting_devices: status?.reporting_devices ?? 0,
      silent_devices: (status?.accepted_devices ?? 0) - (status?.reporting_devices ?? 0),
      pending_devices: status?.pending_devices ?? 0,
      failed_targets: status?.failed_targets ?? 0,
      newest_sample_at: isoOrNull(status?.newest_sample_ms ?? null),
      settled_until: isoOrNull(published.settledUntilMs),
      caption: deps.demo?.caption() ?? null,
      notice: deps.demo?.notice() ?? null,
    }
    const next = JSON.stringify(told)
    if (next === signature) return
    signature = next
    const id = Math.max(now, (ring.at(-1)?.id ?? 0) + 1)
    const message: LiveFleet = { at: id, ...told }
    ring.push({ id, text: sse('fleet', message, id) })
    if (ring.length > LIVE_LIMITS.ring) ring.shift()
    metrics.messages += 1
    for (const listener of listeners) give(listener, ring.at(-1)?.text ?? '')
  }
  const pollDevices = async () => {
    const watching = [...listeners].filter(({ deviceId }) => deviceId !== null)
    const ids = [...new Set(watching.flatMap(({ deviceId }) => deviceId ?? []))]
    if (ids.length === 0) return
    const rows = await deviceLatest.run(deps.reader, { ids, now_ms: deps.clock() })
    const byId = new Map(rows.map((row) => [row.id, row]))
    for (const listener of watching) {
      const row = byId.get(listener.deviceId ?? '')
      if (row === undefined || row.last_sample_ms <= listener.lastSampleMs) continue
      listener.lastSampleMs = row.last_sample_ms
      const message: LiveDevice = {
        device_id: row.id,
        last_sample_at: iso(row.last_sample_ms),
        latest: latestValues(row.latest),
      }
      give(listener, sse('device', message))
    }
  }
  const pollOnce = async () => {
    try {
      await Promise.all([pollFleet(), pollDevices()])
    } catch (error) {
      // The next poll tries again; readiness and the log of the store say what is wrong.
      metrics.failures += 1
      if (metrics.failures === 1 || metrics.failures % 100 === 0) {
        deps.log.warn('live poll failed', {
          failures: metrics.failures,
          error: error instanceof Error ? error.message.slice(0, 300) : String(error),
        })
      }
    }
  }
  const poll = (): Promise<void> => {
    const isWanted = listeners.size > 0 || deps.clock() - lastLeftMs < LIVE_LIMITS.lingerMs
    if (!isWanted) return Promise.resolve()
    polling ??= pollOnce().finally(() => {
      polling = null
    })
    return polling
  }
  const heartbeat = async () => {
    for (const listener of listeners) {
      if (await listener.client.isWelcome()) give(listener, ': heartbeat\n\n')
      else {
        remove(listener)
        listener.client.close()
      }
    }
  }
  return {
    subscribe(client, { lastEventId, deviceId }) {
      refuseBeyondLimits(listeners, deviceId)
      const listener: Listener = { client, deviceId, lastSampleMs: 0 }
      listeners.add(listener)
      metrics.clients = listeners.size
      // Everything missed, or the newest while it is new: after a pause without clients the poll below,
      // which starts at once, gives the first number, not a message from before the pause.
      const newest = ring.filter(({ id }) => deps.clock() - id < LIVE_LIMITS.greetingMs).slice(-1)
      const missed = lastEventId === null ? newest : ring.filter(({ id }) => id > lastEventId)
      // Whoever was greeted with nothing gets the next answer even if it is the same as the last.
      if (missed.length === 0) signature = ''
      for (const { text } of missed) give(listener, text)
      void poll()
      return () => remove(listener)
    },
    poll,
    heartbeat,
    start() {
      timers.push(
        setInterval(() => void poll(), LIVE_LIMITS.pollMs),
        setInterval(() => void heartbeat(), LIVE_LIMITS.heartbeatMs),
      )
    },
    stop() {
      for (const timer of timers.splice(0)) clearInterval(timer)
      for (const listener of listeners) {
        remove(listener)
        listener.client.close()
      }
    },
    metrics,
  }
}

function refuseBeyondLimits(listeners: ReadonlySet<Listener>, deviceId: string | null): void {
  const devices = new Set([...listeners].map((listener) => listener.deviceId))
  const tooManyDevices =
    deviceId !== null && !devices.has(deviceId) && devices.size >= LIVE_LIMITS.devices
  if (listeners.size < LIVE_LIMITS.clients && !tooManyDevices) return
  throw new PlimsollError(
    'E_TOO_MANY_REQUESTS',
    `${LIVE_LIMITS.clients} pages are open already; close some`,
  )
}

async function readMinute(reader: Reader, endMs: number): Promise<ProvisionalRow[]> {
  const window = { fromMs: endMs - MINUTE_MS, toMs: endMs }
  return readProvisional(reader, window, {
    groupBy: ['cluster', 'model'],
    filters: noFilters(),
    t0Ms: window.fromMs,
    stepMs: 0,
    columns: SUMMARY_COLUMNS,
    bySource: true,
  })
}

/** The fleet, its clusters and its models out of the same rows: they always add up. */
function figuresOf(rows: readonly ProvisionalRow[]): Figures {
  const group = (key: Record<string, string>, members: readonly ProvisionalRow[]): FleetGroup => {
    const sums = emptySums()
    let devices = 0
    for (const row of members) {
      addRow(sums, row)
      sums.presentMs = MINUTE_MS
      // One minute: a device is in exactly one row.
      devices += row.devices
    }
    return fleetGroup(key, devices, sums)
  }
  const by = (field: 'cluster' | 'model', read: (row: ProvisionalRow) => string) =>
    [...Map.groupBy(rows, read)]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([value, members]) => group({ [field]: value }, members))
  return {
    fleet: group({}, rows),
    by_cluster: by('cluster', (row) => row.keys[0] ?? ''),
    by_model: by('model', (row) => row.keys[1] ?? ''),
  }
}

function sse(event: string, data: unknown, id?: number): string {
  const head = id === undefined ? '' : `id: ${id}\n`
  return `${head}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`
}
