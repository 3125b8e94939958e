import { createHmac } from 'node:crypto'
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
import { bytesOf, colourOf, fitting, type MessageTexts, reportTexts, textsOf } from './texts.ts'

/** Feishu refuses bodies above 20 kB; the signature and the frame take the rest. */
const BODY_MAX_BYTES = 19_000

const TEMPLATES = {
  red: 'red',
  orange: 'orange',
  green: 'green',
  grey: 'grey',
  blue: 'blue',
} as const

/** Codes that the same request meets again: signature or clock, unknown bot, address or keyword not allowed, bad form. */
const FINAL_CODES = new Set([19021, 19001, 19022, 19024, 9499, 10003, 11246, 230001])
/** Too many messages. */
const BUSY_CODES = new Set([11232, 9496])

/**
 * Feishu or Lark custom bot; its address is a secret, the signing secret another. What comes from outside stands in
 * `plain_text`; only links and the mention are `lark_md`. An answer is success only by `code` 0 in its body.
 */
export const feishu: HttpChannel = {
  kind: 'feishu',
  build(message, target, nowMs) {
    const person = message.person?.feishu
    const mention = person === undefined ? '' : `<at id=${person}></at> `
    const look = { mention, template: TEMPLATES[colourOf(message)] }
    return requestOf(textsOf(message), look, target, nowMs)
  },
  buildReport: (card, target, nowMs) =>
    requestOf(reportTexts(card), { mention: '', template: TEMPLATES.blue }, target, nowMs),
  judge(answer) {
    const code = fieldOf(answer.body, 'code') ?? fieldOf(answer.body, 'StatusCode')
    if (typeof code !== 'number')
      return judgeStatus(answer, true) ?? retry(`${answer.status}, but no code in the answer`)
    if (code === 0) return judgeStatus(answer, true) ?? accepted()
    const said = fieldOf(answer.body, 'msg')
    const detail = `code ${code}: ${typeof said === 'string' ? said : 'no reason given'}`
    if (BUSY_CODES.has(code)) return retry(detail, 20_000)
    return FINAL_CODES.has(code) ? final(detail) : retry(detail)
  },
  preview({ body }) {
    const { card } = Shown.parse(JSON.parse(body))
    return [
      { kind: 'title', text: card.header.title.content, colour: card.header.template },
      ...card.elements.flatMap(({ text, elements }) =>
        [text, ...(elements ?? [])].flatMap((one) =>
          one === undefined
            ? []
            : [
                {
                  kind: one.tag === 'lark_md' ? ('links' as const) : ('text' as const),
                  text: one.content.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1'),
                },
              ],
        ),
      ),
    ]
  },
}

const part = z.object({ tag: z.string(), content: z.string() })
const Shown = z.object({
  card: z.object({
    header: z.object({ template: z.enum(['red', 'orange', 'green', 'grey', 'blue']), title: part }),
    elements: z.array(z.object({ text: part.optional(), elements: z.array(part).optional() })),
  }),
})

/** base64(HMAC-SHA256(key = `<seconds>\n<secret>`, message = nothing)). */
export const feishuSign = (seconds: number, secret: string) =>
  createHmac('sha256', `${seconds}\n${secret}`).update('').digest('base64')

/** Whom a card names, and the colour of its head. */
interface Look {
  readonly mention: string
  readonly template: (typeof TEMPLATES)[keyof typeof TEMPLATES]
}

function requestOf(
  texts: MessageTexts,
  look: Look,
  target: ChannelTarget,
  nowMs: number,
): HttpRequest {
  const seconds = Math.floor(nowMs / 1000)
  const signed =
    target.secret === ''
      ? {}
      : { timestamp: String(seconds), sign: feishuSign(seconds, target.secret) }
  const make = (fitted: MessageTexts) =>
    JSON.stringify({ ...signed, msg_type: 'interactive', card: cardOf(look, fitted) })
  return {
    url: target.url,
    headers: { 'content-type': 'application/json; charset=utf-8' },
    body: fitting(texts, (body) => bytesOf(body) <= BODY_MAX_BYTES, make),
  }
}

function cardOf({ mention, template }: Look, texts: MessageTexts) {
  const plain = (content: string) => ({ tag: 'plain_text', content })
  const links = texts.links.map(({ text, url }) => `[${text}](${url})`).join(' · ')
  return {
    header: { template, title: plain(texts.title) },
    elements: [
      ...(texts.lines.length === 0 ? [] : [{ tag: 'div', text: plain(texts.lines.join('\n')) }]),
      { tag: 'div', text: { tag: 'lark_md', content: `${mention}${links}` } },
      { tag: 'note', elements: [plain(texts.footer)] },
    ],
  }
}
