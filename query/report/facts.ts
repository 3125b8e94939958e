import { PlimsollError } from '#schemas/errors.ts'
import type { EnergyAnswer, PueAnswer } from '#schemas/api-facility.ts'
import type { LossGroup, OwnerFigures } from '#schemas/api-ledger.ts'
import type { JournalState } from '#schemas/journal-state.ts'
import type {
  FleetWindow,
  RackHeat,
  ReportAnswers,
  ReportFacts,
  ReportQuestion,
  ReportWindow,
  WindowUtilization,
} from '#schemas/report/facts.ts'
import { DEFINITION_SET } from '#schemas/zones.ts'
import { forecastReader } from '../alerts/forecasts.ts'
import type { Told } from '../alerts/items.ts'
import { energyDevices } from '../energy-devices.ts'
import { explain } from '../explain.ts'
import { energyAnswer } from '../facility/energy.ts'
import type { FacilityDeps } from '../facility/deps.ts'
import { pueAnswer } from '../facility/pue.ts'
import { siteAt } from '../facility/tariff.ts'
import { parseFilters } from '../filters.ts'
import { groupCells, readCells, totalOf } from '../ledger/cells.ts'
import { boundsOf, hoursOf } from '../ledger/figures.ts'
import { ledgerAnswer, statesFinalUntil } from '../ledger/ledger.ts'
import { lossAnswer } from '../ledger/loss.ts'
import { ownersAnswer } from '../ledger/owners.ts'
import { tiersAnswer } from '../ledger/tiers.ts'
import { NO_COLUMNS } from '../queries/fleet-sums.ts'
import { reportHeat, reportRestatements } from '../queries/report.ts'
import { DAY_MS, HOUR_MS, iso, isoOrNull, MINUTE_MS } from '../window.ts'
import { alertsTold } from './alerts-told.ts'
import { costFacts } from './costs.ts'
import { notingReader } from './sources.ts'
import { fleetSteps } from './steps.ts'

/** Racks with the least distance from slowdown; what is throttled is counted in the loss. */
const RACKS_MAX = 20
/** Forecasts of this far ahead are what a report scores. */
const SCORED_AHEAD_S = 3600

export interface ReportFactsDeps extends FacilityDeps {
  readonly journalState: () => Promise<JournalState>
  /** Alerting as it stands; rejects with E_JOURNAL_AWAY. */
  readonly told: () => Promise<Told>
}

/** The answers that reports are built from, out of the functions that answer the API. */
export function createReportFacts(deps: ReportFactsDeps): ReportFacts {
  return {
    async settled() {
      const { firstMinuteMs, settledUntilMs } = await deps.published()
      return { firstMs: firstMinuteMs, untilMs: settledUntilMs }
    },
    costBook: async () => (await deps.journalState()).cost_book?.body.book ?? null,
    answers: (question) => answers(deps, question),
  }
}

const asked = ({ fromMs, toMs }: ReportWindow) => ({ from: iso(fromMs), to: iso(toMs) })

async function answers(given: ReportFactsDeps, question: ReportQuestion): Promise<ReportAnswers> {
  const noting = notingReader(given.reader)
  const deps = { ...given, reader: noting.reader }
  const { window, before, earlier, months } = question
  const all = { ...asked(window), filters: [] }
  const journal = await deps.journalState()
  const published = await deps.published()
  // One after the other: a report must not take the store away from people and alerts.
  const fleet = await fleetWindow(deps, window)
  const costs = await costFacts(deps, window, question.cuts)
  const owners = await ownersAnswer(deps, all)
  const read = {
    fleet,
    before: before === null ? null : await fleetWindow(deps, before),
    ...costs,
    earlier: await utilizations(deps, earlier),
    months: await utilizations(deps, months),
    minutes: await fleetSteps(deps, window, MINUTE_MS),
    slices: await fleetSteps(deps, window, 5 * MINUTE_MS),
    hours: await fleetSteps(deps, window, HOUR_MS),
    explain: before === null ? null : await explained(deps, before, window),
    tiers: first((await tiersAnswer(deps, { ...all, basis: 'bf16' })).groups),
    owners: owners.owners,
    nobody: owners.nobody,
    owners_earlier: await ownersEarlier(deps, earlier),
    jobs: await jobs(deps, window),
    pools: await pools(deps, window),
    ...(await energy(deps, window)),
    racks: await racks(deps, window, fleet),
    alerts: await orNull(async () => alertsTold(await deps.told(), window)),
    scores: await scores(deps, window),
    restatements: await restatements(deps, window),
    cost_book: journal.cost_book?.body.book ?? null,
  }
  const { facility } = await deps.documents()
  return {
    ...read,
    window,
    definition: DEFINITION_SET,
    simulated: deps.simulated,
    contracted_hours: contractedHours(read.owners),
    site: siteAt(facility, window.toMs - 1)?.site ?? '',
    sources: {
      ...noting.asked(),
      settled_until: isoOrNull(published.settledUntilMs),
      states_final_until: statesFinalUntil(published),
      journal: journal.last,
      prices: journal.prices?.sequence ?? null,
      contracts: journal.contracts?.sequence ?? null,
      owners: journal.owners?.sequence ?? null,
      cost_book: journal.cost_book?.sequence ?? null,
      facility_entries: journal.entries.facility,
      inventory_entries: journal.entries.inventory,
    },
  }
}

/** Devices under contract by time, hours; null where no contract says anything of the period. */
function contractedHours(owners: readonly OwnerFigures[]): number | null {
  const sold = owners.flatMap(({ contract }) => contract?.sold_device_seconds ?? [])
  return sold.length === 0 ? null : sold.reduce((sum, seconds) => sum + seconds, 0) / 3600
}

async function fleetWindow(deps: ReportFactsDeps, window: ReportWindow): Promise<FleetWindow> {
  const question = { ...asked(window), filters: [] }
  const ledger = await ledgerAnswer(deps, question)
  const loss = await lossAnswer(deps, question)
  return { ...window, ledger: first(ledger.groups), loss: first(loss.groups) }
}

/** The group of a question without `group_by`: there always is one. */
function first<Group>(groups: readonly Group[]): Group {
  const [group] = groups
  if (group !== undefined) return group
  throw new PlimsollError('E_INTERNAL', 'an answer about the whole fleet has no group')
}

async function utilizations(
  deps: ReportFactsDeps,
  windows: readonly (ReportWindow & { readonly id: string })[],
): Promise<WindowUtilization[]> {
  const published = await deps.published()
  const found: WindowUtilization[] = []
  for (const window of windows) {
    const { cells } = await readCells(deps, { window, published, ...WHOLE, groupBy: [] })
    const totals = totalOf(cells)
    const { utilization, coverage } = boundsOf(totals)
    found.push({
      ...window,
      utilization,
      coverage,
      capacity_hours: hoursOf(totals.capacity * 1000n),
      known_hours: hoursOf(totals.known * 1000n),
      busy_hours: hoursOf(totals.busyX1000),
    })
  }
  return found
}

const WHOLE = { filters: parseFilters([]), more: [], columns: NO_COLUMNS, prices: null } as const

/** Utilization of every tenant over the periods before, as one window. */
async function ownersEarlier(
  deps: ReportFactsDeps,
  earlier: readonly ReportWindow[],
): Promise<ReadonlyMap<string, number | null>> {
  if (earlier.length === 0) return new Map()
  const window = {
    fromMs: Math.min(...earlier.map(({ fromMs }) => fromMs)),
    toMs: Math.max(...earlier.map(({ toMs }) => toMs)),
  }
  const published = await deps.published()
  const groupBy = ['tenant'] as const
  const { cells } = await readCells(deps, { window, published, ...WHOLE, groupBy })
  return new Map(
    groupCells(cells, groupBy).map(({ key, cells: members }) => [
      key['tenant'] ?? '',
      boundsOf(totalOf(members)).utilization,
    ]),
  )
}

/** What a question that the period is too long or too early for answers. */
async function orNull<Answer>(ask: () => Promise<Answer>): Promise<Answer | null> {
  try {
    return await ask()
  } catch (error) {
    if (error instanceof PlimsollError && UNASKABLE.has(error.code)) return null
    throw error
  }
}

const UNASKABLE = new Set<string>(['E_RANGE_INVALID', 'E_QUERY_TOO_LARGE', 'E_JOURNAL_AWAY'])

const explained = (deps: ReportFactsDeps, before: ReportWindow, window: ReportWindow) => {
  const [a, b] = [asked(before), asked(window)]
  return orNull(() =>
    explain(deps, { a_from: a.from, a_to: a.to, b_from: b.from, b_to: b.to, filters: [] }),
  )
}

async function jobs(deps: ReportFactsDeps, window: ReportWindow): Promise<readonly LossGroup[]> {
  const question = { ...asked(window), groupBy: 'tenant,job,class', filters: [] }
  return (await orNull(() => lossAnswer(deps, question)))?.groups ?? []
}

async function pools(deps: ReportFactsDeps, window: ReportWindow): Promise<ReportAnswers['pools']> {
  const question = { ...asked(window), groupBy: 'pool', filters: [] }
  const ledger = await ledgerAnswer(deps, question)
  const losses = new Map(
    (await lossAnswer(deps, question)).groups.map((group) => [group.key['pool'] ?? '', group]),
  )
  return ledger.groups.flatMap((group) => {
    const loss = losses.get(group.key['pool'] ?? '')
    return loss === undefined ? [] : [{ ledger: group, loss }]
  })
}

/** Energy is kept by quarter hours: the part of the period that whole ones make. */
async function energy(
  deps: ReportFactsDeps,
  window: ReportWindow,
): Promise<Pick<ReportAnswers, 'energy' | 'pue' | 'devices_energy'>> {
  const range = asked(window)
  const { settledUntilMs } = await deps.settledScopes()
  const isMetered = settledUntilMs !== null && settledUntilMs > window.fromMs
  const site = isMetered
    ? await orNull<EnergyAnswer>(() =>
        energyAnswer(deps, { ...range, resolution: 'all', groupBy: 'role' }),
      )
    : null
  const pue = isMetered
    ? await orNull<PueAnswer>(() => pueAnswer(deps, { ...range, resolution: 'all', scope: 'site' }))
    : null
  const devices = await orNull(() =>
    energyDevices(deps, { ...range, groupBy: undefined, filters: [] }),
  )
  return { energy: site, pue, devices_energy: devices?.groups[0] ?? null }
}

async function racks(
  deps: ReportFactsDeps,
  window: ReportWindow,
  { loss }: FleetWindow,
): Promise<readonly RackHeat[]> {
  const rows = await reportHeat.run(deps.reader, { ...inSeconds(window), rows: RACKS_MAX })
  const { gpu_hours, usd } = loss.throttled_by_cause.heat
  const perHour = usd === null || gpu_hours === 0 ? null : usd / gpu_hours
  return rows.map(({ hall, rack, least_margin, hottest, throttled_heat_ms_x1000 }) => {
    const hours = hoursOf(throttled_heat_ms_x1000)
    return {
      hall,
      rack,
      margin_celsius_min: least_margin,
      temperature_celsius_max: hottest,
      throttled_heat_hours: hours,
      throttled_heat_usd: perHour === null ? null : hours * perHour,
    }
  })
}

const inSeconds = ({ fromMs, toMs }: ReportWindow) => ({
  from_s: Math.floor(fromMs / 1000),
  to_s: Math.ceil(toMs / 1000),
})

async function scores(
  { reader }: ReportFactsDeps,
  { fromMs, toMs }: ReportWindow,
): Promise<ReportAnswers['scores']> {
  if (toMs - fromMs > 8 * DAY_MS) return null
  const found = await forecastReader(reader).scores({ fromMs, toMs, aheadS: SCORED_AHEAD_S })
  return found.length === 0 ? null : found
}

async function restatements(
  { reader }: ReportFactsDeps,
  window: ReportWindow,
): Promise<ReportAnswers['restatements']> {
  const rows = await reportRestatements.run(reader, inSeconds(window))
  return rows.map(({ reason, minutes, known_ms, busy_ms_x1000 }) => ({
    reason,
    minutes,
    known_change_hours: hoursOf(known_ms * 1000n),
    busy_change_hours: hoursOf(busy_ms_x1000),
  }))
}
