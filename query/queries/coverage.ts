import { z } from 'zod'
import { int64, namedQuery } from '../named-query.ts'

const Page = { now_ms: z.int(), limit: z.int(), offset: z.int() }

/** By source or node, from what targets say of their last answers. */
export const coverageTargets = namedQuery({
  file: new URL('coverage-targets.sql', import.meta.url),
  params: z.strictObject({
    ...Page,
    key: z.enum(['source', 'node']),
    clusters: z.array(z.string()),
    sources: z.array(z.string()),
    nodes: z.array(z.string()),
  }),
  row: z.strictObject({
    key: z.string(),
    targets: int64,
    silent_targets: int64,
    devices: int64,
    field_devices: z.tuple([z.array(z.string()), z.array(int64)]),
    field_targets: z.tuple([z.array(z.string()), z.array(int64)]),
    field_missing: z.tuple([z.array(z.string()), z.array(int64)]),
    field_vanished: z.tuple([z.array(z.string()), z.array(int64)]),
    total: int64,
  }),
})

/** By model, from samples: no target knows the models of its devices. */
export const coverageModels = namedQuery({
  file: new URL('coverage-models.sql', import.meta.url),
  params: z.strictObject({ ...Page, clusters: z.array(z.string()) }),
  row: z.strictObject({
    key: z.string(),
    devices: int64,
    /** In the order of DEVICE_METRICS. */
    counts: z.array(int64),
    total: int64,
  }),
})
