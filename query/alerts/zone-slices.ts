import type { AlertFacts, TimeRange } from '#schemas/alerts/ports.ts'
import type { AlertLabels } from '#schemas/alerts/severity.ts'
import type { ZoneSet, ZoneSlice } from '#schemas/alerts/zone-set.ts'
import type { FieldPlace } from '../filters.ts'
import type { FleetDeps } from '../fleet.ts'
import { alertScopes, alertSlices } from '../queries/alert-slices.ts'

const SLICE_MS = 300_000
/** Scopes of one set: a set over every tenant of a large site has some hundred. What is cut is the smallest. */
export const ZONE_SCOPES_MAX = 5_000

const TIERS = {
  allocated: { known: 'allocated_known_ms', busy: 'allocated_ms', busy_times: 1000 },
  busy: { known: 'known_ms', busy: 'busy_ms_x1000', busy_times: 1 },
  active: { known: 'active_known_ms', busy: 'active_ms_x1000', busy_times: 1 },
  effective: { known: 'effective_known_ms', busy: 'effective_ms_x1000', busy_times: 1 },
} as const

/** Values of a set's scopes with settled slices, the largest first. Rejects with the reader's errors. */
export async function zoneScopes(
  deps: Pick<FleetDeps, 'reader' | 'published'>,
  set: ZoneSet,
  range: TimeRange,
): Promise<readonly string[]> {
  if (set.scope === 'fleet') return ['']
  if (set.value !== '' && set.value !== '*') return [set.value]
  const { settledUntilMs } = await deps.published()
  const { fromMs, toMs } = slicesWithin(range, settledUntilMs)
  if (toMs <= fromMs) return []
  const window = { from_s: fromMs / 1000, to_s: toMs / 1000 }
  const asked = { key: set.scope, ...window, limit: ZONE_SCOPES_MAX }
  return (await alertScopes.run(deps.reader, asked)).map(({ key_1 }) => key_1)
}

const slicesWithin = (range: TimeRange, settledUntilMs: number | null): TimeRange => ({
  fromMs: Math.ceil(range.fromMs / SLICE_MS) * SLICE_MS,
  toMs: Math.floor(Math.min(range.toMs, settledUntilMs ?? 0) / SLICE_MS) * SLICE_MS,
})

/**
 * Closed, settled slices of every scope of a set. A slice that nothing was settled of is not among them. Rejects with
 * the reader's errors.
 */
export async function zoneSlices(
  deps: Pick<FleetDeps, 'reader' | 'published'>,
  set: ZoneSet,
  range: TimeRange,
  only: readonly string[] = [],
): ReturnType<AlertFacts['zoneSlices']> {
  const { settledUntilMs } = await deps.published()
  const { fromMs, toMs } = slicesWithin(range, settledUntilMs)
  if (toMs <= fromMs) return []
  // One slice before the first: a change of measurement is told against it.
  const beginMs = fromMs - SLICE_MS
  const key: FieldPlace = set.scope === 'fleet' ? 'none' : set.scope
  const rows = await alertSlices.run(deps.reader, {
    ...TIERS[set.tier],
    key,
    only:
      set.scope === 'fleet' ? [] : set.value === '' || set.value === '*' ? [...only] : [set.value],
    from_s: beginMs / 1000,
    to_s: toMs / 1000,
  })
  const scopes = [...Map.groupBy(rows, ({ key_1 }) => key_1)]
    // What nobody put anywhere is no scope of its own.
    .filter(([value]) => set.scope === 'fleet' || value !== '')
  return scopes.map(([value, own]) => ({
    labels: labelsOf(set, value),
    slices: slicesOf(own, beginMs).filter((slice) => slice.fromMs >= fromMs),
  }))
}

const labelsOf = ({ scope }: ZoneSet, value: string): AlertLabels =>
  scope === 'fleet' ? {} : { [scope]: value }

type SliceRow = Awaited<ReturnType<typeof alertSlices.run>>[number]

function slicesOf(rows: readonly SliceRow[], beginMs: number): ZoneSlice[] {
  const slices: ZoneSlice[] = []
  let before: { readonly slot: number; readonly bySource: ReadonlyMap<number, bigint> } | null =
    null
  for (const [slot, parts] of Map.groupBy(rows, (row) => row.slot)) {
    const sum = (read: (row: SliceRow) => bigint) =>
      parts.reduce((total, part) => total + read(part), 0n)
    const bySource = new Map(parts.map((part) => [part.source, part.known_time_ms]))
    slices.push({
      fromMs: beginMs + slot * SLICE_MS,
      baseMs: sum((part) => part.base_ms),
      knownMs: sum((part) => part.known_time_ms),
      busyX1000: sum((part) => part.busy_time_ms_x1000),
      sourceChangedMs: before?.slot === slot - 1 ? movedBetween(before.bySource, bySource) : 0n,
    })
    before = { slot, bySource }
  }
  return slices
}

/**
 * Known time that went from one counter to another: what some lost and others gained. Devices that fall silent or come
 * back lose or gain alone and are no change of measurement; source 0 is nobody's.
 */
function movedBetween(a: ReadonlyMap<number, bigint>, b: ReadonlyMap<number, bigint>): bigint {
  let [gained, lost] = [0n, 0n]
  for (const source of new Set([...a.keys(), ...b.keys()])) {
    if (source === 0) continue
    const change = (b.get(source) ?? 0n) - (a.get(source) ?? 0n)
    if (change > 0n) gained += change
    else lost -= change
  }
  return gained < lost ? gained : lost
}
