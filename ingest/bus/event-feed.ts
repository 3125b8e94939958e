import type { Msg, NatsConnection } from '@nats-io/transport-node'
import type { EventFeed, FleetEvent } from '#schemas/alerts/ports.ts'
import { ANNOUNCED_PER_SECOND, decodeAnnouncement, perSecond } from '#schemas/announcement.ts'
import type { EventRecord } from '#schemas/records.ts'
import type { Clock, Logger } from '#schemas/role.ts'
import { ANNOUNCE_SUBJECTS, ID_PATTERN, SENT_AT_HEADER } from '#schemas/subjects.ts'
import type { DirectBus } from './direct-publisher.ts'

/** device_id of a key as the table would have it; empty for a node-wide event. */
export type DeviceOf = (cluster: string, key: string | null) => string

export interface NatsEventFeed extends EventFeed {
  /** Events and messages that were not taken: too many, not understood, or of a clock that is off. */
  refused(): number
  stop(): void
}

export interface NatsEventFeedOptions {
  readonly connection: NatsConnection
  readonly deviceOf: DeviceOf
  readonly log: Logger
  readonly now?: Clock
}

/**
 * Ingest corrects the times of a collector whose clock is further off than 30 s; its announcements would have other
 * times than its stored events, so they are left to the table. Also an event may not lie in the future.
 */
const SKEW_MAX_MS = 25_000
const AHEAD_MAX_MS = 60_000
/** Who sends twice what a collector sends is not one of ours. */
const TAKEN_PER_SECOND = 2 * ANNOUNCED_PER_SECOND
const SENDERS_MAX = 10_000

/** Events as collectors announce them. Cluster and collector are those of the subject, which the server has checked. */
export function openNatsEventFeed(options: NatsEventFeedOptions): NatsEventFeed {
  const { connection, deviceOf, log, now = Date.now } = options
  const handlers = new Set<(events: readonly FleetEvent[]) => void>()
  const bounds = new Map<string, (count: number) => number>()
  let refused = 0
  const boundOf = (sender: string) => {
    const known = bounds.get(sender)
    if (known !== undefined) return known
    if (bounds.size >= SENDERS_MAX) bounds.clear()
    const fresh = perSecond(TAKEN_PER_SECOND, () => performance.now())
    bounds.set(sender, fresh)
    return fresh
  }
  const take = (message: Msg) => {
    const [, , cluster = '', collector = ''] = message.subject.split('.')
    const sentAt = Number(message.headers?.get(SENT_AT_HEADER) ?? Number.NaN)
    const isNamed = ID_PATTERN.test(cluster) && ID_PATTERN.test(collector)
    const nowMs = now()
    const events =
      isNamed && Math.abs(nowMs - sentAt) <= SKEW_MAX_MS ? decodeAnnouncement(message.data) : null
    if (events === null) {
      refused += 1
      return
    }
    const timely = events.filter(({ at_ms: atMs }) => atMs <= nowMs + AHEAD_MAX_MS)
    const passing = timely.slice(0, boundOf(message.subject)(timely.length))
    refused += events.length - passing.length
    const told = passing.map((event) => fleetEvent({ cluster, collector }, event, deviceOf))
    if (told.length > 0) for (const handler of handlers) handler(told)
  }
  const subscription = connection.subscribe(ANNOUNCE_SUBJECTS, {
    callback(error, message) {
      if (error === null) take(message)
      else
        log.warn(`this user may not subscribe ${ANNOUNCE_SUBJECTS}: alerts wait for the table`, {
          reason: error.message,
        })
    },
  })
  return {
    subscribe(handler) {
      handlers.add(handler)
      return () => handlers.delete(handler)
    },
    refused: () => refused,
    stop: () => subscription.unsubscribe(),
  }
}

/** The same inside one process. */
export function directEventFeed(
  buses: () => readonly Pick<DirectBus, 'onAnnounced'>[],
  deviceOf: DeviceOf,
): EventFeed {
  return {
    subscribe(handler) {
      const ends = buses().map((bus) =>
        bus.onAnnounced((from, events) =>
          handler(events.map((event) => fleetEvent(from, event, deviceOf))),
        ),
      )
      return () => {
        for (const end of ends) end()
      }
    },
  }
}

function fleetEvent(
  from: { readonly cluster: string; readonly collector: string },
  { kind: _event, device_key: key, ...event }: EventRecord,
  deviceOf: DeviceOf,
): FleetEvent {
  const { cluster, collector } = from
  return { ...event, cluster, collector, device: deviceOf(cluster, key) }
}
