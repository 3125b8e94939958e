/** When what is on screen is too old to be called live. */

/** Three intervals of the slowest collection there is (60 s): DESIGN calls a device silent after that. */
const SAMPLE_AGE_MS_MAX = 180_000
/** The stream speaks whenever a sample or a minute is new, so at least once a minute. */
const MESSAGE_AGE_MS_MAX = 90_000

export interface Ages {
  /** Since the last live message; null when none came yet. */
  readonly messageAgeMs: number | null
  /** Of the newest sample in the fleet; null when there is none. */
  readonly sampleAgeMs: number | null
}

/** False while nothing has come yet: that is "connecting", not "stale". */
export function isStaleAt({ messageAgeMs, sampleAgeMs }: Ages): boolean {
  if (messageAgeMs === null) return false
  return messageAgeMs > MESSAGE_AGE_MS_MAX || (sampleAgeMs ?? 0) > SAMPLE_AGE_MS_MAX
}
