import { z } from 'zod'
import { CHANNEL_KINDS } from './channel-config.ts'

/** One message that the demo's built-in receiver got instead of a vendor: GET /api/v1/demo/messages. */
export const DemoMessage = z.strictObject({
  /** 1, 2, 3… in the order they came. */
  sequence: z.int().min(1),
  at_ms: z.int().min(0),
  kind: z.enum(CHANNEL_KINDS),
  /** The exact request; of a mail the fields that were handed over. */
  request: z.strictObject({
    url: z.string(),
    headers: z.record(z.string(), z.string()),
    body: z.string(),
  }),
  /** What the receiver's program would show, top to bottom. */
  blocks: z.array(
    z.strictObject({
      kind: z.enum(['title', 'text', 'fields', 'links']),
      text: z.string(),
      colour: z.enum(['red', 'orange', 'green', 'grey', 'blue']).optional(),
    }),
  ),
})
export type DemoMessage = z.infer<typeof DemoMessage>

/** GET /api/v1/demo/messages: newest first. */
export const DemoMessages = z.strictObject({ messages: z.array(DemoMessage) })
export type DemoMessages = z.infer<typeof DemoMessages>
