import { z } from 'zod'
import { FAULT_CLASSES } from '#schemas/faults.ts'
import { int64, namedQuery } from '../named-query.ts'

/** A place in the order in which events were stored; those after it are read. */
export const EventPlace = z.strictObject({
  inserted_ms: z.int().min(0),
  log_position: z.string().regex(/^\d{1,20}$/),
  at_ms: z.int().min(0),
  device: z.string().max(32),
  type: z.string().max(256),
  code: z.string().max(256),
})
export type EventPlace = z.infer<typeof EventPlace>

const severity = z.enum(['info', 'warning', 'critical', 'fatal'])

export const alertEvents = namedQuery({
  file: new URL('alert-events.sql', import.meta.url),
  params: EventPlace.extend({ oldest_ms: z.int(), limit: z.int() }),
  row: z.strictObject({
    inserted_ms: int64,
    at_ms: int64,
    log_position: z.string(),
    device: z.string(),
    cluster: z.string(),
    collector: z.string(),
    node: z.string(),
    source: z.string(),
    type: z.string(),
    code: z.string(),
    severity,
    edge: z.enum(['open', 'closed', 'point']),
    message: z.string(),
    message_zh: z.string(),
    fault_class: z.enum(['', ...FAULT_CLASSES]),
    action: z.string(),
    action_zh: z.string(),
  }),
})
