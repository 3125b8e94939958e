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

/** A time limit as `[days-]hours:minutes:seconds`, ms; null for `UNLIMITED` and what is no limit. */
export function slurmDuration(text: string): number | null {
  const [, days = '0', hours, minutes, seconds] =
    /^(?:(\d{1,5})-)?(\d{1,6}):(\d{2}):(\d{2})$/.exec(text.trim()) ?? []
  if (hours === undefined || minutes === undefined || seconds === undefined) return null
  const total = ((Number(days) * 24 + Number(hours)) * 60 + Number(minutes)) * 60 + Number(seconds)
  return total === 0 ? null : total * 1000
}
