import type { ReportFormat, ReportLanguage } from '#schemas/report/format.ts'
import type { ReportModel } from '#schemas/report/model.ts'
import type { Section, Table } from '#schemas/report/section.ts'
import { said, type Language } from '../../words.ts'
import {
  cellText,
  emptyText,
  footLine,
  headText,
  isNumeric,
  moreRows,
  pageOf,
  PRINTED,
  spanText,
  STATES,
} from '../words.ts'
import { drawHeatMap, drawWaterfall } from './charts.ts'
import { Sheet } from './sheet.ts'
import { drawTable, startHeight } from './table.ts'

const MUTED = '#4a5a64'
const TEXT = { size: 9.5 } as const
const SMALL = { size: 8, colour: MUTED } as const
const H2 = { size: 12, weight: 'bold' } as const
const H3 = { size: 9.5, weight: 'bold' } as const
/** A table's title with what is around it. */
const TITLE = 22
/** A section's title, its coverage and lead, a table's title and its first row. */
const SECTION_START = 130

/** A4 with real text and drawn charts; the same report gives the same bytes. */
export const pdfFormat: ReportFormat = {
  name: 'pdf',
  mediaType: 'application/pdf',
  extension: 'pdf',
  async render(model, language) {
    const [first = 'en', ...others] = languages(language)
    const sheet = await Sheet.open({
      title: `${model.title[first]} · Plimsoll`,
      language: first === 'en' ? 'en' : 'zh-CN',
      // The time of writing would make every copy another file.
      at: new Date(model.to),
    })
    draw(sheet, model, first)
    for (const one of others) {
      sheet.nextPage()
      draw(sheet, model, one)
    }
    return sheet.close((page, pages) => `${footLine(model, first)} · ${pageOf(page, pages, first)}`)
  },
}

const languages = (language: ReportLanguage): readonly Language[] =>
  language === 'both' ? ['en', 'zh'] : [language]

function draw(sheet: Sheet, model: ReportModel, language: Language): void {
  drawFirstPage(sheet, model, language)
  sheet.nextPage()
  drawChanges(sheet, model, language)
  for (const section of model.sections) drawSection(sheet, section, language)
}

function drawFirstPage(sheet: Sheet, model: ReportModel, language: Language): void {
  const { page } = model
  const revision = model.revision > 1 ? ` · r${model.revision}` : ''
  const site = model.site === '' ? '' : `${model.site} · `
  sheet.paragraph(`${site}${spanText(model)}${revision}`, SMALL, 1)
  sheet.paragraph(model.title[language], { size: 19, weight: 'bold' }, 6)
  if (model.revision === 0) sheet.paragraph(PRINTED.draft[language], H3, 6)
  if (model.simulated) drawSimulated(sheet, language)
  sheet.paragraph(page.verdict[language], { size: 12.5, weight: 'bold' }, 6)
  sheet.paragraph(page.cause_line[language], TEXT, 8)
  heading(sheet, PRINTED.waterfall[language])
  drawWaterfall(sheet, model, language)
  if (model.heat_map.length > 0) {
    heading(sheet, PRINTED.heatMap[language])
    drawHeatMap(sheet, model, language)
  }
  drawActions(sheet, model, language)
  sheet.y += 6
  sheet.paragraph(page.data_line[language], TEXT, 0)
}

function heading(sheet: Sheet, text: string): void {
  sheet.need(40)
  sheet.y += 8
  sheet.paragraph(text, H2, 4)
}

function drawSimulated(sheet: Sheet, language: Language): void {
  const look = { size: 9.5, weight: 'bold', colour: '#4a3300' } as const
  const { x, width } = sheet.line
  const inner = { x: x + 8, width: width - 16 }
  const height = sheet.heightOf(PRINTED.simulated[language], inner.width, look)
  sheet.box(sheet.line, height + 8, '#fcefcf')
  sheet.y += 4
  sheet.textAt(PRINTED.simulated[language], inner, look)
  sheet.y += height + 10
}

function drawActions(sheet: Sheet, { page }: ReportModel, language: Language): void {
  if (page.actions.length > 0) heading(sheet, PRINTED.actions[language])
  for (const [at, { words, owner, due, promised }] of page.actions.entries()) {
    sheet.paragraph(`${at + 1}. ${words[language]}`, TEXT, 0)
    const who = `${PRINTED.who[language]}: ${owner[language]}`
    const until = `${PRINTED.due[language]} ${due}`
    const worth = `${PRINTED.promised[language]} ${said(promised, language)}`
    sheet.paragraph([who, until, worth].join(' · '), SMALL, 3)
  }
  if (page.last_actions.length > 0) heading(sheet, PRINTED.lastActions[language])
  // Who was asked stands in the report before: this page is one page.
  for (const { words, state, result } of page.last_actions) {
    const came = `${STATES[state][language]}, ${result[language]}`
    sheet.paragraph(`${words[language]}: ${came}`, TEXT, 2)
  }
}

function drawChanges(sheet: Sheet, { changes }: ReportModel, language: Language): void {
  if (changes.length === 0) return
  heading(sheet, PRINTED.changes[language])
  drawTable(sheet, {
    heads: [PRINTED.changed, PRINTED.before, PRINTED.after, PRINTED.why].map(
      (one) => one[language],
    ),
    rows: changes.map(({ what, before, after, why }) => [
      what[language],
      said(before, language),
      said(after, language),
      why[language],
    ]),
    total: null,
    numeric: [false, true, true, false],
  })
}

function drawSection(sheet: Sheet, section: Section, language: Language): void {
  // A title at the foot of a page would name nothing.
  sheet.need(section.tables.length > 0 ? SECTION_START : 0)
  heading(sheet, section.title[language])
  if (section.coverage !== null)
    sheet.paragraph(`${PRINTED.known[language]}: ${said(section.coverage, language)}`, SMALL, 3)
  for (const words of section.lead) sheet.paragraph(words[language], TEXT, 3)
  if (section.state !== 'known' && section.lead.length === 0) {
    const missing = section.state === 'not_entered' ? PRINTED.notEntered : PRINTED.notKnown
    sheet.paragraph(missing[language], { ...TEXT, colour: MUTED }, 3)
  }
  for (const table of section.tables) drawOne(sheet, { table, section }, language)
}

function drawOne(
  sheet: Sheet,
  { table, section }: { readonly table: Table; readonly section: Section },
  language: Language,
): void {
  if (table.rows.length === 0 && table.total === null) {
    sheet.need(TITLE * 2)
    sheet.y += 4
    sheet.paragraph(table.title[language], H3, 3)
    sheet.paragraph(emptyText(section, language), { ...TEXT, colour: MUTED }, 3)
    return
  }
  const texts = (row: Table['rows'][number]) =>
    table.columns.map((column) => cellText(row[column.id], column, language))
  const drawn = {
    heads: table.columns.map((column) => headText(column, language)),
    rows: table.rows.map(texts),
    total: table.total === null ? null : texts(table.total),
    numeric: table.columns.map(({ id }) => table.rows.some((row) => isNumeric(row[id]))),
  }
  sheet.need(TITLE + startHeight(sheet, drawn))
  sheet.y += 4
  sheet.paragraph(table.title[language], H3, 3)
  drawTable(sheet, drawn)
  const notes = [
    ...(table.more > 0 ? [moreRows(table.more, language)] : []),
    ...(table.note === null ? [] : [table.note[language]]),
  ]
  sheet.paragraph(notes.join(' · '), SMALL, 2)
}
