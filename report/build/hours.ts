import type { HourCell, ReportHoliday } from '#schemas/report/model.ts'
import type { Section } from '#schemas/report/section.ts'
import { figure } from '../round.ts'
import { column, figures, section, table } from '../table.ts'
import { both } from '../words.ts'
import { below } from './gaps.ts'
import { type BuildInput, LEVELS } from './input.ts'
import { median } from './median.ts'

const HOUR_MS = 3_600_000
const MINUTE_MS = 60_000

/** Every hour of the period with its minutes below the lines. */
export function hourCells({ answers, calendar }: BuildInput): HourCell[] {
  const { hours, minutes, window } = answers
  return hours.utilization.map((utilization, at) => {
    const fromMs = Math.max(window.fromMs, hours.fromMs + at * HOUR_MS)
    const toMs = Math.min(window.toMs, hours.fromMs + (at + 1) * HOUR_MS)
    const [first, end] = [fromMs, toMs].map((ms) => (ms - minutes.fromMs) / MINUTE_MS)
    const own = minutes.utilization.slice(first, end)
    const { date, hour } = calendar.local(fromMs)
    return {
      from: new Date(fromMs).toISOString(),
      local_date: date,
      local_hour: hour,
      utilization,
      coverage: hours.coverage[at] ?? null,
      below: {
        danger: below(own, LEVELS.danger),
        warn: below(own, LEVELS.warn),
        target: below(own, LEVELS.ticket),
      },
      unknown_minutes: own.filter((value) => value === null).length,
    }
  })
}

export function hoursSection(
  { answers }: BuildInput,
  cells: readonly HourCell[],
  holidays: readonly ReportHoliday[],
): Section {
  const { minutes, slices } = answers
  if (minutes.utilization.length === 0)
    return section('hours', [], {
      state: 'not_known',
      lead: [
        both('Periods of more than 32 days have no minutes.', '超过 32 天的时段没有逐分钟数据。'),
      ],
    })
  const sum = (read: (cell: HourCell) => number) =>
    figure(
      'minutes',
      cells.reduce((total, cell) => total + read(cell), 0),
    )
  const days = [...Map.groupBy(cells, ({ local_date }) => local_date)]
  const row = (own: readonly HourCell[]) => {
    const of = (read: (cell: HourCell) => number) =>
      figure(
        'minutes',
        own.reduce((total, cell) => total + read(cell), 0),
      )
    const known = own.map(({ utilization }) => utilization).filter((value) => value !== null)
    return {
      lowest: figure('percent', known.length === 0 ? null : Math.min(...known)),
      highest: figure('percent', known.length === 0 ? null : Math.max(...known)),
      below_target: of(({ below: { target } }) => target),
      below_warn: of(({ below: { warn } }) => warn),
      below_danger: of(({ below: { danger } }) => danger),
      unknown: of(({ unknown_minutes }) => unknown_minutes),
    }
  }
  const named = (day: string) =>
    holidays.length === 0 ? {} : { holiday: holidays.find(({ date }) => date === day)?.name ?? '' }
  const sliceLine = (level: number) => figure('count', below(slices.utilization, level))
  const known = slices.utilization.filter((value) => value !== null).length
  return section('hours', [
    table('days', both('Minutes below the lines, by day', '每日低于各线的分钟数'), {
      columns: [
        column('day', 'Day', '日期'),
        column('lowest', 'Lowest hour', '最低小时', 'percent'),
        column('highest', 'Highest hour', '最高小时', 'percent'),
        column('below_target', 'Below 75 %', '低于 75 %', 'minutes'),
        column('below_warn', 'Below 65 %', '低于 65 %', 'minutes'),
        column('below_danger', 'Below 60 %', '低于 60 %', 'minutes'),
        column('unknown', 'Unknown', '未知', 'minutes'),
        ...(holidays.length === 0 ? [] : [column('holiday', 'Holiday', '节假日')]),
      ],
      rows: days.map(([day, own]) => ({ day, ...row(own), ...named(day) })),
      total: {
        ...row(cells),
        day: both('Period', '全期'),
        ...named(''),
        below_target: sum(({ below: { target } }) => target),
      },
    }),
    figures('slices', both('Five-minute slices', '五分钟片'), [
      { what: both('Slices known', '已知片数'), figure: figure('count', known) },
      { what: both('Below 60 %', '低于 60 %'), figure: sliceLine(LEVELS.danger) },
      { what: both('Below 65 %', '低于 65 %'), figure: sliceLine(LEVELS.warn) },
      { what: both('Below 75 %', '低于 75 %'), figure: sliceLine(LEVELS.ticket) },
      {
        what: both('Median minute', '分钟中位数'),
        figure: figure('percent', median(minutes.utilization), { decimals: 2 }),
      },
    ]),
  ])
}
