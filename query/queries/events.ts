import { z } from 'zod'
import { int64, namedQuery } from '../named-query.ts'

export const EventRow = z.strictObject({
  at_ms: int64,
  /** `0` = of the node or the collector. */
  id: z.string(),
  node: z.string(),
  source: z.string(),
  type: z.string(),
  code: z.string(),
  severity: z.string(),
  edge: z.string(),
  message: z.string(),
  message_zh: z.string(),
  fault_class: z.string(),
  action: z.string(),
  action_zh: z.string(),
})
export type EventRow = z.infer<typeof EventRow>

export const deviceEvents = namedQuery({
  file: new URL('device-events.sql', import.meta.url),
  params: z.strictObject({
    device_id: z.string().regex(/^\d{1,20}$/),
    from_ms: z.int(),
    to_ms: z.int(),
    limit: z.int(),
    offset: z.int(),
  }),
  row: EventRow,
})

/** Ranges of batches that no collector has any more. */
export const gapEvents = namedQuery({
  file: new URL('gap-events.sql', import.meta.url),
  params: z.strictObject({ now_ms: z.int(), limit: z.int() }),
  row: EventRow,
})

export const nodeEvents = namedQuery({
  file: new URL('node-events.sql', import.meta.url),
  params: z.strictObject({
    cluster: z.string(),
    node: z.string(),
    now_ms: z.int(),
    limit: z.int(),
  }),
  row: EventRow,
})
