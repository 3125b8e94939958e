import type { ExplainAnswer, ExplainContributor, ExplainPart } from '#schemas/api-explain.ts'
import { wholesOf } from '#schemas/largest-remainder.ts'

/** What the "what changed" part asks and how it prints the answer. */

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS

/** The earlier moments to compare with, kept in the address as `?vs=1d`. */
export const EARLIER = ['1h', '1d', '7d'] as const
export type Earlier = (typeof EARLIER)[number]

const SPANS = {
  '1h': { backMs: HOUR_MS, lengthMs: 15 * MINUTE_MS },
  '1d': { backMs: 24 * HOUR_MS, lengthMs: HOUR_MS },
  '7d': { backMs: 168 * HOUR_MS, lengthMs: HOUR_MS },
} as const satisfies Record<Earlier, { backMs: number; lengthMs: number }>

export function readEarlier(params: { get(name: string): string | null }): Earlier {
  return EARLIER.find((key) => key === params.get('vs')) ?? '1h'
}

/** Both windows end on five minutes of settled time: the question is the same for as long as its answer. */
export function windowsOf(earlier: Earlier, settledMs: number) {
  const { backMs, lengthMs } = SPANS[earlier]
  const end = Math.floor(settledMs / (5 * MINUTE_MS)) * 5 * MINUTE_MS
  return {
    a_from: end - backMs - lengthMs,
    a_to: end - backMs,
    b_from: end - lengthMs,
    b_to: end,
  }
}

/** Contributors named beside a cause; the others are counted. */
const NAMED_MAX = 3

export interface ChangeRow {
  /** Null = what the causes leave. */
  readonly part: ExplainPart | null
  /** Tenths of a point; the rows sum to the change as it is printed. */
  readonly tenths: number
  /** The largest behind it, and how many more there are; in tenths they sum to the row. */
  readonly named: readonly { readonly who: ExplainContributor; readonly tenths: number }[]
  readonly others: { readonly count: number; readonly tenths: number }
}

/** The causes with what they leave, in printed tenths that sum to the printed change; null where nothing is known. */
export function changeRows(answer: ExplainAnswer): { rows: ChangeRow[]; tenths: number } | null {
  if (answer.change_ppm === null) return null
  const tenths = Math.round(answer.change_ppm / 1000)
  const parts = [...answer.causes.map((part) => part.change_ppm), answer.residual_ppm]
  const rounded = wholesOf(
    parts.map((ppm) => ppm / 1000),
    tenths,
  )
  const rows = rounded.map((value, at) => rowOf(answer.causes[at] ?? null, value))
  return { tenths, rows: rows.filter((row) => row.tenths !== 0) }
}

function rowOf(part: ExplainPart | null, tenths: number): ChangeRow {
  const who = (part?.contributors ?? []).slice(0, NAMED_MAX)
  const listed = part?.contributors.length ?? 0
  const rest = who.reduce((left, one) => left - one.change_ppm, part?.change_ppm ?? 0)
  const [ofRest = 0, ...ofNamed] = wholesOf(
    [rest, ...who.map((one) => one.change_ppm)].map((ppm) => ppm / 1000),
    tenths,
  )
  return {
    part,
    tenths,
    named: who.map((one, at) => ({ who: one, tenths: ofNamed[at] ?? 0 })),
    others: { count: listed + (part?.others.count ?? 0) - who.length, tenths: ofRest },
  }
}
