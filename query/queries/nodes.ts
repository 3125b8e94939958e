import { z } from 'zod'
import { epochMsOrNull, int64, namedQuery } from '../named-query.ts'

const Place = { cluster: z.string(), node: z.string() }
const DeviceId = z.string().regex(/^\d{1,20}$/)

export const nodeClusters = namedQuery({
  file: new URL('node-clusters.sql', import.meta.url),
  params: z.strictObject({ node: z.string() }),
  row: z.strictObject({ cluster: z.string() }),
})

export const nodeFacts = namedQuery({
  file: new URL('node-facts.sql', import.meta.url),
  params: z.strictObject({
    ...Place,
    /** `0` = of the node itself; empty = node and devices. */
    ids: z.array(DeviceId),
    limit: z.int(),
  }),
  row: z.strictObject({
    id: z.string(),
    name: z.string(),
    value: z.string(),
    source: z.string(),
    from_ms: int64,
    until_ms: epochMsOrNull,
  }),
})
export type NodeFactRow = Awaited<ReturnType<typeof nodeFacts.run>>[number]

const Latest = {
  metric: z.string(),
  value: z.number(),
  at_ms: int64,
  step_ms: z.int(),
  /** Null = there is only one reading. */
  before_ms: epochMsOrNull,
  before_value: z.number(),
}
export interface LatestReading {
  readonly value: number
  readonly at_ms: number
  readonly before_ms: number | null
  readonly before_value: number
}

export const nodeLatest = namedQuery({
  file: new URL('node-latest.sql', import.meta.url),
  params: z.strictObject({ ...Place, now_ms: z.int() }),
  row: z.strictObject(Latest),
})

export const nodeLinks = namedQuery({
  file: new URL('node-links.sql', import.meta.url),
  params: z.strictObject({
    ...Place,
    now_ms: z.int(),
    /** Empty = every link of the node. */
    ids: z.array(DeviceId),
    limit: z.int(),
  }),
  row: z.strictObject({ ...Latest, id: z.string(), link: z.string(), increase: z.number() }),
})
export type NodeLinkRow = Awaited<ReturnType<typeof nodeLinks.run>>[number]

export const nodeSeries = namedQuery({
  file: new URL('node-series.sql', import.meta.url),
  params: z.strictObject({
    ...Place,
    /** Empty = the node itself. */
    link: z.string(),
    /** Device of the link; 0 = a port of the node. */
    device_id: DeviceId,
    metrics: z.array(z.string()),
    /** Those of them that are counters. */
    counters: z.array(z.string()),
    from_ms: z.int(),
    to_ms: z.int(),
    t0_ms: z.int(),
    step_ms: z.int(),
  }),
  row: z.strictObject({
    metric: z.string(),
    slot: z.int(),
    known_ms: int64,
    mean: z.number(),
    maximum: z.number(),
    minimum: z.number(),
    last: z.number(),
  }),
})
