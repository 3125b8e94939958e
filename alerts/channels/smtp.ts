import { z } from 'zod'
import type { ReportMail } from '#schemas/report/post.ts'
import {
  accepted,
  type ChannelMessage,
  final,
  type PreviewBlock,
  retry,
  type Verdict,
} from './channel.ts'
import { textsOf } from './texts.ts'

/** A mail as it is handed to the relay. */
export interface Mail {
  readonly from: string
  readonly to: readonly string[]
  readonly subject: string
  readonly text: string
  /** The same for programs that show it. */
  readonly html?: string
  readonly attachments?: readonly {
    readonly fileName: string
    readonly mediaType: string
    readonly bytes: Uint8Array
  }[]
  readonly headers: Readonly<Record<string, string>>
}

/** What a relay said: its last reply code, and who was refused. Code 0 = nobody answered. */
export interface RelayAnswer {
  readonly code: number
  readonly reply: string
  readonly takenFor: number
  readonly refused: readonly string[]
}

/**
 * A mail of plain text. Its Message-ID is the notification, so that a mail program shows a repeated one once; all of a
 * group refer to one parent and stand in one thread.
 */
export function mailOf(
  message: ChannelMessage,
  envelope: { readonly from: string; readonly to: readonly string[] },
): Mail {
  const { notification, links } = message
  const texts = textsOf(message)
  const host = URL.parse(message.publicUrl)?.hostname ?? 'plimsoll.invalid'
  const own = message.person?.mail
  return {
    from: envelope.from,
    to: own === undefined || envelope.to.includes(own) ? envelope.to : [...envelope.to, own],
    subject: texts.title,
    text: [
      texts.title,
      ...texts.lines,
      '',
      ...texts.links.map(({ text, url }) => `${text}: ${url}`),
      '',
      texts.footer,
      '',
    ].join('\n'),
    headers: {
      'message-id': `<${notification.id}@${host}>`,
      'in-reply-to': `<${notification.group}@${host}>`,
      references: `<${notification.group}@${host}>`,
      'auto-submitted': 'auto-generated',
      'x-plimsoll-chart': links.chart,
      ...(notification.severity === 'page' ? { importance: 'high', 'x-priority': '1' } : {}),
    },
  }
}

/** A report's mail, from the relay's sender; its Message-ID is the same at each attempt. */
export function reportMailOf(
  report: ReportMail,
  { from, publicUrl }: { readonly from: string; readonly publicUrl: string },
): Mail {
  const { to, subject, text, html, attachments, id, replyTo } = report
  const host = URL.parse(publicUrl)?.hostname ?? 'plimsoll.invalid'
  const parent = replyTo === null ? null : `<${replyTo}@${host}>`
  return {
    from,
    to: [to],
    subject,
    text,
    html,
    attachments,
    headers: {
      'message-id': `<${id}@${host}>`,
      ...(parent === null ? {} : { 'in-reply-to': parent, references: parent }),
      'auto-submitted': 'auto-generated',
    },
  }
}

/** 2xx is success as soon as one recipient was taken; 5xx is final, all else is tried again. */
export function judgeRelay(answer: RelayAnswer): Verdict {
  const { code, reply, takenFor, refused } = answer
  if (code >= 200 && code < 300 && takenFor > 0) {
    const receipt = /\b(?:queued as|id=)\s*([\w.-]{4,64})/i.exec(reply)?.[1] ?? ''
    if (refused.length === 0) return accepted(receipt)
    const detail = `accepted for ${takenFor}, refused for ${refused.join(', ')}`.slice(0, 400)
    return { kind: 'accepted', detail, receipt }
  }
  const detail = code === 0 ? `no answer: ${reply}` : `${code}: ${reply}`
  return code >= 500 && code < 600 ? final(detail) : retry(detail)
}

/** What a mail program shows of a mail. */
export const previewMail = (body: string): PreviewBlock[] => {
  const { subject, text, attachments = [] } = Shown.parse(JSON.parse(body))
  const files = attachments.map(({ fileName, bytes }) => `${fileName} (${kilobytes(bytes)} kB)`)
  return [
    { kind: 'title', text: subject },
    { kind: 'text', text },
    ...(files.length === 0 ? [] : [{ kind: 'fields' as const, text: files.join('\n') }]),
  ]
}
const kilobytes = (bytes: number) => Math.ceil(bytes / 1000)
const Shown = z.object({
  subject: z.string(),
  text: z.string(),
  attachments: z.array(z.object({ fileName: z.string(), bytes: z.number() })).optional(),
})
