import type { ReportHoliday } from '#schemas/report/model.ts'
import { both } from '../words.ts'
import type { BuildInput } from './input.ts'

/** Holidays within the period, each date once, in order. */
export function holidaysOf({ answers, calendar, holidays }: BuildInput): ReportHoliday[] {
  const { fromMs, toMs } = answers.window
  const [first, last] = [fromMs, toMs - 1].map((ms) => calendar.local(ms).date)
  const within = holidays.filter(
    ({ date }) => first !== undefined && last !== undefined && date >= first && date <= last,
  )
  const byDate = new Map(within.map((holiday) => [holiday.date, holiday]))
  return [...byDate.values()]
    .toSorted((a, b) => (a.date < b.date ? -1 : 1))
    .map(({ date, name, name_zh }) => ({
      date,
      name: both(name || 'holiday', name_zh || name || '节假日'),
    }))
}
