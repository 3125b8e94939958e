/** Times as people type them, `2026-11-24T18:00`, by the clock of the site and not of the browser. */

const TYPED = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d)$/

/** Epoch ms of a typed time; null for what is none. A time that clocks skip is an hour earlier. */
export function wallTimeMs(text: string, zone: string): number | null {
  const parts = TYPED.exec(text)
  if (parts === null) return null
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0] = parts.slice(1).map(Number)
  const wallMs = Date.UTC(year, month - 1, day, hour, minute)
  const guess = wallMs - aheadMs(wallMs, zone)
  return wallMs - aheadMs(guess, zone)
}

/** A moment as it would be typed. */
export function wallTime(ms: number, zone: string): string {
  return new Date(ms + aheadMs(ms, zone)).toISOString().slice(0, 16)
}

/** How far the zone's clock is ahead of UTC at a moment, ms. */
function aheadMs(ms: number, zone: string): number {
  const whole = Math.floor(ms / 60_000) * 60_000
  const parts = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
  }).formatToParts(whole)
  const of = (type: Intl.DateTimeFormatPartTypes) =>
    Number(parts.find((part) => part.type === type)?.value ?? 0)
  const wall = Date.UTC(of('year'), of('month') - 1, of('day'), of('hour'), of('minute'))
  return wall - whole
}
