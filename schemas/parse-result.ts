import { z } from 'zod'

/** The answer of `plimsoll parse`, of POST /api/v1/parse and of the paste box: what we read in an output. */
export const ParseResult = z.object({
  source: z.string(),
  outcome: z.enum(['ok', 'absent', 'failed']),
  reason: z.string().optional(),
  detail: z.string().optional(),
  devices: z.array(
    z.object({
      /** GPU UUID where the device has one… */
      uuid: z.string().optional(),
      /** …else its strongest key. */
      key: z.string().optional(),
      vendor: z.string(),
      model: z.string(),
      node: z.string().optional(),
      index: z.int().nullable(),
      partition: z
        .object({ id: z.string(), profile: z.string().nullable(), share: z.number().nullable() })
        .optional(),
      failed: z.string().optional(),
      metrics: z.record(z.string(), z.number().nullable()),
      labels: z.record(z.string(), z.string()),
      holder: z.record(z.string(), z.string()).optional(),
      /** Versions of this device, by the names of FACT_NAMES; absent when the output states none. */
      facts: z.record(z.string(), z.string()).optional(),
    }),
  ),
  /** What the output says about nodes and links; absent when it says nothing. */
  nodes: z
    .array(
      z.object({
        node: z.string().optional(),
        metrics: z.record(z.string(), z.number().nullable()),
      }),
    )
    .optional(),
  links: z
    .array(
      z.object({
        link: z.string(),
        node: z.string().optional(),
        /** Key of the device it belongs to; absent for a port of the node. */
        device: z.string().optional(),
        metrics: z.record(z.string(), z.number().nullable()),
      }),
    )
    .optional(),
  /** Measuring points of the site in the output; absent when there are none. */
  meters: z
    .array(
      z.object({
        /** Name of the thing where the output says it; else the target's name is used. */
        meter: z.string().optional(),
        /** Part of the thing (`outlet/7`); empty = the thing as a whole. */
        point: z.string(),
        metrics: z.record(z.string(), z.number().nullable()),
      }),
    )
    .optional(),
  /** Versions and format as the tool itself states them; absent when it states none. */
  tool: z.record(z.string(), z.string()).optional(),
  rejected: z.array(z.object({ line: z.string(), reason: z.string() })),
  rejected_total: z.int(),
  ignored: z.array(z.string()),
})
export type ParseResult = z.infer<typeof ParseResult>
