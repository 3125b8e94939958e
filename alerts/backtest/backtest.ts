import type { AlertLabels } from '#schemas/alerts/severity.ts'
import { levelsAt } from '#schemas/alerts/zone-levels.ts'
import type { ZoneSet, ZoneSlice } from '#schemas/alerts/zone-set.ts'
import { type KnownFacts, NOTHING_KNOWN } from '../forecast/known.ts'
import { crossingOf, replay } from '../forecast/replay.ts'
import type { Calendar } from '../forecast/season.ts'
import { COVERAGE_MIN, seriesOf, SLICE_MS } from '../forecast/series.ts'
import { evaluateZone } from '../zones/evaluate.ts'
import { zoneSeverity } from '../zones/reading.ts'
import { type BacktestWindow, episodes, inOrder, scopeText, WHAT_IS } from './episodes.ts'
import type { Backtest, Told } from './report.ts'

/** Slices of the scopes of one zone set, as `AlertFacts.zoneSlices` gives them. */
export type ScopeSlices = readonly {
  readonly labels: AlertLabels
  readonly slices: readonly ZoneSlice[]
}[]

/** What a zone rule would have told. Who could have acted is not asked: a page here may have gone to operations. */
export function backtestZone(
  window: BacktestWindow,
  set: ZoneSet,
  scopes: ScopeSlices,
  timeZone: string,
): Backtest {
  const told = scopes.flatMap(({ labels, slices }) => {
    const outcomes = evaluateZone(set, slices).map((outcome) => ({
      atMs: outcome.atMs,
      severity: zoneSeverity(set, outcome, timeZone),
    }))
    return episodes(window, scopeText(labels), outcomes)
  })
  return { ...window, told: inOrder(told), judged: judgedShare(window, scopes), ...WHAT_IS }
}

/** What the forecast would have announced of each scope, held to what came. */
export function backtestForecast(
  window: BacktestWindow,
  set: ZoneSet,
  scopes: ScopeSlices,
  known: {
    readonly calendar: Calendar
    /** What schedulers and people had said then; nothing where nobody kept it. */
    readonly factsAt?: (labels: AlertLabels, atMs: number) => KnownFacts
  },
): Backtest {
  const told: Told[] = []
  let [came, missed] = [0, 0]
  for (const { labels, slices } of scopes) {
    const line = levelsAt(set, window.toMs - SLICE_MS)?.danger
    const newest = slices.at(-1)
    if (line === undefined || newest === undefined) continue
    const found = replay({
      labels,
      line,
      calendar: known.calendar,
      series: seriesOf(slices),
      devices: Math.round(Number(newest.baseMs) / SLICE_MS),
      factsAt: (atMs) => known.factsAt?.(labels, atMs) ?? NOTHING_KNOWN,
      fromMs: window.fromMs,
      toMs: window.toMs,
    })
    const hits = found.announced.map((one) => crossingOf(found.crossings, one))
    came += found.crossings.length
    missed += found.crossings.filter((crossing) => !hits.includes(crossing)).length
    for (const [at, one] of found.announced.entries()) {
      const hit = hits[at]
      told.push({
        scope: scopeText(labels),
        severity: one.pagedMs === null ? 'warn' : 'page',
        fromMs: one.fromMs,
        toMs: one.untilMs,
        leadMinutes: hit === undefined ? null : (hit.atMs - one.fromMs) / 60_000,
      })
    }
  }
  const judged = judgedShare(window, scopes)
  return { ...window, told: inOrder(told), judged, looksAhead: true, came, missed }
}

/** Share of the window's slices of all scopes that are known well enough to go by. */
function judgedShare({ fromMs, toMs }: BacktestWindow, scopes: ScopeSlices): number {
  const all = ((toMs - fromMs) / SLICE_MS) * scopes.length
  const known = scopes
    .flatMap(({ slices }) => slices)
    .filter((slice) => slice.fromMs >= fromMs && slice.fromMs < toMs)
    .filter(
      ({ baseMs, knownMs }) => baseMs > 0n && Number(knownMs) / Number(baseMs) >= COVERAGE_MIN,
    )
  return all === 0 ? 0 : Math.min(1, known.length / all)
}
