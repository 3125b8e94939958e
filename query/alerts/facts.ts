import type { AlertFacts } from '#schemas/alerts/ports.ts'
import type { AlertLabels } from '#schemas/alerts/severity.ts'
import type { SignalAnswer } from '#schemas/alerts/signals.ts'
import type { SchedulerTold } from '#schemas/scheduler-book.ts'
import { PlimsollError } from '#schemas/errors.ts'
import { contingency } from '../contingency.ts'
import { explain } from '../explain.ts'
import { parseFilters } from '../filters.ts'
import { bookOf, readCells } from '../ledger/cells.ts'
import { lossesOf } from '../ledger/loss.ts'
import { usdOf } from '../ledger/money.ts'
import { NO_COLUMNS } from '../queries/fleet-sums.ts'
import { HOUR_MS, iso } from '../window.ts'
import { deviceSignals } from './device-signals.ts'
import { eventsAfter } from './events.ts'
import { fleetSignals } from './fleet-signals.ts'
import { jobSignals } from './job-signals.ts'
import { filtersOf } from './label-filters.ts'
import { plannedOutages } from './plans.ts'
import { plantSignals } from './plant-signals.ts'
import { rackSignals } from './rack-signals.ts'
import { createCovered, noAnswer, type SignalDeps, type SignalSources, withGone } from './signal.ts'
import { schedulerFacts } from './scheduler-facts.ts'
import { SIGNAL_NAMES, wellValue } from './signals.ts'
import { placesNow, standing } from './standing.ts'
import { zoneScopes, zoneSlices } from './zone-slices.ts'

const SLICE_MS = 300_000

/** The answers alerting goes by, out of the same queries as screens and reports. */
export function createAlertFacts(deps: SignalDeps, told: () => Promise<SchedulerTold>): AlertFacts {
  const signals = createSignals(deps)
  return {
    zoneScopes: (set, range) => zoneScopes(deps, set, range),
    zoneSlices: (set, range, only) => zoneSlices(deps, set, range, only),
    async settledUntilMs() {
      return (await deps.published()).settledUntilMs
    },
    async signal(name) {
      const load = signals.get(name)
      if (load === undefined)
        throw new PlimsollError(
          'E_BAD_REQUEST',
          `there is no signal ${JSON.stringify(name.slice(0, 64))}`,
        )
      return load()
    },
    explain: ({ atMs, windowMs, labels }) =>
      explain(deps, {
        filters: filtersOf(labels),
        a_from: iso(atMs - windowMs),
        a_to: iso(atMs),
        b_from: iso(atMs),
        b_to: iso(atMs + windowMs),
      }),
    contingency: ({ level, labels }) =>
      contingency(deps, { level: String(level), filters: filtersOf(labels) }),
    lossPerHour: (labels) => lossPerHour(deps, labels),
    async scheduler(labels) {
      return schedulerFacts(deps, await told(), { labels, filters: filtersOf(labels) })
    },
    plans: (labels, windows) => plannedOutages(deps, labels, windows),
    eventsAfter: (cursor) => eventsAfter(deps, cursor),
    places: () => placesNow(deps),
    standing: (devices) => standing(deps, devices),
  }
}

/** Every signal of the catalogue by name; a test compares both. */
export function createSignals(deps: SignalDeps): ReadonlyMap<string, () => Promise<SignalAnswer>> {
  const covered = createCovered(deps)
  const sources: SignalSources = {
    ...fleetSignals(deps),
    ...jobSignals(deps, covered),
    ...deviceSignals(deps, covered),
    ...rackSignals(deps, covered),
    ...plantSignals(deps),
    // The evaluator's process answers these (alerts/forecast/lane.ts, alerts/rules/silent-signal.ts,
    // report/deliver/missing-signal.ts): elsewhere nobody looks.
    forecast_zone: () => Promise.resolve(noAnswer(deps.clock())),
    rule_silent: () => Promise.resolve(noAnswer(deps.clock())),
    report_missing: () => Promise.resolve(noAnswer(deps.clock())),
  }
  return new Map(
    SIGNAL_NAMES.flatMap((name) => {
      const load = sources[name]
      if (load === undefined) return []
      const well = wellValue(name)
      return [[name, well === null ? load : withGone(load, well)] as const]
    }),
  )
}

/** price x (0.75 x known - busy) of the last settled slice, an hour long; negative = ahead of the target. */
async function lossPerHour(deps: SignalDeps, labels: AlertLabels): Promise<number | null> {
  const published = await deps.published()
  const { settledUntilMs, firstMinuteMs } = published
  const toMs = Math.floor((settledUntilMs ?? 0) / SLICE_MS) * SLICE_MS
  if (firstMinuteMs === null || toMs - SLICE_MS < firstMinuteMs) return null
  const { cells } = await readCells(deps, {
    window: { fromMs: toMs - SLICE_MS, toMs },
    published,
    groupBy: [],
    filters: parseFilters(filtersOf(labels)),
    more: ['model', 'pool'],
    columns: NO_COLUMNS,
    prices: bookOf(await deps.documents()),
  })
  const usd = usdOf(lossesOf(cells).versusTarget)
  return usd === null ? null : (usd * HOUR_MS) / SLICE_MS
}
