import type { RosterOverride } from '#schemas/alerts/alert.ts'
import { type Roster, type Rotation, WEEKDAYS } from '#schemas/alerts/roster-config.ts'

const DAY_MS = 86_400_000

/** One person's time on call, half-open. */
export interface Shift {
  readonly person: string
  readonly fromMs: number
  readonly toMs: number
}

/** Who is on call and why. */
export interface OnCall {
  readonly person: string
  readonly by: 'rotation' | 'override'
  /** When somebody else takes over, epoch ms; null = never. */
  readonly untilMs: number | null
}

/**
 * Who is on call at a moment: the override that began last, else the rotation. Null without either. Handovers are by the
 * clock of `timeZone`, so that 09:00 stays 09:00 when clocks change.
 */
export function onCallAt(
  roster: Roster,
  overrides: Iterable<RosterOverride>,
  { atMs, timeZone }: { readonly atMs: number; readonly timeZone: string },
): OnCall | null {
  let best: RosterOverride | null = null
  for (const override of overrides) {
    if (atMs < override.from_ms || atMs >= override.to_ms) continue
    if (best === null || override.from_ms >= best.from_ms) best = override
  }
  if (best !== null) return { person: best.person, by: 'override', untilMs: best.to_ms }
  if (roster.rotation === undefined) return null
  const { person, toMs } = shiftAt(roster.rotation, atMs, timeZone)
  return { person, by: 'rotation', untilMs: toMs }
}

/** Who follows in the rotation after the one on call; null where there is nobody else. */
export function nextOnCall(
  roster: Roster,
  onCall: OnCall | null,
  { atMs, timeZone }: { readonly atMs: number; readonly timeZone: string },
): string | null {
  const { rotation } = roster
  if (rotation === undefined) return null
  const now = shiftAt(rotation, atMs, timeZone)
  // With an override the rotation's own person is the first to ask.
  if (onCall !== null && now.person !== onCall.person) return now.person
  const at = rotation.people.indexOf(now.person)
  const next = rotation.people[(at + 1) % rotation.people.length]
  return next === undefined || next === now.person ? null : next
}

/** The shift of the rotation that holds a moment. Before the start it is counted backwards. */
export function shiftAt(rotation: Rotation, atMs: number, timeZone: string): Shift {
  const weeks = rotation.weeks * 7
  const start = firstHandoverDay(rotation)
  const [hours = 0, minutes = 0] = rotation.handover_time.split(':').map(Number)
  const handoverMs = (index: number) =>
    localToMs(start + index * weeks * DAY_MS + (hours * 60 + minutes) * 60_000, timeZone)
  // A guess that clock changes move by an hour at most, then the exact one.
  let index = Math.floor((atMs - handoverMs(0)) / (weeks * DAY_MS))
  while (handoverMs(index) > atMs) index -= 1
  while (handoverMs(index + 1) <= atMs) index += 1
  const count = rotation.people.length
  const person = rotation.people[((index % count) + count) % count] ?? ''
  return { person, fromMs: handoverMs(index), toMs: handoverMs(index + 1) }
}

/** The handover day at or before `starts`, as midnight of that date in UTC. */
function firstHandoverDay({ starts, handover_day }: Rotation): number {
  const day = Date.parse(`${starts}T00:00:00Z`)
  const weekday = (new Date(day).getUTCDay() + 6) % 7
  const back = (weekday - WEEKDAYS.indexOf(handover_day) + 7) % 7
  return day - back * DAY_MS
}

/** The moment of a wall-clock time, given as if it were UTC. A time that clocks skip is the one after the jump. */
function localToMs(wallMs: number, timeZone: string): number {
  const guess = wallMs - offsetMs(wallMs, timeZone)
  return wallMs - offsetMs(guess, timeZone)
}

const formats = new Map<string, Intl.DateTimeFormat>()

/** How far the zone's clock is ahead of UTC at a moment, ms. */
function offsetMs(atMs: number, timeZone: string): number {
  let format = formats.get(timeZone)
  if (format === undefined) {
    const number = 'numeric'
    const parts = {
      year: number,
      month: number,
      day: number,
      hour: number,
      minute: number,
    } as const
    format = new Intl.DateTimeFormat('en-US', {
      timeZone,
      hourCycle: 'h23',
      second: number,
      ...parts,
    })
    formats.set(timeZone, format)
  }
  const parts = new Map(format.formatToParts(atMs).map(({ type, value }) => [type, Number(value)]))
  const of = (type: Intl.DateTimeFormatPartTypes) => parts.get(type) ?? 0
  const wall = Date.UTC(
    of('year'),
    of('month') - 1,
    of('day'),
    of('hour'),
    of('minute'),
    of('second'),
  )
  return wall - Math.floor(atMs / 1000) * 1000
}
