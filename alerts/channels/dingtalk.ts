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
import {
  bytesOf,
  cut,
  fitting,
  type MessageTexts,
  plainMarkdown,
  reportTexts,
  textsOf,
} from './texts.ts'

/** DingTalk's documented limit of a robot's message is 20,000 bytes. */
const TEXT_MAX_BYTES = 18_000
/** The line of the conversation list. */
const TITLE_MAX = 64
/** Above 20 messages a minute a robot is deaf for 10 minutes. */
export const DEAF_MS = 600_000

/** Signature or clock, keyword or address not allowed; unknown token; message of a bad form. */
const FINAL_CODES = new Set([310000, 300001, 300005, 400013, 400101, 400102, 400105, 43004, 40035])
const BUSY_CODES = new Set([130101, 130102, 410100])

/** DingTalk robot; its address holds a secret, the signing secret is another. Success only by `errcode` 0. */
export const dingtalk: HttpChannel = {
  kind: 'dingtalk',
  build: (message, target, nowMs) =>
    requestOf(textsOf(message), message.person?.dingtalk, target, nowMs),
  buildReport: (card, target, nowMs) => requestOf(reportTexts(card), undefined, target, nowMs),
  judge(answer) {
    const code = fieldOf(answer.body, 'errcode')
    if (typeof code !== 'number')
      return judgeStatus(answer, true) ?? retry(`${answer.status}, but no errcode in the answer`)
    if (code === 0) return judgeStatus(answer, true) ?? accepted()
    const said = fieldOf(answer.body, 'errmsg')
    const detail = `errcode ${code}: ${typeof said === 'string' ? said : 'no reason given'}`
    if (BUSY_CODES.has(code)) return retry(detail, DEAF_MS)
    return FINAL_CODES.has(code) ? final(detail) : retry(detail)
  },
  preview({ body }) {
    const { markdown } = Shown.parse(JSON.parse(body))
    return markdown.text.split('\n\n').map((text, index) => ({
      kind: index === 0 ? ('title' as const) : ('text' as const),
      text: text.replace(/^### /, '').replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1'),
    }))
  },
}

function requestOf(
  texts: MessageTexts,
  mobile: string | undefined,
  target: ChannelTarget,
  nowMs: number,
): HttpRequest {
  const url = new URL(target.url)
  const make = (fitted: MessageTexts) =>
    [
      `### ${plainMarkdown(fitted.title)}`,
      ...fitted.lines.map((line) => plainMarkdown(line)),
      `${mobile === undefined ? '' : `@${mobile} `}${fitted.links.map(({ text, url }) => `[${text}](${url})`).join(' · ')}`,
      fitted.footer,
    ].join('\n\n')
  if (target.secret !== '') {
    url.searchParams.set('timestamp', String(nowMs))
    url.searchParams.set('sign', dingtalkSign(nowMs, target.secret))
  }
  return {
    url: url.href,
    headers: { 'content-type': 'application/json; charset=utf-8' },
    body: JSON.stringify({
      msgtype: 'markdown',
      markdown: {
        title: cut(texts.title, TITLE_MAX),
        text: fitting(texts, (text) => bytesOf(text) <= TEXT_MAX_BYTES, make),
      },
      at: { atMobiles: mobile === undefined ? [] : [mobile], isAtAll: false },
    }),
  }
}

const Shown = z.object({ markdown: z.object({ title: z.string(), text: z.string() }) })

/** base64(HMAC-SHA256(key = secret, message = `<ms>\n<secret>`)), before it is escaped for the query. */
export const dingtalkSign = (ms: number, secret: string) =>
  createHmac('sha256', secret).update(`${ms}\n${secret}`).digest('base64')
