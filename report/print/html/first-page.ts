import type { ReportModel } from '#schemas/report/model.ts'
import { said, type Language } from '../../words.ts'
import { BAR_FILL, type PlacedBar, placedBars } from '../bars.ts'
import { HEAT_LOOK, heatDays, type HeatDay } from '../heat.ts'
import { dayLabel, holidayLine, PRINTED, spanText, STATES } from '../words.ts'
import { dataTable, escaped, placing, STYLE } from './markup.ts'

/** The page that is read in a minute. */
export function firstPage(model: ReportModel, language: Language, withHours: boolean): string {
  const { page } = model
  return [
    heading(model, language),
    `<p style="margin:0 0 12px;font-size:18px;line-height:1.45;font-weight:600">${escaped(page.verdict[language])}</p>`,
    paragraph(page.cause_line[language]),
    waterfall(model, language),
    withHours ? heatMap(model, language) : '',
    actions(model, language),
    lastActions(model, language),
    paragraph(page.data_line[language]),
  ].join('')
}

const paragraph = (text: string) =>
  text === '' ? '' : `<p style="${STYLE.p}">${escaped(text)}</p>`

function heading(model: ReportModel, language: Language): string {
  const site = model.site === '' ? '' : `${escaped(model.site)} · `
  const revision = model.revision > 1 ? ` · r${model.revision}` : ''
  const draft = model.revision === 0 ? ` · ${PRINTED.draft[language]}` : ''
  const simulated = model.simulated
    ? `<p style="margin:0 0 12px;padding:8px 12px;background:#fcefcf;color:#4a3300;font-weight:600">${PRINTED.simulated[language]}</p>`
    : ''
  return `<p style="margin:0;${STYLE.small}">${site}${escaped(spanText(model))}${revision}${draft}</p><h1 style="margin:0 0 10px;font-size:24px;line-height:1.25">${escaped(model.title[language])}</h1>${simulated}`
}

function waterfall({ waterfall: bars }: ReportModel, language: Language): string {
  if (bars.length === 0) return ''
  const rows = placedBars(bars).map((placed) => {
    const { bar, look } = placed
    const isStrong = look === 'whole' || look === 'busy'
    return [
      { text: bar.title[language], isStrong },
      { text: '', drawn: drawnBar(placed) },
      { text: bar.gpu_hours.text, isStrong, isRight: true },
      { text: bar.usd === null ? '' : said(bar.usd, language), isRight: true },
    ]
  })
  const head = [
    { text: PRINTED.step[language] },
    { text: '', width: '38%' },
    { text: PRINTED.hours[language], isRight: true },
    { text: PRINTED.cost[language], isRight: true },
  ]
  return `<h2 style="${STYLE.h2}">${PRINTED.waterfall[language]}</h2>${dataTable(head, rows, 14)}`
}

/** A bar as cells with a width: what every mail program draws. */
function drawnBar({ from, width, look }: PlacedBar): string {
  const cells = [from, width, Math.max(0, 1 - from - width)].map((share, at) => {
    if (share < 0.0005) return ''
    const fill = at === 1 ? ` bgcolor=${BAR_FILL[look]}` : ''
    return `<td width="${(share * 100).toFixed(1)}%"${fill} style="font-size:9px;line-height:12px">&nbsp;</td>`
  })
  return placing('width="100%" style="table-layout:fixed"', `<tr>${cells.join('')}</tr>`)
}

function heatMap({ heat_map: cells, holidays }: ReportModel, language: Language): string {
  const days = heatDays(cells)
  if (days.length === 0) return ''
  const hours = days[0]?.hours.map((_, hour) => `<th scope="col">${hour}</th>`).join('') ?? ''
  const rows = days.map((day) => heatRow(day, dayLabel(day.date, holidays))).join('')
  const named = holidayLine(holidays, language)
  const legend = `${PRINTED.legend[language]}${named === '' ? '' : `<br>${escaped(named)}`}`
  return `<h2 style="${STYLE.h2}">${PRINTED.heatMap[language]}</h2><div style="overflow-x:auto"><table cellpadding="1" cellspacing="1" border="0" width="100%" style="min-width:640px;table-layout:fixed;${STYLE.text};font-size:10px;line-height:1.5;text-align:center"><tr style="color:#4a5a64"><th align="left" width="52">${PRINTED.day[language]}</th>${hours}<th width="48">${PRINTED.below[language]}</th></tr>${rows}</table></div><p style="margin:4px 0 0;${STYLE.small}">${legend}</p>`
}

function heatRow({ hours, below }: HeatDay, label: string): string {
  const cells = hours.map((hour) => {
    if (hour === null) return '<td></td>'
    const { fill, ink, mark, bold } = HEAT_LOOK[hour.level]
    const text = `${mark}${bold ? `<b>${hour.text}</b>` : hour.text}`
    // Of whole months there are 740 of these: nothing that can be left out.
    return `<td bgcolor=${fill}${ink === '#ffffff' ? ' style=color:#fff' : ''}>${text}</td>`
  })
  return `<tr><th align="left" style="white-space:nowrap;font-weight:400">${label}</th>${cells.join('')}<td nowrap>${below}</td></tr>`
}

function actions({ page }: ReportModel, language: Language): string {
  if (page.actions.length === 0) return ''
  const items = page.actions.map(
    ({ words, owner, due, promised }) =>
      `<li style="margin:0 0 6px">${escaped(words[language])}<br><span style="${STYLE.small}">${PRINTED.who[language]}: ${escaped(owner[language])} · ${PRINTED.due[language]} ${due} · ${PRINTED.promised[language]} ${said(promised, language)}</span></li>`,
  )
  return `<h2 style="${STYLE.h2}">${PRINTED.actions[language]}</h2><ol style="margin:0;padding:0 0 0 20px">${items.join('')}</ol>`
}

function lastActions({ page }: ReportModel, language: Language): string {
  if (page.last_actions.length === 0) return ''
  const items = page.last_actions.map(
    ({ words, owner, state, result }) =>
      `<li style="margin:0 0 6px">${escaped(words[language])}: <b>${STATES[state][language]}</b>, ${escaped(result[language])}<br><span style="${STYLE.small}">${PRINTED.who[language]}: ${escaped(owner[language])}</span></li>`,
  )
  return `<h2 style="${STYLE.h2}">${PRINTED.lastActions[language]}</h2><ul style="margin:0;padding:0 0 0 20px">${items.join('')}</ul>`
}
