import { z } from 'zod'
import {
  accepted,
  type ChannelTarget,
  fieldOf,
  final,
  type HttpChannel,
  type HttpRequest,
  judgeStatus,
  retry,
} from './channel.ts'
import {
  bytesOf,
  colourOf,
  fitting,
  type MessageTexts,
  plainMarkdown,
  reportTexts,
  textsOf,
} from './texts.ts'

/** Bytes of `markdown.content`. */
const CONTENT_MAX_BYTES = 4_096

/** Unknown key, content too long, bad form, message type not allowed. */
const FINAL_CODES = new Set([93000, 45002, 40008, 40058, 44004])
const BUSY_CODES = new Set([45009, 45033])
/** WeCom knows three colours of text. */
const FONTS = {
  red: 'warning',
  orange: 'warning',
  green: 'info',
  grey: 'comment',
  blue: 'info',
} as const

/** WeCom group bot; the key in its address is its only secret. Success only by `errcode` 0. */
export const wecom: HttpChannel = {
  kind: 'wecom',
  build(message, target) {
    const mention = message.person?.wecom === undefined ? '' : `<@${message.person.wecom}> `
    return requestOf(textsOf(message), { mention, font: FONTS[colourOf(message)] }, target)
  },
  buildReport: (card, target) =>
    requestOf(reportTexts(card), { mention: '', font: FONTS.blue }, target),
  judge(answer) {
    const code = fieldOf(answer.body, 'errcode')
    if (typeof code !== 'number')
      return judgeStatus(answer, true) ?? retry(`${answer.status}, but no errcode in the answer`)
    if (code === 0) return judgeStatus(answer, true) ?? accepted()
    const said = fieldOf(answer.body, 'errmsg')
    const detail = `errcode ${code}: ${typeof said === 'string' ? said : 'no reason given'}`
    if (BUSY_CODES.has(code)) return retry(detail, 60_000)
    return FINAL_CODES.has(code) ? final(detail) : retry(detail)
  },
  preview({ body }) {
    const { markdown } = Shown.parse(JSON.parse(body))
    return markdown.content
      .split('\n')
      .filter((text) => text !== '')
      .map((text, index) => ({
        kind: index === 0 ? ('title' as const) : ('text' as const),
        text: text
          .replaceAll(/<\/?font[^>]*>/g, '')
          .replace(/^> /, '')
          .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1'),
      }))
  },
}

function requestOf(
  texts: MessageTexts,
  { mention, font }: { readonly mention: string; readonly font: string },
  target: ChannelTarget,
): HttpRequest {
  const make = ({ title, lines, links, footer }: MessageTexts) =>
    [
      `<font color="${font}">${plainMarkdown(title)}</font>`,
      ...lines.map((line) => `> ${plainMarkdown(line)}`),
      '',
      `${mention}${links.map(({ text, url }) => `[${text}](${url})`).join(' · ')}`,
      `<font color="comment">${footer}</font>`,
    ].join('\n')
  const content = fitting(texts, (text) => bytesOf(text) <= CONTENT_MAX_BYTES, make)
  return {
    url: target.url,
    headers: { 'content-type': 'application/json; charset=utf-8' },
    body: JSON.stringify({ msgtype: 'markdown', markdown: { content } }),
  }
}

const Shown = z.object({ markdown: z.object({ content: z.string() }) })
