import { connectBus } from '../ingest/bus/connect.ts'
import type { DirectBus } from '../ingest/bus/direct-publisher.ts'
import { type DeviceOf, directEventFeed, openNatsEventFeed } from '../ingest/bus/event-feed.ts'
import { deviceId, fleetKey } from '../ingest/identity/device-id.ts'
import type { EventFeed } from '#schemas/alerts/ports.ts'
import type { Logger } from '#schemas/role.ts'
import type { Settings } from './settings.ts'

/** A feed and what it holds open. */
export interface OpenFeed {
  readonly feed: EventFeed
  close(): Promise<void>
}

/** Opens the fast way of events; `renamed` = device_id of keys that are not named by themselves. */
export type FeedOpener = (renamed: (key: string) => string | null) => Promise<OpenFeed>

/** Device_id as ingest stores it with an event. */
const deviceOf =
  (renamed: (key: string) => string | null): DeviceOf =>
  (cluster, key) => {
    if (key === null) return ''
    const known = fleetKey(cluster, key, null)
    return renamed(known) ?? String(deviceId(known))
  }

/** Events of collectors in this process. */
export const directFeed =
  (buses: () => readonly Pick<DirectBus, 'onAnnounced'>[]): FeedOpener =>
  async (renamed) => ({
    feed: directEventFeed(buses, deviceOf(renamed)),
    close: async () => undefined,
  })

/** Events of every collector that publishes through the NATS server. */
export const natsFeed =
  (
    { natsUrl: url, natsCreds }: Pick<Settings, 'natsCreds'> & { readonly natsUrl: string },
    log: Logger,
  ): FeedOpener =>
  async (renamed) => {
    const login = natsCreds === undefined ? {} : { credsFile: natsCreds }
    const connection = await connectBus({ url, name: 'plimsoll alerts events', ...login })
    const feed = openNatsEventFeed({ connection, deviceOf: deviceOf(renamed), log })
    const close = async () => {
      feed.stop()
      await connection.close()
    }
    return { feed, close }
  }
