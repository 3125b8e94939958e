import type { EnergyGroup, ItGap, PueFigures } from '#schemas/api-facility.ts'
import type { Column } from '#lib/chart/series.ts'
import { epochMs } from '#lib/time.ts'

/** Answers about energy -> what the page draws. Pure; what is not known stays null. */

/** Taken where nobody entered what the site was built for. */
export const TARGET_PUE = 1.15

export const LEFT_OUT_CAUSES = ['faulty', 'total_incomplete', 'it_incomplete', 'missing'] as const
export type LeftOutCause = (typeof LEFT_OUT_CAUSES)[number]

export interface LeftOut {
  readonly buckets: number
  readonly causes: readonly { readonly cause: LeftOutCause; readonly buckets: number }[]
  readonly meters: readonly string[]
}

/** Buckets of a period that do not count, why, and whose fault it was; null = all of them count. */
export function leftOutOf({ buckets, faulty_meters }: PueFigures): LeftOut | null {
  const left = buckets.expected - buckets.counted
  if (left <= 0) return null
  return {
    buckets: left,
    causes: LEFT_OUT_CAUSES.flatMap((cause) =>
      buckets[cause] > 0 ? [{ cause, buckets: buckets[cause] }] : [],
    ),
    meters: faulty_meters.map(({ meter }) => meter),
  }
}

/** Mean dollars of a kWh over all groups; null where a part of them has no price. */
export function meanPrice(groups: readonly EnergyGroup[]): number | null {
  let usd = 0
  let kwh = 0
  for (const group of groups) {
    if (group.kwh === null) continue
    if (group.usd === null) return null
    usd += group.usd
    kwh += group.kwh
  }
  return kwh > 0 ? usd / kwh : null
}

export interface AgainstTarget {
  readonly target: number
  /** Above 0: worse than the target. */
  readonly difference: number
  /** What the difference costs at this IT load; null without a price or a load. */
  readonly usdPerHour: number | null
}

export function againstTarget(
  { value, it_load_kw: load }: Pick<PueFigures, 'value' | 'it_load_kw'>,
  target: number,
  usdPerKwh: number | null,
): AgainstTarget | null {
  if (value === null) return null
  const difference = value - target
  const usdPerHour = load === null || usdPerKwh === null ? null : difference * load * usdPerKwh
  return { target, difference, usdPerHour }
}

/** One bar of the waterfall: it begins where the one before ended. */
export interface Step {
  readonly role: string
  readonly group: EnergyGroup
  readonly from: number
  readonly share: number | null
}

export interface Waterfall {
  readonly steps: readonly Step[]
  readonly kwh: number | null
  readonly usd: number | null
  readonly co2eKg: number | null
}

/** Roles in their order, with where each begins as a share of the whole; shares and sums only where all is known. */
export function waterfallOf(groups: readonly EnergyGroup[]): Waterfall {
  const sum = (of: (group: EnergyGroup) => number | null): number | null =>
    groups.reduce<number | null>((total, group) => {
      const value = of(group)
      return total === null || value === null ? null : total + value
    }, 0)
  const kwh = groups.length > 0 ? sum((group) => group.kwh) : null
  let before = 0
  const steps = groups.map((group) => {
    const share = group.kwh === null || kwh === null || kwh <= 0 ? null : group.kwh / kwh
    const from = before
    before += share ?? 0
    return { role: group.key['role'] ?? '', group, from, share }
  })
  const isAny = groups.length > 0
  return {
    steps,
    kwh,
    usd: isAny ? sum(({ usd }) => usd) : null,
    co2eKg: isAny ? sum(({ co2e_kg: kg }) => kg) : null,
  }
}

/** Powers in MW and ratios by period, each at the middle of its time. */
export interface TrendColumns {
  readonly times: number[]
  readonly total: Column
  readonly it: Column
  readonly value: Column
  readonly lo: Column
  readonly hi: Column
}

export function trendOf(periods: readonly PueFigures[]): TrendColumns {
  const mega = (kw: number | null) => (kw === null ? null : kw / 1_000)
  /** Bounds that are the ratio itself are no band, and bounds of nothing say nothing. */
  const bound = (period: PueFigures, of: 'lo' | 'hi') => (period.value === null ? null : period[of])
  return {
    times: periods.map(({ from, to }) => ((epochMs(from) ?? 0) + (epochMs(to) ?? 0)) / 2),
    total: periods.map(({ total_load_kw: kw }) => mega(kw)),
    it: periods.map(({ it_load_kw: kw }) => mega(kw)),
    value: periods.map(({ value }) => value),
    lo: periods.map((period) => bound(period, 'lo')),
    hi: periods.map((period) => bound(period, 'hi')),
  }
}

/** The right end of a scale that begins at 1: holds all that is given, between 1.3 and 3. */
export function scaleEnd(values: readonly (number | null)[]): number {
  const known = values.filter((value) => value !== null)
  const most = Math.max(1.3, ...known)
  return Math.min(3, Math.ceil(most * 10 - 1e-9) / 10)
}

/** Where a ratio stands on a scale from 1 to `end`, 0..1. */
export const onScale = (value: number, end: number): number =>
  Math.min(1, Math.max(0, (value - 1) / (end - 1)))

export const GAP_PARTS = ['devices', 'host', 'silent_nodes', 'gaps'] as const
export type GapPart = (typeof GAP_PARTS)[number]

/** Parts of measured IT energy with their shares of it; what is below 0 has no length. */
export function gapPartsOf({ parts, measured_kwh: measured }: ItGap) {
  if (parts === null) return null
  const kwhOf = {
    devices: parts.devices_kwh,
    host: parts.host_kwh,
    silent_nodes: parts.silent_nodes_kwh,
    gaps: parts.gaps_kwh,
  } as const satisfies Record<GapPart, number>
  return GAP_PARTS.map((part) => ({
    part,
    kwh: kwhOf[part],
    share: measured > 0 ? kwhOf[part] / measured : 0,
  }))
}
