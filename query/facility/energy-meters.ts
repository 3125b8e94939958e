import { type FacilityBook, facilityAt, type MeterRow } from '#schemas/facility.ts'
import { PlimsollError } from '#schemas/errors.ts'
import { facilityMeters } from '../queries/facility-energy.ts'
import { DAY_MS, type TimeWindow } from '../window.ts'
import type { FacilityDeps } from './deps.ts'
import type { EnergyPart, EnergyParts, EnergyScope } from './energy.ts'
import { rangeOf, secondsOf } from './periods.ts'
import { ancestorsOf, byMeter } from './tree-book.ts'

/** Beyond this the buckets of every meter are too many; scopes answer for longer windows. */
const WINDOW_MS_MAX = 35 * DAY_MS

/** A group that a meter counts in while it is wired as it is. */
interface Membership {
  readonly id: string
  readonly key: Record<string, string>
}

/**
 * Energy by meter, or by level of the tree as it stood in each bucket: the same watts pass several levels, so levels do
 * not sum. Throws E_QUERY_TOO_LARGE for more than 35 days.
 */
export async function byMeters(
  { reader, timeZone }: FacilityDeps,
  { window, periods, tariff, book }: EnergyScope,
  groupBy: 'level' | 'meter',
): Promise<EnergyParts> {
  if (window.toMs - window.fromMs > WINDOW_MS_MAX)
    throw new PlimsollError(
      'E_QUERY_TOO_LARGE',
      `energy by ${groupBy} goes back 35 days at most; ask for group_by=role or hall, or a shorter window`,
    )
  const memberships = new Map(
    tariff.pieces.map((pieceMs) => [pieceMs, membersAt(book, pieceMs, groupBy)]),
  )
  const names = new Set([...memberships.values()].flatMap((members) => [...members.keys()]))
  const rows = await facilityMeters.run(reader, {
    ...rangeOf(window),
    meters: [...names],
    starts: secondsOf(periods),
    pieces: tariff.pieces.map((ms) => ms / 1000),
    zone: timeZone,
    slot_minutes: tariff.slotMinutes,
  })
  const parts = rows.flatMap((row): EnergyPart[] => {
    const pieceMs = row.piece_s * 1000
    const member = memberships.get(pieceMs)?.get(row.meter_name)
    if (member === undefined) return []
    const place = { group: member.id, periodMs: row.period_s * 1000, pieceMs, slot: row.slot }
    const { sum_energy_mj: mj, sum_known_ms: knownMs, sum_estimated_ms: estimatedMs } = row
    return [{ ...place, mj, knownMs, estimatedMs }]
  })
  const groups = new Map(
    [...memberships.values()]
      .flatMap((members) => [...members.values()])
      .map((one) => [one.id, one]),
  )
  const ends = new Map(
    tariff.pieces.map((ms, at) => [ms, tariff.pieces[at + 1] ?? window.toMs] as const),
  )
  const counts = new Map(
    [...memberships].map(([pieceMs, members]) => [pieceMs, countsOf([...members.values()])]),
  )
  return {
    parts,
    groups: [...groups.values()].sort((a, b) => (a.id < b.id ? -1 : 1)),
    expectedMs: (group, period) => expectedMs(counts, ends, { group, span: period ?? window }),
  }
}

/** Which group each measuring meter counts in. */
function membersAt(
  book: FacilityBook,
  atMs: number,
  groupBy: 'level' | 'meter',
): ReadonlyMap<string, Membership> {
  const meters = facilityAt(book, atMs).meters.filter(({ level }) => level !== 'ambient')
  const rows = byMeter(meters)
  // A meter below another of its level has the same watts once more.
  const isCounted = (row: MeterRow) =>
    groupBy === 'meter' || !ancestorsOf(row, rows).some(({ level }) => level === row.level)
  return new Map(
    meters.filter(isCounted).map((row) => [row.meter, memberOf(row, groupBy)] as const),
  )
}

const memberOf = ({ meter, role, level, hall }: MeterRow, groupBy: 'level' | 'meter') =>
  groupBy === 'meter'
    ? { id: meter, key: { meter, role, level, hall } }
    : { id: level, key: { level } }

/** How many meters count in each group. */
function countsOf(members: readonly Membership[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const { id } of members) counts.set(id, (counts.get(id) ?? 0) + 1)
  return counts
}

function expectedMs(
  counts: ReadonlyMap<number, ReadonlyMap<string, number>>,
  ends: ReadonlyMap<number, number>,
  { group, span }: { readonly group: string; readonly span: TimeWindow },
): bigint {
  let ms = 0n
  for (const [pieceMs, members] of counts) {
    const fromMs = Math.max(pieceMs, span.fromMs)
    const toMs = Math.min(ends.get(pieceMs) ?? span.toMs, span.toMs)
    if (toMs > fromMs) ms += BigInt(members.get(group) ?? 0) * BigInt(toMs - fromMs)
  }
  return ms
}
