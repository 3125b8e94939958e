import { ReportModel } from '#schemas/report/model.ts'
import { actionsOf } from '../actions.ts'
import { judged } from '../judge.ts'
import { both, inBoth, periodWords } from '../words.ts'
import { alertsSection } from './alerts.ts'
import { causeLine, causesOf, causesSection } from './causes.ts'
import { definitionsSection } from './definitions.ts'
import { holidaysOf } from './holidays.ts'
import { hourCells, hoursSection } from './hours.ts'
import type { BuildInput } from './input.ts'
import { waterfallBars, waterfallSection } from './losses.ts'
import { milestoneSection, unitCostSection } from './milestone.ts'
import { dataLine, pageFigures, pageNumbers, verdict } from './page.ts'
import { energySection } from './energy.ts'
import { jobsSection, tenantsSection } from './people.ts'
import { heatSection } from './heat.ts'
import { poolsSection } from './pools.ts'
import { qualitySection } from './quality.ts'
import { costRows } from './costs.ts'

const iso = (ms: number) => new Date(ms).toISOString()
const HOUR_MS = 3_600_000

/**
 * One period's answers as a report that was never issued (revision 0). Pure: the same answers give the same report, and
 * nothing in it says when it was made.
 */
export function buildReport(input: BuildInput): ReportModel {
  const { answers, calendar, id, kind, state } = input
  const { window, before, fleet } = answers
  const causes = causesOf(input)
  const figures = pageFigures(input, causes)
  const cells = hourCells(input)
  const holidays = holidaysOf(input)
  const bars = waterfallBars(input)
  const causesSaid = causeLine(causes, input)
  const verdictSaid = verdict(input, figures)
  const hours = (window.toMs - window.fromMs) / HOUR_MS
  const periodHours = (calendar.period(id).toMs - calendar.period(id).fromMs) / HOUR_MS
  return ReportModel.parse({
    week: id,
    revision: 0,
    from: iso(window.fromMs),
    to: iso(window.toMs),
    utilization: fleet.ledger.utilization,
    coverage: fleet.ledger.coverage,
    definition: answers.definition,
    kind,
    state,
    time_zone: calendar.timeZone,
    hours,
    site: answers.site,
    simulated: answers.simulated,
    title: titleOf(input),
    versus:
      before === null || input.versusId === null
        ? null
        : { week: input.versusId, from: iso(before.fromMs), to: iso(before.toMs) },
    page: {
      verdict: verdictSaid,
      cause_line: causesSaid,
      data_line: dataLine(input, figures),
      numbers: pageNumbers(figures),
      actions: actionsOf(answers, (ms) => calendar.local(ms).date),
      last_actions: judged(input.lastActions, answers, Math.min(1, hours / periodHours)),
    },
    card: inBoth((language) => `${verdictSaid[language]}\n${causesSaid[language]}`),
    waterfall: bars,
    heat_map: cells,
    holidays,
    costs: costRows(answers.costs),
    changes: [],
    sections: [
      waterfallSection(input, bars),
      hoursSection(input, cells, holidays),
      causesSection(causes, input),
      tenantsSection(input),
      jobsSection(input),
      poolsSection(input),
      energySection(input),
      heatSection(input),
      alertsSection(input),
      qualitySection(input),
      milestoneSection(input),
      unitCostSection(input),
      definitionsSection(input),
    ],
    sources: answers.sources,
  })
}

function titleOf({ id, kind, answers }: BuildInput) {
  const year = id.slice(0, 4)
  const site = answers.site === '' ? '' : `${answers.site}: `
  const isWeek = kind === 'week'
  return both(
    `${site}${periodWords(id, 'en')}${isWeek ? ` of ${year}` : ''}`,
    `${site}${isWeek ? `${year} 年` : ''}${periodWords(id, 'zh')}`,
  )
}
