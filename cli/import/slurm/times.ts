import { readTime, type TimeRead } from '../local-time.ts'

/**
 * A time of scontrol or sacct: local wall clock of the controller without a zone, or epoch seconds where
 * `SLURM_TIME_FORMAT=%s` was set. Null for `Unknown`, `None` and nothing.
 */
export function slurmTime(text: string, timeZone: string | null): TimeRead | null {
  const value = text.trim()
  if (/^(|Unknown|None|N\/A|\(null\))$/i.test(value)) return null
  if (/^\d{9,11}$/.test(value)) return { ms: Number(value) * 1000 }
  if (timeZone !== null) return readTime(value, timeZone)
  return {
    wrong: `the time ${value} has no zone: give --timezone, the zone of the controller's clock`,
  }
}
