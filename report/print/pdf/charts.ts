import type { ReportModel } from '#schemas/report/model.ts'
import { said, type Language } from '../../words.ts'
import { BAR_FILL, placedBars } from '../bars.ts'
import { HEAT_LOOK, heatDays, type HeatHour } from '../heat.ts'
import { dayLabel, holidayLine, PRINTED } from '../words.ts'
import type { Sheet } from './sheet.ts'

/** The charts of the first page, drawn as shapes with their figures beside them. */

const ROW = 13.5
const HEAD = { size: 8, weight: 'bold', colour: '#4a5a64' } as const

export function drawWaterfall(sheet: Sheet, { waterfall }: ReportModel, language: Language): void {
  const { x, width } = sheet.line
  const columns = {
    name: { x, width: width * 0.3 },
    bar: { x: x + width * 0.31, width: width * 0.37 },
    hours: { x: x + width * 0.69, width: width * 0.16 },
    usd: { x: x + width * 0.86, width: width * 0.14 },
  }
  sheet.textAt(PRINTED.hours[language], columns.hours, { ...HEAD, align: 'right' })
  sheet.textAt(PRINTED.cost[language], columns.usd, { ...HEAD, align: 'right' })
  sheet.y += ROW
  for (const { bar, from, width: share, look } of placedBars(waterfall)) {
    sheet.need(ROW)
    const weight = look === 'whole' || look === 'busy' ? 'bold' : 'regular'
    sheet.textAt(bar.title[language], columns.name, { size: 9, weight })
    sheet.textAt(bar.gpu_hours.text, columns.hours, { size: 9, weight, align: 'right' })
    if (bar.usd !== null)
      sheet.textAt(said(bar.usd, language), columns.usd, { size: 9, align: 'right' })
    sheet.y += 2
    const place = {
      x: columns.bar.x + from * columns.bar.width,
      width: Math.max(0.6, share * columns.bar.width),
    }
    sheet.box(place, 9, BAR_FILL[look])
    sheet.y += ROW - 2
  }
}

const CELL = 13

export function drawHeatMap(
  sheet: Sheet,
  { heat_map: cells, holidays }: ReportModel,
  language: Language,
): void {
  const days = heatDays(cells)
  const { x, width } = sheet.line
  const [name, last] = [44, 52]
  const cell = (width - name - last) / 24
  sheet.textAt(PRINTED.day[language], { x, width: name }, HEAD)
  for (let hour = 0; hour < 24; hour += 1)
    sheet.textAt(
      String(hour),
      { x: x + name + hour * cell, width: cell },
      { ...HEAD, size: 7, align: 'center' },
    )
  sheet.textAt(
    PRINTED.below[language],
    { x: x + width - last, width: last },
    { ...HEAD, size: 7, align: 'right' },
  )
  sheet.y += CELL
  for (const { date, hours, below } of days) {
    sheet.need(CELL)
    sheet.textAt(dayLabel(date, holidays), { x, width: name }, { size: 8 })
    for (const [at, hour] of hours.entries())
      if (hour !== null) drawHour(sheet, hour, { x: x + name + at * cell, width: cell - 1 })
    sheet.textAt(below, { x: x + width - last, width: last }, { size: 8, align: 'right' })
    sheet.y += CELL
  }
  sheet.y += 3
  const look = { size: 7, colour: '#4a5a64' } as const
  sheet.paragraph(PRINTED.legend[language], look, 0)
  sheet.paragraph(holidayLine(holidays, language), look, 0)
}

function drawHour(sheet: Sheet, hour: HeatHour, place: { x: number; width: number }): void {
  const { fill, ink, mark, bold } = HEAT_LOOK[hour.level]
  sheet.box(place, CELL - 1, fill)
  const weight = bold ? 'bold' : 'regular'
  const before = sheet.y
  sheet.y += 1.5
  sheet.textAt(`${mark}${hour.text}`, place, { size: 6.5, weight, colour: ink, align: 'center' })
  sheet.y = before
}
