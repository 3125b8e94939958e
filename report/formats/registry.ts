import type { ReportFormat } from '#schemas/report/format.ts'
import { csvFormat } from './csv.ts'
import { htmlFormat } from '../print/html/html.ts'
import { pdfFormat } from '../print/pdf/pdf.ts'
import { jsonFormat } from './json.ts'
import { xlsxFormat } from './xlsx.ts'

/** Every way a report is written: one line each. */
export const FORMATS: readonly ReportFormat[] = [
  jsonFormat,
  htmlFormat,
  pdfFormat,
  xlsxFormat,
  csvFormat,
]
