import {
  type AllocationSource,
  IDLE_WINDOW_MINUTES,
  IDLE_WINDOW_MINUTES_DEFAULT,
  QUIET_BELOW_RATIO,
  UNATTRIBUTED,
  VERIFICATION_CLASS,
} from '#schemas/ledger.ts'
import type { Fleet } from './states-fleet.testing.ts'
import {
  type Holder,
  minuteOf,
  moments,
  type Situation,
  situations,
} from './states-situation.testing.ts'
import { type Speech, spokenIn } from './states-speech.testing.ts'

/**
 * The nine states, judged from DEFINITIONS sections 1, 2 and 4 alone: every minute of every device is cut wherever what
 * is known of the device changes (its pieces), each piece goes to its holders, and quiet minutes are judged at the end.
 *
 * Where the page leaves it open: states 7 and 8 are judged by piece; a holder's minute is quiet when all pieces of it in
 * which the device is free to work are; a minute in which a holder has any quiet piece counts as one minute.
 * Splitting a share may round by less than `rounding`, everything else is exact.
 */
export interface JudgedRow {
  capacity: number
  verification: number
  known: number
  busy: number
  failed: number
  drained: number
  unknown: number
  unallocated: number
  idle: number
  throttled: number
  throttledHeat: number
  throttledPower: number
  inefficient: number
  productive: number
  busyUnallocated: number
  busyIdle: number
  busyThrottled: number
  busyInefficient: number
  /** How far a figure may be off because its device was split, in its own unit. */
  rounding: number
}

const MINUTE = 60_000
/** Parts end at millionths of the device and sums at whole units: two ends of less than a unit and a millionth each. */
const ROUNDING_OF_A_PIECE = 1_000

const emptyRow = (): JudgedRow => ({
  capacity: 0,
  verification: 0,
  known: 0,
  busy: 0,
  failed: 0,
  drained: 0,
  unknown: 0,
  unallocated: 0,
  idle: 0,
  throttled: 0,
  throttledHeat: 0,
  throttledPower: 0,
  inefficient: 0,
  productive: 0,
  busyUnallocated: 0,
  busyIdle: 0,
  busyThrottled: 0,
  busyInefficient: 0,
  rounding: 0,
})

interface Quiet {
  readonly minuteMs: number
  readonly row: JudgedRow
  readonly known: number
  readonly busy: number
}
/** Minutes of one holder on one device. */
interface Stay {
  readonly class: string
  readonly source: AllocationSource
  readonly quiet: Quiet[]
  readonly working: Set<number>
}

/** Rows of the ledger by `minute|device|tenant|job|class|source`, minutes counted from `fromMs`. */
export function judge(fleet: Fleet, fromMs: number, toMs: number): Map<string, JudgedRow> {
  const rows = new Map<string, JudgedRow>()
  const cuts = moments(fleet, fromMs, toMs)
  for (const device of new Set(fleet.intervals.map((one) => one.device))) {
    const speech = spokenIn(fleet.readings.filter((one) => one.device === device))
    const stays = new Map<string, Stay>()
    for (const { from, to, situation } of piecesOf(cuts, situations(fleet, device))) {
      const told = speech(from, to)
      const minute = (minuteOf(from) - fromMs) / MINUTE
      situation.holders.forEach((holder, at) => {
        const reference = situation.references[at] ?? 0
        const share = { from, to, told, situation, holder, reference }
        const tenant = isUnattributed(share) ? UNATTRIBUTED : holder.tenant
        const key = `${minute}|${device}|${tenant}|${holder.job}|${holder.class}|${situation.source}`
        const row = rows.get(key) ?? emptyRow()
        rows.set(key, row)
        judgeShare(share, row, stays)
      })
    }
    for (const stay of stays.values()) moveIdle(stay)
  }
  return rows
}

interface Piece {
  readonly from: number
  to: number
  readonly situation: Situation
}
/** The longest spans within minutes in which the same is said of a device. */
function piecesOf(cuts: readonly number[], situationAt: (ms: number) => Situation | null): Piece[] {
  const pieces: Piece[] = []
  let last = ''
  cuts.slice(0, -1).forEach((from, index) => {
    const to = cuts[index + 1] ?? from
    const situation = situationAt(from)
    const text = JSON.stringify(situation)
    const piece = pieces.at(-1)
    if (situation !== null && piece !== undefined && text === last && minuteOf(from) !== from)
      piece.to = to
    else if (situation !== null) pieces.push({ from, to, situation })
    last = text
  })
  return pieces
}

interface Share extends Readonly<Piece> {
  readonly told: Readonly<Speech>
  readonly holder: Holder
  readonly reference: number
}
const isQuiet = ({ told }: Share) => told.known > 0 && told.busyMax < QUIET_BELOW_RATIO
const isAsked = ({ situation, holder }: Share) =>
  situation.state === 'open' && holder.class !== VERIFICATION_CLASS
/** A busy device that nobody names is held by somebody; what holders of parts leave is not. */
const isUnattributed = (share: Share) =>
  !share.holder.isNamed &&
  share.situation.holders.length === 1 &&
  share.told.known > 0 &&
  !isQuiet(share) &&
  isAsked(share)

/** What one holder's part of a piece is in; quiet time of holders is noted down in `stays`. */
function judgeShare(share: Share, row: JudgedRow, stays: Map<string, Stay>): void {
  const { from, to, told, holder, situation } = share
  const { state, source } = situation
  const length = (to - from) * holder.part
  const known = told.known * holder.part
  const busy = told.busy * holder.part
  if (situation.holders.length > 1) row.rounding += ROUNDING_OF_A_PIECE
  row.capacity += length
  if (state === 'failed' || state === 'drained') {
    row[state] += length
    row.known += length
    return
  }
  if (!isAsked(share)) {
    row.verification += length
    return
  }
  row.known += known
  row.unknown += length - known
  row.busy += busy
  if (!holder.isNamed && !isUnattributed(share) && source !== 'none') {
    row.unallocated += known
    row.busyUnallocated += busy
    return
  }
  const stay = stayOf(stays, { ...holder, source })
  if (isQuiet(share)) {
    row.productive += known * 1000
    stay.quiet.push({ minuteMs: minuteOf(from), row, known, busy })
    return
  }
  if (told.known > 0) stay.working.add(minuteOf(from))
  judgeWork(share, row)
}

/** States 7 to 9 of a part that works. */
function judgeWork({ told, holder: { part }, reference }: Share, row: JudgedRow): void {
  row.throttled += told.lost * part
  row.throttledHeat += told.lostHeat * part
  row.throttledPower += told.lostPower * part
  row.busyThrottled += told.lostBusy * part
  const rest = (told.known * 1000 - told.lost) * part
  const isLow = told.effectiveKnown > 0 && told.effective * 2000 < reference * told.effectiveKnown
  if (isLow) {
    row.inefficient += rest
    row.busyInefficient += (told.busy - told.lostBusy) * part
  } else row.productive += rest
}

function stayOf(stays: Map<string, Stay>, holder: Holder & { source: AllocationSource }): Stay {
  const key = `${holder.tenant}|${holder.job}|${holder.class}|${holder.source}`
  const stay = stays.get(key) ?? {
    class: holder.class,
    source: holder.source,
    quiet: [],
    working: new Set(),
  }
  stays.set(key, stay)
  return stay
}

/** Stretches of quiet minutes that reach the window of their class are idle from the first on. */
function moveIdle({ class: ofClass, source, quiet, working }: Stay): void {
  const windows = new Map<string, number>(Object.entries(IDLE_WINDOW_MINUTES))
  const windowMinutes = windows.get(ofClass) ?? IDLE_WINDOW_MINUTES_DEFAULT
  const pieces = quiet.filter(({ minuteMs }) => !working.has(minuteMs))
  const minutes = new Set(pieces.map(({ minuteMs }) => minuteMs))
  for (const { minuteMs, row, known, busy } of pieces) {
    let first = minuteMs
    let end = minuteMs
    while (minutes.has(first - MINUTE)) first -= MINUTE
    while (minutes.has(end)) end += MINUTE
    if ((end - first) / MINUTE < windowMinutes) continue
    row.productive -= known * 1000
    row[source === 'none' ? 'unallocated' : 'idle'] += known
    row[source === 'none' ? 'busyUnallocated' : 'busyIdle'] += busy
  }
}
