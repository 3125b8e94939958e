import { PlimsollError } from '#schemas/errors.ts'

/** How a column of a file says when: a name of a format, or a pattern of YYYY MM DD hh mm ss SSS. */
export interface TimeFormat {
  readonly format: string
  /** IANA zone of stamps that do not carry one. */
  readonly zone: string
}

/** Epoch ms of a stamp, or null when it is none (also a wall time that a change of clocks left out). */
export type TimeReader = (text: string) => number | null

const EPOCHS: Readonly<Record<string, number>> = { epoch_s: 1000, epoch_ms: 1 }
const PARTS = { YYYY: 4, MM: 2, DD: 2, hh: 2, mm: 2, ss: 2, SSS: 3 } as const
type Part = keyof typeof PARTS
const ISO_PATTERNS = [
  'YYYY-MM-DD?hh:mm:ss.SSS',
  'YYYY-MM-DD?hh:mm:ss',
  'YYYY-MM-DD?hh:mm',
  'YYYY-MM-DD',
] as const
const WITH_ZONE = /(Z|[+-]\d\d:\d\d)$/
const NUMBER = /^\d{1,14}(\.\d{1,9})?$/
const MS_MAX = 8.64e15

/** Throws E_HISTORY_INVALID for a pattern without year, month and day, or with a part twice. */
export function createTimeReader({ format, zone }: TimeFormat): TimeReader {
  const perUnit = EPOCHS[format]
  if (perUnit !== undefined)
    return (text) => {
      const ms = NUMBER.test(text) ? Math.round(Number(text) * perUnit) : Number.NaN
      return ms <= MS_MAX ? ms : null
    }
  const toUtc = createWallClock(zone)
  if (format !== 'iso') return patternReader(format, toUtc)
  const readers = ISO_PATTERNS.map((pattern) => patternReader(pattern, toUtc))
  return (text) => {
    if (WITH_ZONE.test(text)) {
      const ms = Date.parse(text.replace(' ', 'T'))
      return Number.isNaN(ms) ? null : ms
    }
    for (const read of readers) {
      const ms = read(text)
      if (ms !== null) return ms
    }
    return null
  }
}

function patternReader(pattern: string, toUtc: (wallMs: number) => number | null): TimeReader {
  const parts: Part[] = []
  let source = ''
  for (const [piece] of pattern.matchAll(/YYYY|SSS|MM|DD|hh|mm|ss|[\s\S]/g)) {
    if (isPart(piece)) {
      parts.push(piece)
      source += `(\\d{${PARTS[piece]}})`
    } else source += piece === '?' ? '[T ]' : piece.replace(/[\\^$.*+?()[\]{}|/-]/, '\\$&')
  }
  const isWhole = (['YYYY', 'MM', 'DD'] as const).every((part) => parts.includes(part))
  if (!isWhole || new Set(parts).size < parts.length)
    throw new PlimsollError(
      'E_HISTORY_INVALID',
      `the time format ${JSON.stringify(pattern)} needs YYYY, MM and DD, each part once (YYYY MM DD hh mm ss SSS), or one of iso, epoch_s, epoch_ms`,
    )
  const expression = new RegExp(`^${source}$`)
  const place = (part: Part) => parts.indexOf(part) + 1
  const places = {
    year: place('YYYY'),
    month: place('MM'),
    day: place('DD'),
    hour: place('hh'),
    minute: place('mm'),
    second: place('ss'),
    ms: place('SSS'),
  }
  return (text) => {
    const found = expression.exec(text)
    if (found === null) return null
    const number = (at: number) => (at === 0 ? 0 : Number(found[at]))
    const [month, day] = [number(places.month), number(places.day)]
    const [hour, minute] = [number(places.hour), number(places.minute)]
    const second = number(places.second)
    if (hour > 23 || minute > 59 || second > 59) return null
    const wall = new Date(0)
    wall.setUTCFullYear(number(places.year), month - 1, day)
    wall.setUTCHours(hour, minute, second, number(places.ms))
    // The 31st of February rolls over into another day.
    if (wall.getUTCMonth() !== month - 1 || wall.getUTCDate() !== day) return null
    return toUtc(wall.getTime())
  }
}

const isPart = (text: string): text is Part => Object.hasOwn(PARTS, text)

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

/**
 * Wall time of a zone (as if it were UTC) -> epoch ms. Of an hour that clocks show twice it is the first one; an hour
 * that they leave out is null.
 */
function createWallClock(zone: string): (wallMs: number) => number | null {
  const offsetAt = createOffsets(zone)
  /** Days whose clocks do not change: one offset. */
  let day = Number.NaN
  let steadyMs: number | null = null
  return (wallMs) => {
    const wallDay = Math.floor(wallMs / DAY_MS)
    if (wallDay !== day) {
      day = wallDay
      const [before, after] = [offsetAt((day - 1) * DAY_MS), offsetAt((day + 2) * DAY_MS)]
      steadyMs = before === after ? before : null
    }
    if (steadyMs !== null) return wallMs - steadyMs
    const offsets = [offsetAt(wallMs - DAY_MS), offsetAt(wallMs + DAY_MS)]
    const moments = offsets
      .map((offset) => ({ ms: wallMs - offset, offset }))
      .filter(({ ms, offset }) => offsetAt(ms) === offset)
    return moments.length === 0 ? null : Math.min(...moments.map(({ ms }) => ms))
  }
}

/** How far a zone's clocks are ahead of UTC at a moment, ms. Throws a RangeError for an unknown zone. */
function createOffsets(zone: string): (ms: number) => number {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  })
  return (ms) => {
    const whole = Math.floor(ms / 1000) * 1000
    const parts: Partial<Record<Intl.DateTimeFormatPartTypes, number>> = {}
    for (const { type, value } of format.formatToParts(whole)) parts[type] = Number(value)
    const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts
    return Date.UTC(year, month - 1, day, hour, minute, second) - whole
  }
}
