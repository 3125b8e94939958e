import { z } from 'zod'
import type { AlertFacts, FleetEvent } from '#schemas/alerts/ports.ts'
import { PlimsollError } from '#schemas/errors.ts'
import type { FleetDeps } from '../fleet.ts'
import { alertEvents, EventPlace } from '../queries/alert-events.ts'
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../window.ts'

/** Events of one read. */
export const ALERT_EVENTS_MAX = 5_000
/** Without a cursor: what came in the last hour. */
const FIRST_MS = HOUR_MS
/** An insert is seen some time after its stamp, so what came last is read again; who reads knows an event by its identity. */
const OVERLAP_MS = MINUTE_MS
const OLDEST_MS = 31 * DAY_MS

const Cursor = z.strictObject({ place: EventPlace })

/**
 * Events that the store took after `cursor`, oldest first. Those of the last minute come again: they are the same by node,
 * device, source, type, code, edge and time. Throws E_CURSOR_INVALID and the reader's errors.
 */
export async function eventsAfter(
  { reader, clock }: Pick<FleetDeps, 'reader' | 'clock'>,
  cursor: string | null,
): ReturnType<AlertFacts['eventsAfter']> {
  const nowMs = clock()
  const from = cursor === null ? placeAt(nowMs - FIRST_MS) : readCursor(cursor)
  const oldest_ms = Math.max(0, nowMs - OLDEST_MS)
  const rows = await alertEvents.run(reader, { ...from, oldest_ms, limit: ALERT_EVENTS_MAX })
  const last = rows.at(-1)
  const next =
    last !== undefined && rows.length === ALERT_EVENTS_MAX
      ? EventPlace.parse(pick(last))
      : placeAt(Math.max(from.inserted_ms, (last?.inserted_ms ?? 0) - OVERLAP_MS))
  return {
    events: rows.map(eventOf),
    cursor: JSON.stringify({ place: next } satisfies z.infer<typeof Cursor>),
  }
}

type Row = Awaited<ReturnType<typeof alertEvents.run>>[number]

const pick = ({ inserted_ms, log_position, at_ms, device, type, code }: Row): EventPlace => ({
  inserted_ms,
  log_position,
  at_ms,
  device,
  type,
  code,
})

/** Before everything that was stored at a moment. */
const placeAt = (ms: number): EventPlace => ({
  inserted_ms: Math.max(0, ms),
  log_position: '0',
  at_ms: 0,
  device: '',
  type: '',
  code: '',
})

function readCursor(text: string): EventPlace {
  try {
    return Cursor.parse(JSON.parse(text)).place
  } catch (cause) {
    throw new PlimsollError('E_CURSOR_INVALID', 'this is not a cursor of events', { cause })
  }
}

function eventOf(row: Row): FleetEvent {
  const { inserted_ms: _stored, log_position: _place, message_zh, fault_class, ...event } = row
  const { action, action_zh, ...rest } = event
  return {
    ...rest,
    ...(message_zh === '' ? {} : { message_zh }),
    ...(fault_class === '' ? {} : { fault_class }),
    ...(action === '' ? {} : { action }),
    ...(action_zh === '' ? {} : { action_zh }),
  }
}
