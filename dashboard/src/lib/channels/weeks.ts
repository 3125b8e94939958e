import type { RosterShift } from '#schemas/api-roster.ts'

/** A shift as a part of a strip, both from its left edge, 0..1. */
export interface StripPart {
  readonly shift: RosterShift
  readonly from: number
  readonly to: number
}

/** Shifts over [fromMs, toMs) as parts of a strip; what lies outside is cut. */
export function stripOf(
  shifts: readonly RosterShift[],
  { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
): StripPart[] {
  const at = (ms: number) => Math.min(1, Math.max(0, (ms - fromMs) / (toMs - fromMs)))
  return shifts
    .map((shift) => ({ shift, from: at(shift.from_ms), to: at(shift.to_ms ?? toMs) }))
    .filter(({ from, to }) => to > from)
}

/** The shift that holds a moment, and the one that follows it without a hole or with one. */
export function shiftsNow(
  shifts: readonly RosterShift[],
  nowMs: number,
): { readonly now: RosterShift | null; readonly following: RosterShift | null } {
  const now =
    shifts.find(({ from_ms, to_ms }) => from_ms <= nowMs && (to_ms === null || nowMs < to_ms)) ??
    null
  const following = shifts.find(({ from_ms }) => from_ms > nowMs) ?? null
  return { now, following }
}
