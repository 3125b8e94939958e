import type { OwnerFigures, OwnersAnswer } from '#schemas/api-ledger.ts'

/** Owners whose devices were idle, and nobody among them, the most energy first. */
export function idleRowsOf({ owners, nobody }: OwnersAnswer): readonly OwnerFigures[] {
  return [...owners, nobody]
    .filter(({ idle_energy: idle }) => idle.site_kwh > 0)
    .toSorted((a, b) => b.idle_energy.site_kwh - a.idle_energy.site_kwh)
}
