import type { BacktestShortfall } from '#schemas/api-backtest.ts'
import type { AlertSeverity } from '#schemas/alerts/severity.ts'

/** One time that a rule would have told somebody. */
export interface Told {
  readonly scope: string
  readonly severity: AlertSeverity
  readonly fromMs: number
  /** Null = not over at the end of the window. */
  readonly toMs: number | null
  /** Of a rule that looks ahead: minutes until what it warned of came; null = it did not come, or it looks at what is. */
  readonly leadMinutes: number | null
}

/** What a rule would have done over a stretch of history. */
export interface Backtest {
  readonly rule: string
  readonly fromMs: number
  readonly toMs: number
  readonly told: readonly Told[]
  /** Share of the window that could be judged: what nobody knows, no rule can be tried on. */
  readonly judged: number
  /** Whether it is held to what came after; a rule about what is has no false alerts by this measure. */
  readonly looksAhead: boolean
  /** Of a rule that looks ahead: how often it should have spoken, and how often it did not. */
  readonly came: number
  readonly missed: number
}

/** The figures people decide by. */
export interface BacktestFigures {
  readonly weeks: number
  readonly pages: number
  readonly warnings: number
  readonly pagesPerWeek: number
  /** Pages after which nothing came, a week; null for rules that do not look ahead. */
  readonly falsePagesPerWeek: number | null
  readonly precision: number | null
  /** Median over what came, what was missed counting as 0; null where nothing came. */
  readonly medianLeadMinutes: number | null
}

const WEEK_MS = 7 * 86_400_000
/** DEFINITIONS of the bar: facts of alerting, section 5. */
export const BAR = { leadMinutes: 20, precision: 0.8, falsePagesPerWeek: 2, days: 30 } as const

export function figuresOf(test: Backtest): BacktestFigures {
  const weeks = (test.toMs - test.fromMs) / WEEK_MS
  const pages = test.told.filter(({ severity }) => severity === 'page')
  const right = test.told.filter(({ leadMinutes }) => leadMinutes !== null)
  const falsePages = pages.filter(({ leadMinutes }) => leadMinutes === null).length
  const leads = right
    .map(({ leadMinutes }) => leadMinutes ?? 0)
    .concat(Array.from({ length: test.missed }, () => 0))
    .sort((a, b) => a - b)
  const { looksAhead, told } = test
  return {
    weeks,
    pages: pages.length,
    warnings: told.length - pages.length,
    pagesPerWeek: pages.length / weeks,
    falsePagesPerWeek: looksAhead ? falsePages / weeks : null,
    precision: looksAhead && told.length > 0 ? right.length / told.length : null,
    medianLeadMinutes: looksAhead ? (leads[Math.floor(leads.length / 2)] ?? null) : null,
  }
}

/** What is not met of the bar for paging; empty = it may be accepted. */
export function shortfallsOf(test: Backtest): BacktestShortfall[] {
  const { medianLeadMinutes, precision, falsePagesPerWeek } = figuresOf(test)
  const days = ((test.toMs - test.fromMs) / 86_400_000) * test.judged
  const found: BacktestShortfall[] = []
  if (days < BAR.days) found.push({ kind: 'days', value: days, bar: BAR.days })
  if (!test.looksAhead) return found
  if (test.came === 0) found.push({ kind: 'nothing', value: 0, bar: 1 })
  if (medianLeadMinutes !== null && medianLeadMinutes < BAR.leadMinutes)
    found.push({ kind: 'lead', value: medianLeadMinutes, bar: BAR.leadMinutes })
  if (precision !== null && precision < BAR.precision)
    found.push({ kind: 'precision', value: precision, bar: BAR.precision })
  if (falsePagesPerWeek !== null && falsePagesPerWeek > BAR.falsePagesPerWeek)
    found.push({ kind: 'false_pages', value: falsePagesPerWeek, bar: BAR.falsePagesPerWeek })
  return found
}

/** The same as sentences. */
export const shortfalls = (test: Backtest): string[] =>
  shortfallsOf(test).map(({ kind, value, bar }) => {
    const said: Record<BacktestShortfall['kind'], string> = {
      days: `${value.toFixed(1)} days could be judged, ${bar} are asked for`,
      nothing: 'nothing came that it could have warned of',
      lead: `median lead ${value} min, ${bar} are asked for`,
      precision: `precision ${value.toFixed(2)}, ${bar} is asked for`,
      false_pages: `${value.toFixed(1)} false pages a week, at most ${bar}`,
    }
    return said[kind]
  })

/** `because` of the journal's `rule_trust`: what was tried and what came of it, one line. */
export function acceptanceText(test: Backtest): string {
  const figures = figuresOf(test)
  const missing = shortfalls(test)
  return [
    `Backtest of ${test.rule}, ${iso(test.fromMs)} to ${iso(test.toMs)}, ${percent(test.judged)} of it known:`,
    `${sentence(test, figures)}.`,
    missing.length === 0 ? 'Meets the bar for paging.' : `Below the bar: ${missing.join('; ')}.`,
  ].join(' ')
}

function sentence(test: Backtest, figures: BacktestFigures): string {
  const { pages, warnings, pagesPerWeek } = figures
  const told = `${pages} pages (${pagesPerWeek.toFixed(1)} a week) and ${warnings} milder alerts`
  if (!test.looksAhead) return told
  const { falsePagesPerWeek, precision, medianLeadMinutes } = figures
  return [
    told,
    `${test.came} times the line was crossed, ${test.missed} of them unannounced`,
    `median lead ${medianLeadMinutes === null ? 'unknown' : `${medianLeadMinutes} min`}`,
    `precision ${precision === null ? 'unknown' : precision.toFixed(2)}`,
    `${(falsePagesPerWeek ?? 0).toFixed(1)} false pages a week`,
  ].join(', ')
}

/** The same for a terminal: each alert on a line, the newest last, then the acceptance text. */
export function backtestLines(test: Backtest, most: number): string[] {
  const shown = test.told.slice(-most)
  const left = test.told.length - shown.length
  return [
    ...(left > 0 ? [`… ${left} earlier`] : []),
    ...shown.map((one) => {
      const until = one.toMs === null ? 'goes on' : `until ${iso(one.toMs)}`
      const lead =
        one.leadMinutes === null
          ? test.looksAhead
            ? ', nothing came'
            : ''
          : `, ${one.leadMinutes} min ahead`
      return `  ${one.severity.padEnd(6)} ${one.scope} ${iso(one.fromMs)} ${until}${lead}`
    }),
    acceptanceText(test),
  ]
}

const iso = (ms: number) => new Date(ms).toISOString().replace(/(:00)?\.000Z$/, 'Z')
const percent = (share: number) => `${(share * 100).toFixed(1)} %`
