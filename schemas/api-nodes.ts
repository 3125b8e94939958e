import { z } from 'zod'
import {
  AnswerFrame,
  DatedFact,
  Device,
  DeviceEvent,
  GroupKey,
  LinkState,
  Series,
  TargetHealth,
} from '#schemas/api.ts'

/** What /api/v1/nodes and /api/v1/collection/coverage answer; conventions as in api.ts. */

const time = z.iso.datetime()

/** How widely one metric is given in a group of the coverage matrix. */
export const CoverageCell = z.object({
  /** Devices (for metrics of nodes and links: nodes, links) with a value in the last good answer. */
  devices: z.int(),
  /** Answering targets with at least one of them; null where the matrix is by model. */
  targets: z.int().nullable(),
  /** Answering targets that should give it and do not, and that gave it before. */
  missing: z.int(),
  vanished: z.int(),
})
export type CoverageCell = z.infer<typeof CoverageCell>

export const CoverageGroup = z.object({
  key: GroupKey,
  /** Targets that answer now, and those that do not; null where the matrix is by model. */
  targets: z.int().nullable(),
  silent_targets: z.int().nullable(),
  devices: z.int(),
  /** Metrics that anybody gives, should give, or gave; the others are absent. */
  metrics: z.record(z.string(), CoverageCell),
})
export type CoverageGroup = z.infer<typeof CoverageGroup>

export const CoverageMetric = z.object({
  name: z.string(),
  unit: z.string(),
  scope: z.enum(['device', 'node', 'link', 'meter']),
  label: z.object({ en: z.string(), zh: z.string() }),
})
export type CoverageMetric = z.infer<typeof CoverageMetric>

/** Which source gives which metric: metrics in catalogue order, those of no group left out. */
export const CoverageAnswer = z.object({
  simulated: z.boolean(),
  group_by: z.enum(['source', 'model', 'node']),
  metrics: z.array(CoverageMetric),
  groups: z.array(CoverageGroup),
  total: z.int(),
  next_cursor: z.string().nullable(),
})
export type CoverageAnswer = z.infer<typeof CoverageAnswer>

/** One metric of a node now; `per_second` for counters, between the last two readings. */
export const NodeMetricState = z.object({
  value: z.number(),
  per_second: z.number().nullable(),
  at: time,
})
export type NodeMetricState = z.infer<typeof NodeMetricState>

export const NodeDetail = z.object({
  node: z.string(),
  cluster: z.string(),
  /** Every cluster that has a node of this name; `cluster=` picks one. */
  clusters: z.array(z.string()),
  simulated: z.boolean(),
  /** Newest first, at most 500. */
  facts: z.array(DatedFact),
  targets: z.array(TargetHealth),
  /** By the names of NODE_METRICS, as far as they are at most three intervals old. */
  latest: z.record(z.string(), NodeMetricState),
  links: z.array(LinkState),
  /** Of the node itself in the last seven days, newest first, at most 100. */
  events: z.array(DeviceEvent),
  /** At most 200, in the order of their index. */
  devices: z.array(Device),
  devices_total: z.int(),
})
export type NodeDetail = z.infer<typeof NodeDetail>

export const NodeSeriesAnswer = AnswerFrame.omit({ definition: true }).extend({
  groups: z.array(Series),
})
export type NodeSeriesAnswer = z.infer<typeof NodeSeriesAnswer>
