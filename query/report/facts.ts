import type { OwnerFigures, LossGroup } from '#schemas/api-ledger.ts'
import type { JournalState } from '#schemas/journal-state.ts'
import type {
  ReportAnswers,
  ReportFacts,
  ReportQuestion,
  ReportWindow,
} from '#schemas/report/facts.ts'
import { DEFINITION_SET } from '#schemas/zones.ts'
import { forecastReader } from '../alerts/forecasts.ts'
import type { Told } from '../alerts/items.ts'
import { explain } from '../explain.ts'
import type { FacilityDeps } from '../facility/deps.ts'
import { siteAt } from '../facility/tariff.ts'
import { hoursOf } from '../ledger/figures.ts'
import { ledgerAnswer, statesFinalUntil } from '../ledger/ledger.ts'
import { lossAnswer } from '../ledger/loss.ts'
import { ownersAnswer } from '../ledger/owners.ts'
import { tiersAnswer } from '../ledger/tiers.ts'
import { reportRestatements } from '../queries/report.ts'
import { DAY_MS, HOUR_MS, isoOrNull, MINUTE_MS } from '../window.ts'
import { alertsTold } from './alerts-told.ts'
import { asked, inSeconds, orNull } from './asked.ts'
import { costFacts } from './costs.ts'
import { loopDrifts } from './loop-drift.ts'
import { comparison, first, fleetWindow, ownersEarlier, utilizations } from './periods.ts'
import { energy, racks } from './plant.ts'
import { type QueueDeps, queueFacts } from './queue.ts'
import { notingReader } from './sources.ts'
import { fleetSteps } from './steps.ts'

/** Forecasts of this far ahead are what a report scores. */
const SCORED_AHEAD_S = 3600

export interface ReportFactsDeps extends FacilityDeps, QueueDeps {
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

async function answers(given: ReportFactsDeps, question: ReportQuestion): Promise<ReportAnswers> {
  const noting = notingReader(given.reader)
  const deps = { ...given, reader: noting.reader }
  const { window, compared, earlier, months } = question
  const all = { ...asked(window), filters: [] }
  const [last] = compared
  const journal = await deps.journalState()
  const published = await deps.published()
  // One after the other: a report must not take the store away from people and alerts.
  const fleet = await fleetWindow(deps, window)
  const costs = await costFacts(deps, window, question.cuts)
  const owners = await ownersAnswer(deps, all)
  const read = {
    fleet,
    ...(await comparison(deps, compared)),
    ...costs,
    months: await utilizations(deps, months),
    minutes: await fleetSteps(deps, window, MINUTE_MS),
    slices: await fleetSteps(deps, window, 5 * MINUTE_MS),
    hours: await fleetSteps(deps, window, HOUR_MS),
    explain: last === undefined ? null : await explained(deps, last, window),
    tiers: first((await tiersAnswer(deps, { ...all, basis: 'bf16' })).groups),
    owners: owners.owners,
    nobody: owners.nobody,
    owners_earlier: await ownersEarlier(deps, earlier),
    jobs: await jobs(deps, window),
    pools: await pools(deps, window),
    queue: await orNull(() => queueFacts(deps, window)),
    ...(await energy(deps, window)),
    racks: await racks(deps, window, fleet),
    loops: await orNull(() => loopDrifts(deps, window)),
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
