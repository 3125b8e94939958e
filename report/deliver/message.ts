import { createHash } from 'node:crypto'
import type { ReportLanguage } from '#schemas/report/format.ts'
import type { ReportModel } from '#schemas/report/model.ts'
import type { ReportCard, ReportMail } from '#schemas/report/post.ts'
import type { WrittenReport } from '#schemas/report/service.ts'
import { type Language } from '../words.ts'
import type { Recipient } from './recipients.ts'
import { bodyLines, subjectOf, titleOf } from './sentences.ts'

/** Files of one mail together: relays refuse more than 10 to 25 MB, and base64 makes them a third larger. */
const ATTACHED_BYTES_MAX = 7_000_000
/** Subjects beyond this are cut by mail programs. */
const SUBJECT_MAX = 200

/** One sending of one revision to one recipient. */
export interface Sending {
  readonly model: ReportModel
  readonly recipient: Recipient
  /** Entry that asked for it once more; null = the first time. */
  readonly again: number | null
  /** Without a slash at its end. */
  readonly publicUrl: string
}

const hash = (text: string) => createHash('sha256').update(text).digest('hex')

/** The same for a revision and a recipient whenever it is sent, so that a copy is known as one. */
function idOf({ model, recipient, again }: Sending): string {
  const base = `report.${model.week.replaceAll('..', '_')}.r${model.revision}.${hash(recipient.id).slice(0, 16)}`
  return again === null ? base : `${base}.again${again}`
}

export const linkOf = ({ model, publicUrl }: Pick<Sending, 'model' | 'publicUrl'>) =>
  `${publicUrl}/reports?week=${model.week}&revision=${model.revision}`

const languagesOf = (language: ReportLanguage): readonly Language[] =>
  language === 'both' ? ['en', 'zh'] : [language]

/** The card of a chat: verdict and causes in the channel's language, and where to read on. */
export function cardOf(sending: Sending): ReportCard {
  const { model, recipient } = sending
  const lines = (language: Language) =>
    model.card[language].split('\n').filter((line) => line !== '')
  return {
    id: `rpt_${hash(idOf(sending)).slice(0, 32)}`,
    week: model.week,
    revision: model.revision,
    title: { en: titleOf(model, 'en'), zh: titleOf(model, 'zh') },
    lines: { en: lines('en'), zh: lines('zh') },
    language: recipient.language,
    link: linkOf(sending),
  }
}

/** The mail: the report's own page, the same as text, and the files that were asked for as far as they fit. */
export function mailOf(
  sending: Sending,
  page: WrittenReport,
  files: readonly WrittenReport[],
): ReportMail {
  const { model, recipient } = sending
  const languages = languagesOf(recipient.language)
  const attached: WrittenReport[] = []
  const left: WrittenReport[] = []
  let bytes = 0
  for (const file of files) {
    const fits = bytes + file.bytes.length <= ATTACHED_BYTES_MAX
    if (fits) bytes += file.bytes.length
    ;(fits ? attached : left).push(file)
  }
  const link = linkOf(sending)
  const subject = languages.map((language) => subjectOf(model, language)).join(' / ')
  const notes = languages.map((language) => noteOf(language, link, left))
  const first = { ...sending, again: null }
  const isFirst = sending.again === null && model.revision === 1
  return {
    to: recipient.mail ?? '',
    subject: Array.from(subject).slice(0, SUBJECT_MAX).join(''),
    text: [
      ...languages.map((language, at) =>
        [titleOf(model, language), '', ...bodyLines(model, language), '', notes[at]].join('\n'),
      ),
      '',
    ].join('\n\n'),
    html: withNotes(Buffer.from(page.bytes).toString('utf8'), { link, notes }),
    attachments: attached.map(({ fileName, mediaType, bytes: content }) => ({
      fileName,
      mediaType,
      bytes: content,
    })),
    id: idOf(sending),
    replyTo: isFirst ? null : idOf({ ...first, model: { ...model, revision: 1 } }),
  }
}

function noteOf(language: Language, link: string, left: readonly WrittenReport[]): string {
  const names = left.map(({ fileName }) => fileName)
  if (language === 'en')
    return `${names.length === 0 ? '' : `Too large for this mail: ${names.join(', ')}. `}Read it, its files and its archive: ${link}`
  return `${names.length === 0 ? '' : `因过大未附上：${names.join('、')}。`}在线阅读、下载与存档：${link}`
}

/** The page with the notes at its end, the address as a link. */
function withNotes(
  html: string,
  { link, notes }: { readonly link: string; readonly notes: readonly string[] },
): string {
  const anchor = `<a href="${escaped(link)}">${escaped(link)}</a>`
  const shown = notes.map((note) => escaped(note).replace(escaped(link), () => anchor))
  const lines = `<p style="max-width:720px;margin:16px auto;padding:0 20px;font:13px/1.5 Arial,sans-serif;color:#45565e">${shown.join('<br>')}</p>`
  const end = html.lastIndexOf('</body>')
  return end === -1 ? `${html}${lines}` : `${html.slice(0, end)}${lines}\n${html.slice(end)}`
}

const escaped = (text: string) =>
  text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
