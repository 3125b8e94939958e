/**
 * How far ahead the danger zone is announced: `npm run bench -- forecast [--json] [--seeds N] [--train]`. Planted fleets
 * (alerts/forecast/planted.ts) of 1,000 to 50,000 devices, two judged weeks each after four of history; seeds to tune on
 * are 1 to 99, those that are reported begin at 101. Then Helios, where shared/traces is beside the checkout: learned on
 * W18 to W20, judged on W21 and W22. One seed takes some ten seconds.
 */
import { parseArgs } from 'node:util'
import type { ForecastScore } from '#schemas/alerts/forecast.ts'
import {
  HELIOS_CALENDAR,
  heliosFit,
  heliosHours,
  heliosMinutes,
  heliosSlices,
  isHeliosHere,
  may,
  naiveErrors,
  ourErrors,
} from '../alerts/forecast/helios.testing.ts'
import { NOTHING_KNOWN } from '../alerts/forecast/known.ts'
import { planted, PLANTED_LINE } from '../alerts/forecast/planted.ts'
import { judge, replay } from '../alerts/forecast/replay.ts'
import { median } from '../alerts/forecast/robust.ts'
import { score, scoreTable } from '../alerts/forecast/score.ts'
import { readingOf, seriesOf, SLICE_MS } from '../alerts/forecast/series.ts'

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    seeds: { type: 'string', default: '8' },
    train: { type: 'boolean', default: false },
  },
})
const UTC = { utcOffsetMs: 0, holidays: new Set<string>() }
const WEEKS_JUDGED = 2
const CAUSES = ['job', 'plan', 'ramp', 'drift', 'silent'] as const

const first = values.train ? 1 : 101
const seeds = Array.from({ length: Number(values.seeds) }, (_, at) => first + at)
const onPlanted = judgePlanted(seeds)
const onHelios = isHeliosHere ? judgeHelios() : null
if (values.json) console.log(JSON.stringify({ planted: onPlanted, helios: onHelios }))
else {
  console.log(`planted, seeds ${first} to ${seeds.at(-1)}`)
  console.table([onPlanted.total])
  console.table(onPlanted.causes)
  if (onHelios === null) console.log('Helios: shared/traces is not beside the checkout')
  else {
    console.log('Helios: mean absolute error of the next hour')
    console.table(onHelios.weeks)
    console.log(
      `Helios: every forecast of W21 and W22 by distance; announced: ${onHelios.announced}`,
    )
    console.table(onHelios.scores)
  }
}

function judgePlanted(all: readonly number[]) {
  const leads = new Map<string, number[]>(CAUSES.map((cause) => [cause, []]))
  const counts = { right: 0, wrong: 0, wrongPages: 0, pages: 0 }
  for (const seed of all) {
    const fleet = planted(seed)
    const { series, devices, judgedFromMs: fromMs } = fleet
    const found = replay({
      labels: {},
      line: PLANTED_LINE,
      calendar: UTC,
      factsAt: (atMs) => fleet.factsAt(atMs),
      series,
      devices,
      fromMs,
      toMs: series.fromMs + series.readings.length * SLICE_MS,
    })
    const verdict = judge(found)
    counts.right += verdict.right
    counts.wrong += verdict.wrong
    counts.wrongPages += verdict.wrongPages
    counts.pages += found.announced.filter(({ pagedMs }) => pagedMs !== null).length
    for (const { crossing, minutes } of verdict.leads)
      leads.get(fleet.causeOf(crossing.atMs))?.push(minutes)
    if (!values.json)
      console.error(
        `seed ${seed}: ${verdict.leads.length} crossings, ${verdict.right} right, ${verdict.wrong} wrong`,
      )
  }
  const possible = CAUSES.filter((cause) => cause !== 'silent').flatMap(
    (cause) => leads.get(cause) ?? [],
  )
  const weeks = all.length * WEEKS_JUDGED
  return {
    total: {
      weeks,
      crossings_warning_possible: possible.length,
      steps_without_any_warning: leads.get('silent')?.length ?? 0,
      median_lead_min: median(possible),
      unannounced: possible.filter((minutes) => minutes === 0).length,
      precision: round(counts.right / (counts.right + counts.wrong)),
      announced: counts.right + counts.wrong,
      pages: counts.pages,
      false_alerts_per_week: round(counts.wrong / weeks),
      false_pages_per_week: round(counts.wrongPages / weeks),
    },
    causes: CAUSES.map((cause) => {
      const own = leads.get(cause) ?? []
      const unannounced = own.filter((minutes) => minutes === 0).length
      return {
        cause,
        crossings: own.length,
        unannounced,
        median_lead_min: own.length === 0 ? null : median(own),
      }
    }),
  }
}

function judgeHelios() {
  const minutes = heliosMinutes()
  const hours = heliosHours(minutes)
  const slices = heliosSlices(minutes)
  const series = seriesOf(slices)
  const fit = heliosFit(slices)
  const weeks = [
    { week: 'W21', monday: 18 },
    { week: 'W22', monday: 25 },
  ].map(({ week, monday }) => {
    const naive = naiveErrors(hours, monday)
    const ours = ourErrors(series, fit, { hours, monday }).median
    return {
      week,
      ours: ours.toFixed(6),
      last_hour: naive.lastHour.toFixed(6),
      yesterday: naive.yesterday.toFixed(6),
      last_week: naive.lastWeek.toFixed(6),
    }
  })
  const scores: ForecastScore[] = []
  const end = slices.length
  const devices = Math.round(Number(slices[0]?.baseMs ?? 0n) / SLICE_MS)
  // The fit stays that of W18 to W20: nothing of the judged weeks is learned from.
  const found = replay(
    {
      labels: {},
      line: 0.6,
      calendar: HELIOS_CALENDAR,
      factsAt: () => NOTHING_KNOWN,
      series,
      devices,
      fromMs: may(18),
      toMs: may(32),
      fit,
    },
    (made) => {
      for (const { ahead_s } of made.points) {
        const at = (made.made_ms - series.fromMs) / SLICE_MS + ahead_s / 300 - 1
        const slice = at < end ? slices[at] : undefined
        const utilization = slice === undefined ? null : readingOf(slice).utilization
        if (slice === undefined || utilization === null) continue
        const point = { ...made, points: made.points.filter((one) => one.ahead_s === ahead_s) }
        scores.push(...score([point], { fromMs: slice.fromMs, utilization }))
      }
    },
  )
  const verdict = judge(found)
  const leads = verdict.leads.map((one) => one.minutes)
  return {
    weeks,
    announced: `${verdict.right} right, ${verdict.wrong} wrong (${verdict.wrongPages} pages); minutes ahead of the ${leads.length} crossings: ${leads.join(', ')}`,
    scores: scoreTable(scores).map((row) => ({
      ahead_min: row.aheadS / 60,
      forecasts: row.count,
      error: round(row.error),
      level_stays: round(row.persistenceError),
      last_week: row.lastWeekError === null ? null : round(row.lastWeekError),
      pinball: round(row.pinball),
      inside_80: round(row.inside),
    })),
  }
}

function round(value: number): number {
  return Math.round(value * 10_000) / 10_000
}
