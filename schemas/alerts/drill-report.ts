import type { Acknowledgement, DeliveryResult, Notification } from './alert.ts'

/** How a drill went so far; null = not yet. */
export interface DrillReport {
  readonly channels: readonly {
    readonly channel: string
    readonly acceptedAfterMs: number | null
    readonly attempts: number
    readonly detail: string
  }[]
  /** From the first message to the acknowledgement. */
  readonly acknowledgedAfterMs: number | null
  readonly who: string
}

/** By results of deliveries and acknowledgements, as the journal has them. */
export function drillReport(
  notifications: readonly Notification[],
  results: readonly DeliveryResult[],
  acks: readonly Acknowledgement[],
): DrillReport {
  const [first] = notifications
  const ack = acks.find((one) => one.group === first?.group && one.at_ms >= first.at_ms)
  return {
    channels: notifications.map(({ id, channel, at_ms }) => {
      const own = results.filter((result) => result.id === id)
      const taken = own.find(({ outcome }) => outcome === 'accepted')
      return {
        channel,
        acceptedAfterMs: taken === undefined ? null : Math.max(0, taken.at_ms - at_ms),
        attempts: own.length,
        detail: own.at(-1)?.detail ?? '',
      }
    }),
    acknowledgedAfterMs: ack === undefined || first === undefined ? null : ack.at_ms - first.at_ms,
    who: ack?.who ?? '',
  }
}
