import type { ReportFormat, ReportLanguage } from '#schemas/report/format.ts'
import type { ReportModel } from '#schemas/report/model.ts'
import type { Language } from '../../words.ts'
import { footLine } from '../words.ts'
import { appendix } from './appendix.ts'
import { firstPage } from './first-page.ts'
import { escaped, placing, STYLE } from './markup.ts'

/** Mail programs cut what is larger: Gmail at 102 kB. */
export const HTML_BYTES_MAX = 100_000
/** Rows of one table and whether hours are drawn, tried one after the other until the page is small enough. */
const CUTS = [
  ...[25, 15, 10, 5, 3].map((rows) => ({ rows, withHours: true })),
  ...[10, 5, 3, 1, 0].map((rows) => ({ rows, withHours: false })),
]
type Cut = (typeof CUTS)[number]

/** One self-contained page that mail programs show as browsers do: tables and styles on their elements, no script. */
export const htmlFormat: ReportFormat = {
  name: 'html',
  mediaType: 'text/html; charset=utf-8',
  extension: 'html',
  async render(model, language) {
    const encoder = new TextEncoder()
    let bytes = new Uint8Array()
    for (const cut of CUTS) {
      bytes = encoder.encode(pageOf(model, language, cut))
      if (bytes.length < HTML_BYTES_MAX) break
    }
    return bytes
  },
}

const languagesOf = (language: ReportLanguage): readonly Language[] =>
  language === 'both' ? ['en', 'zh'] : [language]

function pageOf(model: ReportModel, language: ReportLanguage, { rows, withHours }: Cut): string {
  const languages = languagesOf(language)
  const bodies = languages.map(
    (one) =>
      `<div lang="${tagOf(one)}">${firstPage(model, one, withHours)}${appendix(model, one, rows)}<p style="margin:24px 0 0;padding:8px 0 0;border-top:1px solid #dbe2e5;${STYLE.small}">${escaped(footLine(model, one))}</p></div>`,
  )
  const [first = 'en'] = languages
  const body = bodies.join('<hr style="margin:32px 0;border:0;border-top:3px solid #0b3a53">')
  const sheet = placing(
    'width="760" style="width:100%;max-width:760px;table-layout:fixed;background:#ffffff"',
    `<tr><td style="padding:24px 20px;${STYLE.text}">${body}</td></tr>`,
  )
  return `<!doctype html>
<html lang="${tagOf(first)}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="color-scheme" content="light only">
<title>${escaped(`${model.title[first]} · Plimsoll`)}</title>
</head>
<body style="margin:0;padding:0;background:#f3f5f5">
${placing('width="100%" style="table-layout:fixed;background:#f3f5f5"', `<tr><td align="center" style="padding:12px 8px">${sheet}</td></tr>`)}
</body>
</html>
`
}

const tagOf = (language: Language) => (language === 'en' ? 'en' : 'zh-CN')
