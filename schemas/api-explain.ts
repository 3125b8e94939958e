import { z } from 'zod'
import { DEFAULT_ZONE_LEVELS } from '#schemas/zones.ts'

/** What GET /api/v1/explain and /api/v1/contingency answer. Rules as in api.ts; method in docs/explain.md. */

const time = z.iso.datetime()
const ratio = z.number().min(0).max(1)
/** Signed millionths of utilization: 10,000 are one point. Whole numbers, so that parts sum to the whole exactly. */
const ppm = z.int()

/** Why utilization moves, in the order in which equal parts are listed. Signs tell loss from recovery. */
export const EXPLAIN_CAUSES = [
  'jobs_failed',
  'jobs_ended',
  'jobs_stalled',
  'jobs_started',
  'failed',
  'drained',
  'verification',
  'throttled',
  'telemetry_lost',
  'measurement_changed',
  'capacity_changed',
  'same_jobs_less_efficient',
  'same_jobs_more_efficient',
] as const
export const ExplainCause = z.enum(EXPLAIN_CAUSES)
export type ExplainCause = z.infer<typeof ExplainCause>

/** One job, place or pair of counters behind a cause. */
export const ExplainContributor = z.object({
  kind: z.enum(['job', 'place', 'counter']),
  /** Job; rack, or node where its rack is not known; `from -> to` of counters. */
  name: z.string(),
  cluster: z.string(),
  tenant: z.string().nullable(),
  change_ppm: ppm,
  /** Mean devices that moved; of a job whose rate changed, those it kept. */
  devices: z.number().min(0),
  /** Device-time concerned, as long as window B, hours. */
  device_hours: z.number().min(0),
  /** Nodes as a hostlist, cut after some; `node_count` counts all. */
  nodes: z.string(),
  node_count: z.int(),
  /** Busy share of a job's known time in each window; null where it had none, and for places. */
  busy_from: ratio.nullable(),
  busy_to: ratio.nullable(),
  /** Mean devices the job still held in window B; null for places. */
  devices_still_held: z.number().min(0).nullable(),
  /** When the job's busy devices changed most, to the minute; null where minutes were not looked at. */
  at: time.nullable(),
})
export type ExplainContributor = z.infer<typeof ExplainContributor>

export const ExplainPart = z.object({
  cause: ExplainCause,
  change_ppm: ppm,
  /** Device-time concerned, as long as window B, hours; of `throttled` the change of the hours that throttling took. */
  device_hours: z.number().min(0),
  /** Busy device-hours gained or lost, as long as window B. */
  busy_device_hours: z.number(),
  /** The largest, at most 10. */
  contributors: z.array(ExplainContributor).max(10),
  /** What is not listed: with the contributors it sums to the part. */
  others: z.object({ count: z.int(), change_ppm: ppm }),
})
export type ExplainPart = z.infer<typeof ExplainPart>

export const ExplainWindow = z.object({
  from: time,
  to: time,
  resolution: z.enum(['raw', '1m_group', '1m', '1h', '1d']),
  utilization: ratio.nullable(),
  coverage: ratio.nullable(),
  /** Mean devices over the window. */
  capacity_devices: z.number().min(0),
  known_devices: z.number().min(0),
  busy_devices: z.number().min(0),
})
export type ExplainWindow = z.infer<typeof ExplainWindow>

const Bilingual = z.object({ en: z.string(), zh: z.string() })

export const ExplainAnswer = z.object({
  definition: z.string(),
  simulated: z.boolean(),
  settled_until: time.nullable(),
  /** Effective windows: of what was asked, the settled part. */
  a: ExplainWindow,
  b: ExplainWindow,
  /** utilization of B minus that of A; null when one of them is. */
  change_ppm: ppm.nullable(),
  /** Largest first; they and the residual sum to the change. */
  causes: z.array(ExplainPart),
  /** What rounding and time without a job leave. */
  residual_ppm: ppm,
  /** Nodes on which what took which devices is a guess by size: so many that not all were read by device. Absent = none. */
  guessed_nodes: z.int().min(1).optional(),
  sentence: Bilingual,
})
export type ExplainAnswer = z.infer<typeof ExplainAnswer>

/** One job of a contingency, in the order in which they are taken away. */
export const ContingencyStep = z.object({
  job: z.string(),
  tenant: z.string(),
  cluster: z.string(),
  devices: z.int(),
  /** Mean of its devices at work over the slice. */
  busy_devices: z.number().min(0),
  utilization_after: ratio,
})
export type ContingencyStep = z.infer<typeof ContingencyStep>

export const ZoneName = z.enum([
  'ticket',
  'watch',
  'warn',
  'danger',
] as const satisfies readonly (keyof typeof DEFAULT_ZONE_LEVELS)[])

export const ContingencyAnswer = z.object({
  definition: z.string(),
  simulated: z.boolean(),
  settled_until: time.nullable(),
  /** The slice that was looked at: the last settled five minutes, aligned to the hour. */
  from: time,
  to: time,
  /** Null when a level was given instead of a zone. */
  zone: ZoneName.nullable(),
  level: ratio,
  utilization: ratio.nullable(),
  coverage: ratio.nullable(),
  /**
   * already_below: no job has to end; reachable: the end of `steps` takes the scope below the level, and no fewer do;
   * unreachable: the end of every job leaves it at or above; unknown: nothing is known of the slice.
   */
  outcome: z.enum(['already_below', 'reachable', 'unreachable', 'unknown']),
  /** How many jobs; null unless reachable. */
  jobs: z.int().nullable(),
  /** Running jobs in the scope. */
  running_jobs: z.int(),
  /** The jobs, at most 100. */
  steps: z.array(ContingencyStep).max(100),
  sentence: Bilingual,
})
export type ContingencyAnswer = z.infer<typeof ContingencyAnswer>
