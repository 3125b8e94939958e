import { z } from 'zod'

/** A settled minute that comes out otherwise from what is stored now: device milliseconds, ratio x ms x 1,000. */
export const MinuteDifference = z.object({
  minute_ms: z.coerce.number().int(),
  old_known_ms: z.coerce.number().int(),
  new_known_ms: z.coerce.number().int(),
  old_busy_ms_x1000: z.coerce.number().int(),
  new_busy_ms_x1000: z.coerce.number().int(),
})
export type MinuteDifference = z.infer<typeof MinuteDifference>

/** Differences that a repair lists; all of them are counted. */
export const DIFFERENCES_MAX = 1_000
export const REASON_CHARS_MAX = 200

/** A window to settle again, and how far it is. Times are epoch ms; versions only rise. */
export const Repair = z.object({
  id: z.string().regex(/^[0-9a-z-]{1,64}$/),
  version: z.number().int().min(1),
  from_ms: z.number().int(),
  to_ms: z.number().int(),
  reason: z.string().max(REASON_CHARS_MAX),
  /** True = say what would change and change nothing. */
  dry_run: z.boolean(),
  asked_at_ms: z.number().int(),
  state: z.enum(['asked', 'running', 'done', 'failed', 'withdrawn']),
  /** The part of the window that has raw samples and is settled; null until it is taken up. */
  begin_ms: z.number().int().nullable(),
  end_ms: z.number().int().nullable(),
  /** Everything before this has been compared. */
  checked_until_ms: z.number().int().nullable(),
  minutes_changed: z.number().int(),
  /** The first ones. */
  differences: z.array(MinuteDifference).max(DIFFERENCES_MAX),
  /** Why it failed. */
  detail: z.string(),
})
export type Repair = z.infer<typeof Repair>

/** Where requests wait for the one process that settles, and where it says how far it is. */
export interface RepairQueue {
  /** The oldest one that is neither done, failed nor withdrawn. */
  next(): Promise<Repair | null>
  read(id: string): Promise<Repair | null>
  /** Stores this version; of two versions the higher one counts. */
  write(repair: Repair): Promise<void>
}

/** A new request for [fromMs, toMs). */
export const askedRepair = (
  id: string,
  asked: Pick<Repair, 'from_ms' | 'to_ms' | 'reason' | 'dry_run' | 'asked_at_ms'>,
): Repair => ({
  ...asked,
  id,
  version: 1,
  state: 'asked',
  begin_ms: null,
  end_ms: null,
  checked_until_ms: null,
  minutes_changed: 0,
  differences: [],
  detail: '',
})

export const isOpen = ({ state }: Repair): boolean => state === 'asked' || state === 'running'
