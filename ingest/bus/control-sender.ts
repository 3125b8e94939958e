import type { NatsConnection } from '@nats-io/transport-node'
import { type ControlState, type ControlStore, encodeControl } from '#schemas/control.ts'
import type { Logger } from '#schemas/role.ts'
import { CONTROL_SUBJECT } from '#schemas/subjects.ts'

/** How often the orders are read and said again: a collector hears of a change within this time, ms. */
export const CONTROL_REPEAT_MS = 5000

/** Says a state over core NATS to every collector. */
export const sayOverNats =
  (connection: NatsConnection) =>
  (state: ControlState): void => {
    if (!connection.isClosed()) connection.publish(CONTROL_SUBJECT, encodeControl(state))
  }

/**
 * Reads the orders again and again and says them; a store that is away is logged once and tried again.
 * Returns what ends it.
 */
export function repeatControl(options: {
  readonly store: ControlStore
  readonly say: (state: ControlState) => void
  readonly logger: Logger
  readonly repeatMs?: number
}): () => void {
  const { store, say, logger, repeatMs = CONTROL_REPEAT_MS } = options
  let isAway = false
  let isBusy = false
  const turn = async () => {
    if (isBusy) return
    isBusy = true
    try {
      say(await store.read())
      isAway = false
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      if (!isAway) logger.warn('orders to collectors cannot be read', { reason })
      isAway = true
    } finally {
      isBusy = false
    }
  }
  void turn()
  const timer = setInterval(() => void turn(), repeatMs)
  timer.unref()
  return () => clearInterval(timer)
}
