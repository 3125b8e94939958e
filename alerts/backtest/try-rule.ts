import type { BacktestFacts } from '#schemas/alerts/backtest.ts'
import type { ScopeSlices, TimeRange } from '#schemas/alerts/ports.ts'
import type { Rule, ValueRule } from '#schemas/alerts/rule.ts'
import type { ZoneSet, ZoneSlice } from '#schemas/alerts/zone-set.ts'
import { zoneLabels } from '../zones/reading.ts'
import { inOrder, WHAT_IS } from './episodes.ts'
import type { Backtest } from './report.ts'
import { replayInThread, type ThreadSetup } from './threads.ts'
import { valueBacktester } from './value.ts'

const DAY_MS = 86_400_000
/** What a forecast learns from, and what the windows of a zone look back at. */
const HISTORY_MS = { forecast: 56 * DAY_MS, zone: 3 * DAY_MS } as const
/** One question to the store covers so much of one scope. */
const CHUNK_MS = 28 * DAY_MS
/** Scopes of all zone sets that are tried, the largest first. */
export const BACKTEST_SCOPES_MAX = 20

/** How a rule is tried on what is stored. */
export const kindOf = (rule: Rule): ThreadSetup['kind'] | 'value' | 'event' =>
  rule.lane === 'value' ? (rule.signal === 'forecast_zone' ? 'forecast' : 'value') : rule.lane

export interface TryDeps {
  readonly facts: BacktestFacts
  readonly sets: readonly ZoneSet[]
  readonly timeZone: string
  readonly holidays: readonly string[]
  /** What is settled. */
  readonly settled: TimeRange
  readonly signal: AbortSignal
  /** Lets other work in between. */
  readonly breathe: () => Promise<void>
  /** 0..1 */
  readonly onProgress: (share: number) => void
}

/** What a rule would have told within a window. Rejects as the store does, and when it is aborted. */
export async function tryRule(rule: Rule, range: TimeRange, deps: TryDeps): Promise<Backtest> {
  const kind = kindOf(rule)
  if (kind === 'event') throw new RangeError(`${rule.name} is about events`)
  if (kind === 'value' && rule.lane === 'value') return tryValue(rule, range, deps)
  const window = { rule: rule.name, ...range }
  const found = await scopesOf(range, deps)
  const tests: Backtest[] = []
  for (const [at, { set, value }] of found.entries()) {
    const scope = await historyOf(
      kind === 'forecast' ? 'forecast' : 'zone',
      { set, value, range },
      deps,
    )
    deps.onProgress((at + 0.5) / found.length)
    const { timeZone, holidays, signal } = deps
    if (scope !== null) {
      const setup = { window, set, scope, timeZone, holidays }
      const one = await replayInThread(
        { ...setup, kind: kind === 'forecast' ? 'forecast' : 'zone' },
        signal,
      )
      tests.push({ ...one, told: one.told.map((told) => ({ ...told, scope: nameOf(set, scope) })) })
    }
    deps.onProgress((at + 1) / found.length)
  }
  return together(window, kind === 'forecast', tests)
}

async function scopesOf(range: TimeRange, { facts, sets }: TryDeps) {
  const found: { readonly set: ZoneSet; readonly value: string }[] = []
  for (const set of sets)
    for (const value of await facts.zoneScopes(set, range)) found.push({ set, value })
  return found.slice(0, BACKTEST_SCOPES_MAX)
}

/** Slices of one scope with what lies before the window; null = none are stored. */
async function historyOf(
  kind: ThreadSetup['kind'],
  {
    set,
    value,
    range,
  }: { readonly set: ZoneSet; readonly value: string; readonly range: TimeRange },
  { facts, breathe }: TryDeps,
): Promise<ScopeSlices | null> {
  let labels: ScopeSlices['labels'] | null = null
  const slices: ZoneSlice[] = []
  for (let at = range.fromMs - HISTORY_MS[kind]; at < range.toMs; at += CHUNK_MS) {
    const piece = { fromMs: Math.max(0, at), toMs: Math.min(range.toMs, at + CHUNK_MS) }
    const [part] = await facts.zoneSlices(set, piece, [value])
    if (part !== undefined) {
      labels = part.labels
      slices.push(...part.slices)
    }
    await breathe()
  }
  return labels === null ? null : { labels, slices }
}

/** As alerts name the scope: its set, and its value where it has one. */
const nameOf = (set: ZoneSet, { labels }: ScopeSlices) =>
  Object.values(zoneLabels(set, labels)).join(' ')

function together(
  window: Pick<Backtest, 'rule' | 'fromMs' | 'toMs'>,
  looksAhead: boolean,
  tests: readonly Backtest[],
): Backtest {
  const sum = (of: (test: Backtest) => number) => tests.reduce((total, test) => total + of(test), 0)
  return {
    ...window,
    ...WHAT_IS,
    looksAhead,
    told: inOrder(tests.flatMap(({ told }) => told)),
    judged: tests.length === 0 ? 0 : sum(({ judged }) => judged) / tests.length,
    came: sum(({ came }) => came),
    missed: sum(({ missed }) => missed),
  }
}

async function tryValue(rule: ValueRule, range: TimeRange, deps: TryDeps): Promise<Backtest> {
  const { facts, settled, signal, breathe, onProgress } = deps
  const tester = valueBacktester({ rule: rule.name, ...range }, rule)
  const known = {
    fromMs: Math.max(range.fromMs, settled.fromMs),
    toMs: Math.min(range.toMs, settled.toMs),
  }
  const lengthMs = range.toMs - range.fromMs
  let breathedMs = 0
  for await (const answer of facts.history(rule.signal, known)) {
    signal.throwIfAborted()
    tester.take(answer)
    if (answer.atMs - breathedMs < DAY_MS / 8) continue
    breathedMs = answer.atMs
    onProgress((answer.atMs - range.fromMs) / lengthMs)
    await breathe()
  }
  const result = tester.result()
  // What lies before the store's beginning was not judged.
  return { ...result, judged: (result.judged * Math.max(0, known.toMs - known.fromMs)) / lengthMs }
}
