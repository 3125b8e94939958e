import type { AlertSeverity } from '#schemas/alerts/severity.ts'
import type { ReportCard } from '#schemas/report/post.ts'
import type { ChannelMessage, PreviewBlock } from './channel.ts'

/** A message in the channel's language, as parts that each receiver arranges in its own way. */
export interface MessageTexts {
  readonly title: string
  /** The other lines; with both languages the Chinese ones follow, first line included. */
  readonly lines: readonly string[]
  readonly links: readonly { readonly text: string; readonly url: string }[]
  /** `Plimsoll, times of Asia/Shanghai`. */
  readonly footer: string
}

const LINK_WORDS = {
  en: { ack: 'Ack', chart: 'Chart', runbook: 'Runbook', silence: 'Silence 4 h' },
  zh: { ack: '确认', chart: '图表', runbook: '操作手册', silence: '静默 4 小时' },
} as const

export function textsOf(message: ChannelMessage): MessageTexts {
  const { notification, language, links, timeZone } = message
  const first = language === 'zh' ? notification.lines.zh : notification.lines.en
  const second = language === 'both' ? notification.lines.zh : []
  const [title = '', ...rest] = first.map(inert)
  const words = LINK_WORDS[language === 'zh' ? 'zh' : 'en']
  const order = ['ack', 'chart', 'runbook', 'silence'] as const
  return {
    title,
    lines: [...rest, ...second.map(inert)],
    links: order.flatMap((name) => {
      const url = links[name]
      return url === null ? [] : [{ text: words[name], url }]
    }),
    footer: language === 'zh' ? `Plimsoll，时间为 ${timeZone}` : `Plimsoll, times of ${timeZone}`,
  }
}

/** A report's card in the channel's language; with both the Chinese lines follow. */
export function reportTexts({
  title,
  lines,
  language,
  link,
  week,
  revision,
}: ReportCard): MessageTexts {
  const isZh = language === 'zh'
  const first = isZh ? lines.zh : lines.en
  const second = language === 'both' ? [title.zh, ...lines.zh] : []
  return {
    title: inert(isZh ? title.zh : title.en),
    lines: [...first, ...second].map(inert),
    links: [{ text: isZh ? '查看报告' : 'Read the report', url: link }],
    footer: `Plimsoll · ${week} r${revision}`,
  }
}

/**
 * Text that no receiver takes for anything but text: names of jobs and nodes come from outside. No breaks, no reversed
 * writing, no address that a client turns into a link; links are ours alone.
 */
export const inert = (text: string) =>
  text
    .replaceAll(/[\p{Cc}\p{Zl}\p{Zp}\u200b-\u200f\u202a-\u202e\u2060-\u2069]+/gu, ' ')
    .replaceAll('://', ': //')

/** For Markdown that has no reliable escapes (DingTalk, WeCom): what could open markup becomes its full-width twin. */
export const plainMarkdown = (text: string) =>
  text
    .replaceAll('<', '＜')
    .replaceAll('>', '＞')
    .replaceAll('](', '] (')
    .replaceAll('`', "'")
    .replaceAll('*', '＊')
    .replaceAll('~~', '～～')
    .replaceAll(/(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])/gu, '＿')
    .replace(/^(\s*)(#|[-+]\s|\d+\.\s)/u, '$1\\$2')

export const bytesOf = (text: string) => Buffer.byteLength(text)

/**
 * A body within `limit`: lines are cut to fewer and fewer letters, then dropped from the end, until `make` fits. The title
 * and the links always stay.
 */
export function fitting(
  texts: MessageTexts,
  fits: (made: string) => boolean,
  make: (texts: MessageTexts) => string,
): string {
  let made = make(texts)
  for (const most of [300, 200, 120, 80]) {
    if (fits(made)) return made
    made = make({ ...texts, lines: texts.lines.map((line) => cut(line, most)) })
  }
  let lines = texts.lines.map((line) => cut(line, 80))
  while (!fits(made) && lines.length > 0) {
    lines = lines.slice(0, -1)
    made = make({ ...texts, lines })
  }
  return made
}

/** At most `most` characters, never half of one. */
export function cut(text: string, most: number): string {
  const letters = Array.from(text)
  return letters.length <= most ? text : `${letters.slice(0, most - 1).join('')}…`
}

/** Red wakes, orange waits for the shift, green is over, blue is work of tomorrow, grey is not known. */
export function colourOf(message: ChannelMessage): NonNullable<PreviewBlock['colour']> {
  const { reason, severity } = message.notification
  if (reason === 'resolved') return 'green'
  if (reason === 'held' || reason === 'test') return 'grey'
  return COLOURS[severity]
}
const COLOURS: Readonly<Record<AlertSeverity, NonNullable<PreviewBlock['colour']>>> = {
  page: 'red',
  warn: 'orange',
  ticket: 'blue',
  data: 'grey',
}
