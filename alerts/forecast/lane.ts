import type { Forecast, ForecastBook, ForecastScore } from '#schemas/alerts/forecast.ts'
import type { AlertFacts, ScopeSlices } from '#schemas/alerts/ports.ts'
import type { Silence } from '#schemas/alerts/alert.ts'
import { plannedWindows } from '#schemas/alerts/planned.ts'
import type { AlertLabels } from '#schemas/alerts/severity.ts'
import type { SignalAnswer, SignalRow } from '#schemas/alerts/signals.ts'
import type { ZoneSet, ZoneSlice } from '#schemas/alerts/zone-set.ts'
import type { Clock, Logger } from '#schemas/role.ts'
import { ZONE_HISTORY_MS } from '../zones/evaluate.ts'
import { zonePages } from '../zones/pages.ts'
import { scopeHead, zoneLabels } from '../zones/reading.ts'
import { knownFacts } from './facts.ts'
import { standingOf } from './score.ts'
import { calendarAt } from './season.ts'
import {
  HISTORY_SLICES,
  NOT_MUTED,
  openScope,
  SCORED_FOR_MS,
  stepScope,
  type WatchedScope,
} from './scope.ts'
import { extendSeries, readingOf, type Series, SLICE_MS } from './series.ts'
import { forecastSignal } from './signal.ts'

/** Scopes of all zone sets that are looked ahead for, the largest first: each keeps one to two MB of its past. */
export const FORECAST_SCOPES_MAX = 50
/** Rows of slices that one question to the store may bring; a scope has up to three busy sources. */
const SLICES_AT_ONCE = 60_000
const WEEK_MS = 7 * 86_400_000
const DAY_MS = 86_400_000
const HOUR_MS = 3_600_000
/** What counts for muting (`standingOf`). */
const JUDGED_MS = 2 * WEEK_MS
const JUDGED_AHEAD_S = 3600
/** A forecast that is older against what is settled says nothing of now. */
const STALE_MS = 3 * SLICE_MS
/** Loss at the line is drawn from the loss now; nearer to the target than this it says nothing. */
const TARGET = 0.75
const FROM_TARGET_MIN = 0.01

export interface ForecastLaneDeps {
  readonly facts: Pick<
    AlertFacts,
    'zoneScopes' | 'zoneSlices' | 'settledUntilMs' | 'lossPerHour' | 'scheduler' | 'plans'
  >
  readonly book: ForecastBook
  /** Asked at each slice, so that the file may change. */
  readonly sets: () => readonly ZoneSet[]
  readonly timeZone: () => string
  /** Maintenance windows and silences as alerting knows them. */
  readonly silences: () => Iterable<Silence>
  /** Local days that are like Sundays, `2026-10-01`. */
  readonly holidays: () => readonly string[]
  readonly clock: Clock
  readonly log: Logger
  /** Lets other work in between two scopes. */
  readonly breathe: () => Promise<void>
}

export interface ForecastLane {
  /**
   * The signal `forecast_zone` as of the newest slice that is done. Never waits for a forecast: a newly closed slice is
   * looked at meanwhile. Rejects with what made the last slice fail.
   */
  signal(): Promise<SignalAnswer>
  /** Ends when nothing is under way; nothing is begun any more. */
  stop(): Promise<void>
  /** Ends when nothing is under way. */
  idle(): Promise<void>
}

/** Looks ahead from each closed slice of each scope, keeps what was expected, and scores it when it has come. */
export function createForecastLane(given: ForecastLaneDeps): ForecastLane {
  const { facts, book, clock, log } = given
  const deps: ForecastLaneDeps = {
    ...given,
    async breathe() {
      await given.breathe()
      if (isStopped) throw new Error('stopped while it looked ahead')
    },
  }
  let watched: ReadonlyMap<string, WatchedScope> = new Map()
  let rows: readonly SignalRow[] = []
  let doneMs = 0
  let judgedMs = 0
  let failure: unknown = null
  let isStopped = false
  let isLosing = false
  let running: Promise<void> | null = null

  const advance = async (toMs: number) => {
    const found = await scopesAt(deps, toMs)
    const isJudging = toMs - judgedMs >= DAY_MS
    const fresh = found.filter(({ key }) => !watched.has(key))
    const histories = await historiesOf(deps, fresh, toMs)
    const stored = fresh.length === 0 ? [] : await storedForecasts(book, toMs)
    const scores = isJudging || fresh.length > 0 ? await judgedScores(book, toMs) : null
    const next = new Map<string, WatchedScope>()
    const out: { made: Forecast[]; scores: ForecastScore[]; rows: SignalRow[] } = {
      made: [],
      scores: [],
      rows: [],
    }
    for (const { key, set, scope, slices } of found) {
      const name = labelsKey(zoneLabels(set, scope))
      const standing = scores === null ? null : standingOf(scores.get(name) ?? [], toMs)
      const before =
        watched.get(key) ??
        openScope({
          set,
          scope,
          series: histories.get(key) ?? { fromMs: 0, readings: [] },
          stored: stored.filter(({ labels }) => labelsKey(labels) === name),
          standing: NOT_MUTED,
        })
      const holidays = new Set(deps.holidays())
      const calendar = calendarAt(toMs, { timeZone: deps.timeZone(), holidays })
      const judged = standing === null ? before : { ...before, standing }
      const known = await knownOf(deps, scope, slices)
      const step = stepScope(judged, slices, { toMs, calendar, facts: known })
      next.set(key, step.scope)
      if (step.scope.newest !== null) out.made.push(step.scope.newest)
      out.scores.push(...step.scores)
      out.rows.push(await rowOf(deps, step.scope))
      await deps.breathe()
    }
    watched = next
    rows = out.rows
    doneMs = toMs
    if (isJudging) judgedMs = toMs
    await save(out.made, out.scores)
  }

  const save = async (made: readonly Forecast[], scores: readonly ForecastScore[]) => {
    try {
      if (made.length > 0) await book.saveForecasts(made)
      if (scores.length > 0) await book.saveScores(scores)
      isLosing = false
    } catch (error) {
      if (!isLosing)
        log.warn('forecasts cannot be stored: they are not scored', { cause: String(error) })
      isLosing = true
    }
  }

  const begin = (toMs: number) => {
    running ??= advance(toMs)
      .then(
        () => void (failure = null),
        (error: unknown) => void (failure = error),
      )
      .finally(() => void (running = null))
  }

  return {
    async signal() {
      const settledMs = await facts.settledUntilMs()
      const atMs = settledMs ?? clock()
      const toMs = Math.floor((settledMs ?? 0) / SLICE_MS) * SLICE_MS
      const told = failure
      if (toMs > doneMs && !isStopped) begin(toMs)
      if (told !== null) throw told
      const isStale = toMs - doneMs > STALE_MS
      return {
        atMs,
        rows: isStale ? rows.map(({ labels }) => ({ labels, value: null })) : rows,
        covered: { '': rows.length },
      }
    },
    idle: async () => {
      await running
    },
    async stop() {
      isStopped = true
      await running
    },
  }
}

/** Without the word of schedulers and people the usual pattern still is known. */
async function knownOf(
  { facts, silences, clock }: ForecastLaneDeps,
  scope: AlertLabels,
  slices: readonly ZoneSlice[],
) {
  const newest = slices.at(-1)
  const utilization = newest === undefined ? null : readingOf(newest).utilization
  const windows = plannedWindows(silences(), clock())
  const outages = await facts.plans(scope, windows).catch(() => [])
  return knownFacts(await facts.scheduler(scope).catch(() => null), { outages, utilization })
}

interface Found {
  readonly key: string
  readonly set: ZoneSet
  readonly scope: AlertLabels
  readonly slices: readonly ZoneSlice[]
}

/** Scopes of all sets that have a newest slice, the largest first; `slices` reach back as far as zones look. */
async function scopesAt({ facts, sets }: ForecastLaneDeps, toMs: number): Promise<Found[]> {
  const found: Found[] = []
  for (const set of sets()) {
    const current = await currentScopes(facts, set, toMs)
    // A set that was changed is another set: its scopes are learned anew.
    const name = JSON.stringify(set)
    for (const { labels: scope, slices } of current)
      found.push({ key: `${name} ${labelsKey(scope)}`, set, scope, slices })
  }
  const size = ({ slices }: Found) => Number(slices.at(-1)?.baseMs ?? 0n)
  return found.sort((a, b) => size(b) - size(a)).slice(0, FORECAST_SCOPES_MAX)
}

/** The largest scopes of a set that have a newest slice. */
async function currentScopes(facts: ForecastLaneDeps['facts'], set: ZoneSet, toMs: number) {
  const current: ScopeSlices[] = []
  for await (const page of zonePages(facts, set, { fromMs: toMs - ZONE_HISTORY_MS, toMs })) {
    current.push(...page.filter(({ slices }) => slices.at(-1)?.fromMs === toMs - SLICE_MS))
    if (current.length >= FORECAST_SCOPES_MAX) break
  }
  return current
}

/** Up to eight weeks of slices of scopes that are new here. */
async function historiesOf(
  { facts, breathe }: ForecastLaneDeps,
  fresh: readonly Found[],
  toMs: number,
): Promise<ReadonlyMap<string, Series>> {
  const histories = new Map<string, Series>()
  for (const [set, scopes] of Map.groupBy(fresh, (one) => one.set)) {
    const keys = new Map(scopes.map(({ key, scope }) => [labelsKey(scope), key]))
    // A scope has one label, its value; the fleet has none.
    const values = scopes.flatMap(({ scope }) => Object.values(scope))
    const fit = Math.floor(SLICES_AT_ONCE / Math.max(1, scopes.length)) * SLICE_MS
    const chunkMs = Math.min(WEEK_MS, Math.max(DAY_MS, fit))
    for (let fromMs = toMs - HISTORY_SLICES * SLICE_MS; fromMs < toMs; fromMs += chunkMs) {
      const endMs = Math.min(toMs, fromMs + chunkMs)
      const range = { fromMs, toMs: endMs }
      for (const { labels, slices } of await facts.zoneSlices(set, range, values)) {
        const key = keys.get(labelsKey(labels))
        if (key === undefined) continue
        const before = histories.get(key) ?? { fromMs: 0, readings: [] }
        const span = { toMs: endMs, slicesMax: HISTORY_SLICES }
        histories.set(key, extendSeries(before, slices, span))
      }
      await breathe()
    }
  }
  return histories
}

/** Forecasts that have points to be scored, of all scopes, oldest first; by the hour, since a row is some kB. */
async function storedForecasts(book: ForecastBook, toMs: number): Promise<Forecast[]> {
  const stored: Forecast[] = []
  for (let fromMs = toMs - SCORED_FOR_MS; fromMs < toMs; fromMs += HOUR_MS)
    stored.push(...(await book.forecasts({ fromMs, toMs: fromMs + HOUR_MS })))
  return stored
}

/** Two weeks of scores one hour ahead, by scope. */
async function judgedScores(
  book: ForecastBook,
  toMs: number,
): Promise<ReadonlyMap<string, ForecastScore[]>> {
  const scores: ForecastScore[] = []
  for (let fromMs = toMs - JUDGED_MS; fromMs < toMs; fromMs += DAY_MS)
    scores.push(...(await book.scores({ fromMs, toMs: fromMs + DAY_MS, aheadS: JUDGED_AHEAD_S })))
  return Map.groupBy(scores, ({ labels }) => labelsKey(labels))
}

const labelsKey = (labels: AlertLabels) => JSON.stringify(labels, Object.keys(labels).sort())

async function rowOf(deps: ForecastLaneDeps, watched: WatchedScope): Promise<SignalRow> {
  const { set, scope, newest, standing, devices } = watched
  if (newest === null) return { labels: zoneLabels(set, scope), value: null, devices }
  const isTold = newest.announced !== 'no' && set.tier === 'busy'
  const lost = isTold ? await deps.facts.lossPerHour(scope).catch(() => null) : null
  const away = TARGET - newest.now
  const usdPerHourAtLine =
    lost === null || Math.abs(away) < FROM_TARGET_MIN
      ? null
      : (lost * (TARGET - newest.line)) / away
  return forecastSignal(newest, {
    head: scopeHead(set, scope, newest.now),
    timeZone: deps.timeZone(),
    standing,
    usdPerHourAtLine,
    devices,
  })
}
