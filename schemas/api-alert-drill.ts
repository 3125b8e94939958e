import { z } from 'zod'
import { Notification } from './alerts/alert.ts'

/** POST /api/v1/alerts/drill: the messages of a drill, which the evaluator sends within seconds. */
export const DrillAnswer = z.strictObject({
  /** Their entry: results and acknowledgements are in the journal after it. */
  sequence: z.int().min(1),
  notifications: z.array(Notification).min(1).max(64),
})
export type DrillAnswer = z.infer<typeof DrillAnswer>
