import type { PipelineAnswer, PipelineSeriesName } from '#schemas/api-pipeline.ts'
import type { Distribution } from '#schemas/pipeline-report.ts'
import { decimal, duration, type Lang, type MaybeNumber, MISSING, percent } from '#lib/format.ts'

const STEPS = [
  [1e12, 'TB'],
  [1e9, 'GB'],
  [1e6, 'MB'],
  [1e3, 'kB'],
] as const

/** Bytes as people say them, with the unit that leaves one to three digits; few bytes are not "0 MB". */
export function bytes(value: MaybeNumber, lang: Lang): string {
  if (value === null || value === undefined) return MISSING
  const step = STEPS.find(([size]) => value >= size)
  if (step === undefined) return `${decimal(value, lang)}\u202fB`
  const [size, unit] = step
  const scaled = value / size
  return `${decimal(scaled, lang, scaled < 10 ? 1 : 0)}\u202f${unit}`
}

export const seconds = (value: MaybeNumber, lang: Lang): string =>
  duration(value === null || value === undefined ? null : value * 1_000, lang)

/** `20 ms, 45 ms, 51 ms`; null when nothing was observed. */
export function spread(of: Distribution | null, lang: Lang): string | null {
  if (of === null) return null
  return [of.p50, of.p99, of.max].map((value) => seconds(value, lang)).join(' · ')
}

const SAY: Readonly<Record<PipelineSeriesName, (value: MaybeNumber, lang: Lang) => string>> = {
  lag_messages: (value, lang) => decimal(value, lang),
  lag_seconds: seconds,
  rows_per_second: (value, lang) => decimal(value, lang),
  insert_p99_seconds: seconds,
  settle_p99_seconds: seconds,
  settled_age_seconds: seconds,
  spool_bytes: bytes,
  stream_used_ratio: percent,
  disk_used_ratio: percent,
  memory_bytes: bytes,
}

/** A value of a series as text. */
export const said = (name: PipelineSeriesName, value: MaybeNumber, lang: Lang): string =>
  SAY[name](value, lang)

/** The parts of a line: a run of known values each; what is not known is a hole, not a bridge. */
export function segments(
  values: readonly (number | null)[],
  box: { readonly width: number; readonly height: number },
): string[] {
  const known = values.filter((value) => value !== null)
  const most = Math.max(...known, 0)
  const x = (at: number) => (at / Math.max(1, values.length - 1)) * box.width
  // From zero: a line that is cut off at its least value makes noise look like trouble.
  const y = (value: number) => box.height - (most === 0 ? 0 : (value / most) * box.height)
  const runs: string[][] = []
  let isOpen = false
  for (const [at, value] of values.entries()) {
    if (value === null) isOpen = false
    else {
      const point = `${x(at).toFixed(1)} ${y(value).toFixed(1)}`
      if (isOpen) runs.at(-1)?.push(point)
      else runs.push([point])
      isOpen = true
    }
  }
  // A lone minute is drawn as a short stroke, or nobody would see it.
  return runs.map((points) => (points.length === 1 ? `M${points[0]}h1` : `M${points.join('L')}`))
}

/** Counts by word, summed over shards. */
export function sumCounts(counts: readonly Readonly<Record<string, number>>[]): number {
  return counts.reduce(
    (sum, one) => sum + Object.values(one).reduce((part, value) => part + value, 0),
    0,
  )
}

/** The largest of some figures; null when none is known. */
export function largest(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null)
  return known.length === 0 ? null : Math.max(...known)
}

/** The distribution with the worst tail: quantiles of several shards cannot be added. */
export function worstOf(all: readonly (Distribution | null)[]): Distribution | null {
  return all.reduce<Distribution | null>(
    (worst, one) => (one !== null && (worst === null || one.p99 > worst.p99) ? one : worst),
    null,
  )
}

/** Processes that report: the figures of silent ones say nothing of now. */
export const speaking = ({ processes }: PipelineAnswer) =>
  processes.filter(({ status }) => status === 'reporting')
