import type { ControlState } from '#schemas/control.ts'
import type { Publisher } from '#schemas/ports.ts'
import type { EventRecord } from '#schemas/records.ts'
import type { ResendRequest, Watermark } from '#schemas/subjects.ts'
import type { WatermarkSender } from './watermarks.ts'

/** Both ends of the bus inside one process. */
export interface DirectBus {
  /** For the collector of this name. */
  readonly publisher: Publisher
  /** For ingest. */
  readonly watermarks: WatermarkSender
  /** Says orders to the collector. */
  readonly sayControl: (state: ControlState) => void
  /** Called with the events that the collector announces; returns an unsubscribe. */
  readonly onAnnounced: (handler: AnnouncedHandler) => () => void
}

/** Who said it, and what. */
export type AnnouncedHandler = (
  from: { readonly cluster: string; readonly collector: string },
  events: readonly EventRecord[],
) => void

/**
 * Standalone's bus. Publishing is done as soon as the spool has the message, because ingest reads the
 * spool in place (openDirectLog); watermarks and resend requests are calls.
 */
export function openDirectBus(identity: {
  readonly cluster: string
  readonly collector: string
}): DirectBus {
  const watermarkHandlers = new Set<(watermark: Watermark) => void>()
  const resendHandlers = new Set<(request: ResendRequest) => void>()
  const controlHandlers = new Set<(state: ControlState) => void>()
  const announcedHandlers = new Set<AnnouncedHandler>()
  const isOurs = (cluster: string, collector: string) =>
    cluster === identity.cluster && collector === identity.collector
  return {
    publisher: {
      publish: () => Promise.resolve(),
      announce(events) {
        for (const handler of announcedHandlers) handler(identity, events)
      },
      onWatermark(handler) {
        watermarkHandlers.add(handler)
        return () => watermarkHandlers.delete(handler)
      },
      onResend(handler) {
        resendHandlers.add(handler)
        return () => resendHandlers.delete(handler)
      },
      onControl(handler) {
        controlHandlers.add(handler)
        return () => controlHandlers.delete(handler)
      },
      connected: () => true,
    },
    sayControl(state) {
      for (const handler of controlHandlers) handler(state)
    },
    onAnnounced(handler) {
      announcedHandlers.add(handler)
      return () => announcedHandlers.delete(handler)
    },
    watermarks: {
      publish(cluster, collector, watermark) {
        if (isOurs(cluster, collector)) for (const handler of watermarkHandlers) handler(watermark)
      },
      requestResend(cluster, collector, request) {
        if (isOurs(cluster, collector)) for (const handler of resendHandlers) handler(request)
      },
      async close() {
        watermarkHandlers.clear()
        resendHandlers.clear()
      },
    },
  }
}
