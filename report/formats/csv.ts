import type { ReportFormat, ReportLanguage } from '#schemas/report/format.ts'
import type { Figure } from '#schemas/report/figure.ts'
import type { ReportModel } from '#schemas/report/model.ts'
import type { Cell, Table } from '#schemas/report/section.ts'
import { UNIT_NAMES } from '../table.ts'
import { BYTE_ORDER_MARK, csvLine, type CsvValue } from './csv-text.ts'
import { focusLines } from './focus.ts'
import { inLanguage, missingWords } from './language.ts'
import { zipFiles } from './zip.ts'

/** One CSV file a table, the first page, and the cost of every hour in FOCUS columns, in a zip. */
export const csvFormat: ReportFormat = {
  name: 'csv',
  mediaType: 'application/zip',
  extension: 'csv.zip',
  render: (model, language) => Promise.resolve(zipFiles(csvFiles(model, language))),
}

export function csvFiles(model: ReportModel, language: ReportLanguage) {
  const tables = model.sections.flatMap(({ id, tables: own }) =>
    own.map((table) => ({
      name: own.length === 1 || table.id === id ? id : `${id}-${table.id}`,
      table,
    })),
  )
  const files = [
    { name: '00-page', text: pageText(model, language) },
    ...tables.map(({ name, table }, at) => ({
      name: `${String(at + 1).padStart(2, '0')}-${name}`,
      text: tableText(table, language),
    })),
    { name: 'cost-focus-1.2', text: focusLines(model).map(csvLine).join('') },
  ]
  return files.map(({ name, text }) => ({
    name: `${name}.csv`,
    bytes: Buffer.from(BYTE_ORDER_MARK + text),
  }))
}

function pageText(
  { title, page, week, revision, from, to, definition, time_zone }: ReportModel,
  language: ReportLanguage,
): string {
  const words = (en: string, zh: string) => inLanguage({ en, zh }, language)
  const lines: CsvValue[][] = [
    [words('Report', '报告'), inLanguage(title, language)],
    [words('Period', '时段'), week],
    [words('Revision', '修订'), revision],
    [words('From', '起'), from],
    [words('To, exclusive', '止（不含）'), to],
    [words('Time zone', '时区'), time_zone],
    [words('Definitions', '口径'), definition],
    [words('Verdict', '结论'), inLanguage(page.verdict, language)],
    [words('Why it moved', '变化原因'), inLanguage(page.cause_line, language)],
    [words('Data', '数据'), inLanguage(page.data_line, language)],
    ...page.numbers.map(({ label, figure }) => [
      `${inLanguage(label, language)} (${inLanguage(UNIT_NAMES[figure.unit], language)})`,
      numberOr(figure, language),
    ]),
    ...page.actions.map(({ words: action, owner, due, promised }) => [
      words('Action', '行动'),
      inLanguage(action, language),
      inLanguage(owner, language),
      due,
      numberOr(promised, language),
    ]),
    ...page.last_actions.map(({ words: action, owner, state, result }) => [
      words('Last action', '上期行动'),
      inLanguage(action, language),
      inLanguage(owner, language),
      state,
      inLanguage(result, language),
    ]),
  ]
  return lines.map(csvLine).join('')
}

function tableText({ columns, rows, total }: Table, language: ReportLanguage): string {
  const head = columns.map(({ title, unit }) =>
    unit === null
      ? inLanguage(title, language)
      : `${inLanguage(title, language)} (${inLanguage(UNIT_NAMES[unit], language)})`,
  )
  const body = (total === null ? rows : [...rows, total]).map((row) =>
    columns.map(({ id }) => cellValue(row[id], language)),
  )
  return [head, ...body].map(csvLine).join('')
}

function cellValue(cell: Cell | undefined, language: ReportLanguage): CsvValue {
  if (cell === undefined || typeof cell === 'string') return cell ?? ''
  return 'text' in cell ? numberOr(cell, language) : inLanguage(cell, language)
}

/** As printed but without separators, so that it reads back as the same number with the same digits. */
const numberOr = (figure: Figure, language: ReportLanguage): CsvValue =>
  figure.value === null
    ? missingWords(figure, language)
    : { digits: figure.value.toFixed(figure.decimals) }
