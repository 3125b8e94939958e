import { jetstream, JetStreamApiError, jetstreamManager } from '@nats-io/jetstream'
import type { NatsConnection } from '@nats-io/transport-node'
import {
  type ControlState,
  type ControlStore,
  decodeControl,
  encodeControl,
  NO_ORDERS,
  PAUSES_MAX,
  type PauseOrder,
} from '#schemas/control.ts'
import { PlimsollError } from '#schemas/errors.ts'
import { CONTROL_STATE_SUBJECT, CONTROL_STREAM_NAME } from '#schemas/subjects.ts'

/** "wrong last sequence": somebody stored another state meanwhile. */
const WRONG_LAST_SEQUENCE = 10071
const NO_MESSAGE = 10037
const NO_STREAM = 10059
const TIMEOUT_MS = 5000
/** People change orders by hand: more collisions in a row than this is no race. */
const ATTEMPTS = 8

/** The state after an edit; throws E_BAD_REQUEST beyond the limit. Ended orders leave with every change. */
export function editedState(
  state: ControlState,
  edit: (pauses: readonly PauseOrder[]) => readonly PauseOrder[],
  nowMs: number,
): ControlState {
  const pauses = edit(state.pauses).filter((pause) => pause.until_ms > nowMs)
  if (pauses.length > PAUSES_MAX)
    throw new PlimsollError('E_BAD_REQUEST', `${PAUSES_MAX} pauses are in force: end some first`)
  return { v: 1, revision: state.revision + 1, pauses }
}

/** Orders on their own JetStream stream; the revision is checked by the subject's sequence. */
export async function openJetStreamControl(options: {
  readonly connection: NatsConnection
  readonly now: () => number
}): Promise<ControlStore> {
  const { connection, now } = options
  const client = jetstream(connection, { timeout: TIMEOUT_MS })
  const manager = await jetstreamManager(connection, { checkAPI: false, timeout: TIMEOUT_MS })
  const last = async (): Promise<{ state: ControlState; sequence: number }> => {
    try {
      const query = { last_by_subj: CONTROL_STATE_SUBJECT }
      const message = await manager.streams.getMessage(CONTROL_STREAM_NAME, query)
      const state = message === null ? null : decodeControl(message.data)
      return { state: state ?? NO_ORDERS, sequence: message?.seq ?? 0 }
    } catch (error) {
      if (error instanceof JetStreamApiError && [NO_MESSAGE, NO_STREAM].includes(error.code))
        return { state: NO_ORDERS, sequence: 0 }
      throw away(error)
    }
  }
  return {
    read: async () => (await last()).state,
    async change(edit) {
      for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
        const { state, sequence } = await last()
        const next = editedState(state, edit, now())
        try {
          await client.publish(CONTROL_STATE_SUBJECT, encodeControl(next), {
            expect: { streamName: CONTROL_STREAM_NAME, lastSubjectSequence: sequence },
          })
          return next
        } catch (error) {
          const isLate = error instanceof JetStreamApiError && error.code === WRONG_LAST_SEQUENCE
          if (!isLate) throw away(error)
        }
      }
      throw away(new Error('others change the orders at the same time'))
    },
  }
}

function away(error: unknown): PlimsollError {
  if (error instanceof PlimsollError) return error
  const reason = error instanceof Error ? error.message : String(error)
  return new PlimsollError('E_BUS_AWAY', `orders cannot be stored or read: ${reason}`, {
    cause: error,
  })
}
