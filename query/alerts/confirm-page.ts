/** What the page of a link says; `form` = what its button does. */
export interface ConfirmPage {
  readonly title: string
  readonly lines: readonly string[]
  readonly form?: {
    readonly button: string
    readonly hidden: Readonly<Record<string, string>>
    readonly choice?: {
      readonly name: string
      readonly label: string
      readonly options: readonly { readonly value: string; readonly text: string }[]
    }
  }
}

export type ConfirmLanguage = 'en' | 'zh'

/** The first of the two languages that the browser names. */
export function languageOf(header: string | undefined): ConfirmLanguage {
  const named = (header ?? '').toLowerCase().matchAll(/(?:^|,)\s*(en|zh)\b/g)
  return [...named][0]?.[1] === 'zh' ? 'zh' : 'en'
}

export const CONFIRM_TEXTS = {
  en: {
    ack: 'Acknowledge these alerts?',
    ackAbout: 'No reminders and no escalation meanwhile. The alerts go on and are recorded.',
    ackButton: 'Acknowledge',
    ackDone: 'Acknowledged',
    silence: 'Silence these alerts?',
    silenceAbout: 'Nobody is told of them meanwhile. They go on and are recorded.',
    silenceButton: 'Silence',
    silenceDone: 'Silenced',
    hours: (count: number) => (count === 1 ? 'for 1 hour' : `for ${count} hours`),
    howLong: 'How long',
    until: (time: string) => `Until ${time}`,
    by: (who: string, time: string) => `Already done by ${who}, until ${time}`,
    none: 'Nothing of this group is open any more.',
    more: (count: number) => `and ${count} more`,
    bad: 'This link does not work',
    badAbout:
      'It is older than seven days or incomplete. Open Plimsoll to acknowledge or silence alerts.',
  },
  zh: {
    ack: '确认这些告警？',
    ackAbout: '在此期间不再提醒，也不升级。告警继续存在并被记录。',
    ackButton: '确认',
    ackDone: '已确认',
    silence: '静默这些告警？',
    silenceAbout: '在此期间不通知任何人。告警继续存在并被记录。',
    silenceButton: '静默',
    silenceDone: '已静默',
    hours: (count: number) => `${count} 小时`,
    howLong: '时长',
    until: (time: string) => `至 ${time}`,
    by: (who: string, time: string) => `已由 ${who} 处理，至 ${time}`,
    none: '该组告警均已结束。',
    more: (count: number) => `另有 ${count} 条`,
    bad: '此链接无效',
    badAbout: '链接已超过七天或不完整。请打开 Plimsoll 确认或静默告警。',
  },
} as const

const BODY =
  'font:16px/1.5 system-ui,sans-serif;max-width:40rem;margin:2rem auto;padding:0 1rem;color:#1a1a1a;background:#fff'
const BUTTON = 'font:inherit;padding:.6rem 1.2rem;margin-top:1rem'

/** One page without scripts, styles or images from anywhere. */
export function confirmHtml(
  { title, lines, form }: ConfirmPage,
  language: ConfirmLanguage,
): string {
  const paragraphs = lines.map((line) => `<p>${escape(line)}</p>`).join('\n')
  return `<!doctype html>
<html lang="${language === 'zh' ? 'zh-CN' : 'en'}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta name="robots" content="noindex">
<title>${escape(title)}</title></head>
<body style="${BODY}"><main><h1 style="font-size:1.4rem">${escape(title)}</h1>
${paragraphs}
${form === undefined ? '' : formHtml(form)}</main></body></html>
`
}

function formHtml({ button, hidden, choice }: NonNullable<ConfirmPage['form']>): string {
  const fields = Object.entries(hidden).map(
    ([name, value]) => `<input type="hidden" name="${escape(name)}" value="${escape(value)}">`,
  )
  const options = choice?.options.map(
    ({ value, text }) => `<option value="${escape(value)}">${escape(text)}</option>`,
  )
  const select =
    choice === undefined
      ? ''
      : `<label>${escape(choice.label)} <select name="${escape(choice.name)}" style="font:inherit">${options?.join('')}</select></label><br>`
  return `<form method="post">${fields.join('')}${select}<button style="${BUTTON}">${escape(button)}</button></form>`
}

const escape = (text: string) =>
  text.replaceAll(/[&<>"']/g, (character) => `&#${character.codePointAt(0) ?? 0};`)
