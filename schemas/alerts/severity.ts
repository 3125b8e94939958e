import { z } from 'zod'

/**
 * How much an alert wants of people. `page` wakes on-call and must have something to do within minutes; `warn` is seen
 * within the shift; `ticket` is work of the next day; `data` says what cannot be known.
 */
export const ALERT_SEVERITIES = ['page', 'warn', 'ticket', 'data'] as const
export const AlertSeverity = z.enum(ALERT_SEVERITIES)
export type AlertSeverity = z.infer<typeof AlertSeverity>

/** From the widest to the narrowest: what happens to one of these explains the ones after it, inside it. */
export const TOPOLOGY_LEVELS = [
  'pipeline',
  'site',
  'hall',
  'loop',
  'rack',
  'node',
  'device',
] as const
export type TopologyLevel = (typeof TOPOLOGY_LEVELS)[number]

/** What an alert is about, as label names; of each at most one value. `device` is a device_id. */
export const ALERT_LABELS = [
  'site',
  'cluster',
  'hall',
  'loop',
  'rack',
  'node',
  'device',
  'pool',
  'model',
  'vendor',
  'tenant',
  'job',
  'class',
  'collector',
  'source',
  'code',
  'meter',
  'zone',
  'zone_set',
  'channel',
  'rule',
  'shard',
] as const
export const AlertLabels = z.partialRecord(z.enum(ALERT_LABELS), z.string().min(1).max(256))
export type AlertLabels = z.infer<typeof AlertLabels>

/** Text for people, at most a short paragraph. */
export const Words = z.strictObject({ en: z.string().max(1024), zh: z.string().max(1024) })
export type Words = z.infer<typeof Words>
