/** Past the next midnight and before the one after it, whatever the clocks do. */
const INTO_NEXT_DAY_MS = 30 * 3_600_000

/** First instant of the local day that holds `ms`, in the IANA zone `timeZone`. */
export function localDayStart(ms: number, timeZone: string): number {
  const local = new Date(ms + zoneOffsetMs(ms, timeZone))
  const midnight = Date.UTC(local.getUTCFullYear(), local.getUTCMonth(), local.getUTCDate())
  // The offset at midnight can differ from the one now (a change of the clocks on this day).
  const guess = midnight - zoneOffsetMs(midnight, timeZone)
  return midnight - zoneOffsetMs(guess, timeZone)
}

/** First instant of the local day after the one that holds `ms`: 23 to 25 hours on a change of clocks. */
export function nextLocalDayStart(ms: number, timeZone: string): number {
  return localDayStart(localDayStart(ms, timeZone) + INTO_NEXT_DAY_MS, timeZone)
}

/** First local midnight at or after `ms`. */
export function localDayCeil(ms: number, timeZone: string): number {
  const start = localDayStart(ms, timeZone)
  return start === ms ? ms : nextLocalDayStart(ms, timeZone)
}

/** What the zone's wall clock is ahead of UTC at `ms`. */
function zoneOffsetMs(ms: number, timeZone: string): number {
  const parts = formatter(timeZone).formatToParts(ms)
  const part = (type: Intl.DateTimeFormatPartTypes) =>
    Number(parts.find((candidate) => candidate.type === type)?.value)
  const wall = Date.UTC(
    part('year'),
    part('month') - 1,
    part('day'),
    part('hour'),
    part('minute'),
    part('second'),
  )
  return wall - Math.floor(ms / 1000) * 1000
}

/** Making one costs more than a thousand uses. Zones come from the configuration, so they are few. */
const formatters = new Map<string, Intl.DateTimeFormat>()

function formatter(timeZone: string): Intl.DateTimeFormat {
  const known = formatters.get(timeZone)
  if (known !== undefined) return known
  const made = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
  })
  formatters.set(timeZone, made)
  return made
}
