import type { Alert, AlertReading } from '#schemas/alerts/alert.ts'
import type { Threshold, ValueRule } from '#schemas/alerts/rule.ts'
import type { SignalAnswer, SignalRow } from '#schemas/alerts/signals.ts'
import {
  BECAUSE,
  type Evaluated,
  heldAlert,
  isOpen,
  NO_READING,
  openAlert,
  resolvedAlert,
} from './evaluation.ts'
import { fingerprintOf } from './fingerprint.ts'
import { atStart, isQuiet, levelOf, type Marks, stepThreshold } from './threshold.ts'

/** Figures older than this say nothing of now. */
export const LATE_MS = 5 * 60_000
/** A series that is reported no longer, while others are, is over after this. */
export const ABSENT_MS = 15 * 60_000
/** Least time without data before that is an alert of its own. */
const NO_DATA_MS = 60_000
/** Longer between two evaluations, and nobody knows what it cost. */
const COST_GAP_MS = 10 * 60_000

/** What is remembered of one series beside its alert. */
export interface SeriesMemory {
  readonly marks: readonly Marks[]
  /** Last time it had a value, and since when it has none (null = it has one). */
  readonly knownMs: number | null
  readonly unknownMs: number | null
  readonly isAbsent: boolean
}

export interface ValueMemory {
  /** Time of the data last evaluated. */
  readonly atMs: number
  readonly series: ReadonlyMap<string, SeriesMemory>
  /** Series covered by the last answer. */
  readonly covered: number
}

export const NO_VALUE_MEMORY: ValueMemory = { atMs: 0, series: new Map(), covered: 0 }

interface Pass {
  readonly rule: ValueRule
  readonly atMs: number
  /** All values of this answer are too old to mean anything. */
  readonly isLate: boolean
  readonly out: Alert[]
  readonly series: Map<string, SeriesMemory>
}

/**
 * One value rule over one answer of its signal. Times in conditions are the data's. A missing or late value holds what
 * fires and ends nothing; an answer that is not newer than the last one says nothing.
 */
export function evaluateValue(
  rule: ValueRule,
  answer: SignalAnswer,
  before: {
    /** Alerts of this rule that are known, by fingerprint. */
    readonly alerts: ReadonlyMap<string, Alert>
    readonly memory: ValueMemory
    readonly fingerprint?: (rule: string, labels: SignalRow['labels']) => string
  },
  nowMs: number,
): Evaluated<ValueMemory> {
  const isLate = nowMs - answer.atMs > LATE_MS
  // A watermark that stands still gives the same answer again: it counts once, until it is late.
  if (answer.atMs <= before.memory.atMs && !isLate) return { alerts: [], memory: before.memory }
  const atMs = Math.max(answer.atMs, before.memory.atMs)
  const pass: Pass = { rule, atMs, isLate, out: [], series: new Map() }
  const { fingerprint = fingerprintOf } = before
  const seen = new Set<string>()
  for (const row of answer.rows) {
    const print = fingerprint(rule.name, row.labels)
    if (seen.has(print)) continue
    seen.add(print)
    const blank = fingerprint(noDataRule(rule), row.labels)
    seen.add(blank)
    const memory = before.memory.series.get(print)
    const alert = openOf(before.alerts, print)
    const next = { print, alert, memory, row }
    if (isLate || row.value === null) unknown(pass, next)
    else known(pass, { ...next, value: row.value })
    noData(pass, { ...next, print: blank, alert: openOf(before.alerts, blank) })
  }
  const covered = Object.values(answer.covered).reduce((sum, series) => sum + series, 0)
  // An answer that lost most of its series lost them on the way; it does not say that they are over.
  const isWhole = !isLate && covered > 0 && covered * 2 >= before.memory.covered
  for (const alert of before.alerts.values())
    if (isOpen(alert) && !seen.has(alert.fingerprint))
      absent(pass, alert, before.memory.series.get(alert.fingerprint), isWhole)
  return {
    alerts: pass.out,
    memory: { atMs, series: pass.series, covered: isWhole ? covered : before.memory.covered },
  }
}

/** Name under which the missing data of a rule has alerts of its own. */
const noDataRule = (rule: ValueRule) => `${rule.name}:no_data`

function openOf(alerts: ReadonlyMap<string, Alert>, print: string): Alert | null {
  const found = alerts.get(print)
  return found !== undefined && isOpen(found) ? found : null
}

interface Seen {
  readonly print: string
  readonly alert: Alert | null
  readonly memory: SeriesMemory | undefined
  readonly row: SignalRow
}

function known(pass: Pass, seen: Seen & { readonly value: number }): void {
  const { rule, atMs } = pass
  const { print, alert, memory, row, value } = seen
  const before = memory?.marks ?? atStart(rule.thresholds, alert)
  const mayOpen = alert !== null || (row.devices ?? Infinity) >= rule.min_devices
  const marks = rule.thresholds.map((threshold, index) =>
    stepThreshold(threshold, before[index], { value, atMs, compare: rule.compare, mayOpen }),
  )
  const level = levelOf(marks)
  const next = afterValue(pass, { ...seen, marks, level })
  if (next !== null) pass.out.push(next)
  const goesOn = next === null ? alert !== null : isOpen(next)
  if (goesOn || !marks.every(isQuiet))
    pass.series.set(print, { marks, knownMs: atMs, unknownMs: null, isAbsent: false })
}

function afterValue(
  { rule, atMs }: Pass,
  { print, alert, memory, row, marks, level }: Seen & { marks: readonly Marks[]; level: number },
): Alert | null {
  const told = readingOf(row)
  // Back at its mildest limit the figures no longer say what is wrong ("0 of 680 …"): the alert keeps its last words.
  const isBack = alert !== null && (level === -1 || (marks[0]?.backMs ?? null) !== null)
  const reading = isBack ? withWordsOf(alert.reading, told) : told
  const threshold = rule.thresholds[level]
  if (threshold !== undefined) {
    const sinceMs = marks[level]?.sinceMs ?? atMs
    const { severity } = threshold
    if (alert === null || alert.state === 'pending')
      return openAlert({
        fingerprint: print,
        rule: rule.name,
        labels: row.labels,
        severity,
        reading,
        state: 'firing',
        sinceMs: Math.min(sinceMs, atMs),
        atMs,
      })
    return onward(alert, { severity, reading, atMs, memory })
  }
  if (alert !== null && alert.state !== 'pending') {
    const isKept = atMs - (alert.fired_ms ?? atMs) < rule.keep * 1000
    if (isKept) return onward(alert, { severity: alert.severity, reading, atMs, memory })
    return resolvedAlert({ ...alert, reading }, atMs, row.ended ?? null)
  }
  const soon = rule.thresholds.findIndex((_, index) => marks[index]?.beyondMs !== null)
  const mildest = rule.thresholds[soon]
  if (mildest === undefined) return alert === null ? null : resolvedAlert(alert, atMs, null)
  if (alert !== null) return { ...alert, reading }
  const sinceMs = marks[soon]?.beyondMs ?? atMs
  return openAlert({
    fingerprint: print,
    rule: rule.name,
    labels: row.labels,
    severity: mildest.severity,
    state: 'pending',
    sinceMs,
    atMs,
    reading,
  })
}

/** The newest figures under the words of an earlier reading. */
const withWordsOf = ({ what, why, doing }: AlertReading, now: AlertReading): AlertReading => ({
  ...now,
  what: what ?? now.what,
  why: why ?? now.why,
  doing: doing ?? now.doing,
})

/** A firing alert with the newest reading, and what it cost since the last one. */
function onward(
  alert: Alert,
  now: {
    readonly severity: Threshold['severity']
    readonly reading: AlertReading
    readonly atMs: number
    readonly memory: SeriesMemory | undefined
  },
): Alert {
  const { severity, reading, atMs, memory } = now
  const sinceMs = atMs - (memory?.knownMs ?? atMs)
  const hours = sinceMs <= COST_GAP_MS && memory?.unknownMs === null ? sinceMs / 3_600_000 : 0
  const cost_usd = alert.cost_usd + Math.max(0, reading.usd_per_hour ?? 0) * hours
  return { ...alert, state: 'firing', severity, reading, cost_usd, because: null }
}

function unknown(pass: Pass, { print, alert, memory, row }: Omit<Seen, 'value'>): void {
  const { rule, atMs, isLate } = pass
  const unknownMs = memory?.unknownMs ?? atMs
  if (rule.no_data === 'ignore') {
    if (memory !== undefined) pass.series.set(print, memory)
    return
  }
  if (alert === null && memory === undefined && rule.no_data === 'hold') return
  if (alert?.state === 'firing')
    pass.out.push(
      heldAlert({ ...alert, reading: readingOf(row) }, isLate ? BECAUSE.late : BECAUSE.noData),
    )
  const marks = (memory?.marks ?? atStart(rule.thresholds, alert)).map((mark) => ({
    ...mark,
    beyondMs: null,
    backMs: null,
  }))
  const knownMs = memory?.knownMs ?? null
  pass.series.set(print, { marks, knownMs, unknownMs, isAbsent: false })
}

/** With `no_data: alert`: opens after a while without a value, ends with the first one. */
function noData(pass: Pass, { print, alert, memory, row }: Seen): void {
  const { rule, atMs, isLate } = pass
  const isUnknown = isLate || row.value === null
  if (!isUnknown) {
    if (alert !== null) pass.out.push(resolvedAlert(alert, atMs, BECAUSE.dataAgain))
    return
  }
  // What is late as a whole is told once, by whoever watches the pipeline.
  if (rule.no_data !== 'alert' || isLate || alert !== null) return
  const sinceMs = memory?.unknownMs ?? atMs
  const waitMs = Math.max(NO_DATA_MS, (rule.thresholds[0]?.for ?? 0) * 1000)
  if (atMs - sinceMs < waitMs) return
  const what = { en: `${rule.title.en}: no data`, zh: `${rule.title.zh}：没有数据` }
  pass.out.push(
    openAlert({
      fingerprint: print,
      rule: rule.name,
      labels: row.labels,
      severity: 'data',
      state: 'firing',
      sinceMs,
      atMs,
      reading: { ...NO_READING, what },
    }),
  )
}

/** An open alert whose series the answer does not name. */
function absent(
  pass: Pass,
  alert: Alert,
  memory: SeriesMemory | undefined,
  isWhole: boolean,
): void {
  const { rule, atMs, isLate } = pass
  const sinceMs = memory?.isAbsent === true ? (memory.unknownMs ?? atMs) : atMs
  if (isWhole && atMs - sinceMs >= ABSENT_MS) {
    pass.out.push(resolvedAlert(alert, atMs, BECAUSE.gone))
    return
  }
  if (alert.state === 'firing' && rule.no_data !== 'ignore')
    pass.out.push(heldAlert(alert, isLate ? BECAUSE.late : BECAUSE.noData))
  const marks = atStart(rule.thresholds, alert)
  // While the answer is not whole nobody knows whether it is there: the wait begins when it is.
  const unknownMs = isWhole ? sinceMs : atMs
  pass.series.set(alert.fingerprint, {
    marks,
    knownMs: memory?.knownMs ?? null,
    unknownMs,
    isAbsent: isWhole,
  })
}

const readingOf = (row: SignalRow): AlertReading => ({
  value: row.value,
  low: row.low ?? null,
  high: row.high ?? null,
  coverage: row.coverage ?? null,
  usd_per_hour: row.usd_per_hour ?? null,
  devices: row.devices ?? null,
  what: row.what ?? null,
  why: row.why ?? null,
  doing: row.doing ?? null,
  known: row.known ?? null,
})
