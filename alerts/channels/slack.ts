import { z } from 'zod'
import {
  accepted,
  type ChannelTarget,
  final,
  type HttpChannel,
  type HttpRequest,
  judgeStatus,
  retry,
} from './channel.ts'
import { cut, type MessageTexts, reportTexts, textsOf } from './texts.ts'

/** Slack's limits: a header holds 150 characters, a section 3,000. */
const HEADER_MAX = 150
const SECTION_MAX = 3_000

/** Words in the body of a refusal that no repetition mends; Slack answers them as plain text. */
const FINAL =
  /invalid_payload|invalid_blocks|no_text|too_many_attachments|action_prohibited|posting_to_.*denied/
const GONE =
  /no_service|no_team|channel_is_archived|channel_not_found|invalid_token|no_active_hooks/

/**
 * Slack incoming webhook; its address is the secret. What comes from outside stands in `plain_text`, where nothing is
 * markup; only the links and the mention, which are ours, are `mrkdwn`. 200 with the body `ok` is success.
 */
export const slack: HttpChannel = {
  kind: 'slack',
  build(message, target) {
    const mention = message.person?.slack === undefined ? '' : `<@${message.person.slack}> `
    return requestOf(textsOf(message), mention, target)
  },
  buildReport: (card, target) => requestOf(reportTexts(card), '', target),
  judge(answer) {
    const said = answer.body.trim()
    if (answer.status >= 400 && answer.status < 500 && GONE.test(said))
      return final(`${answer.status}: ${said.slice(0, 80)}`, true)
    if (answer.status === 404) return final(`404: ${said.slice(0, 80)}`, true)
    const refused = judgeStatus(answer, FINAL.test(said))
    if (refused !== null) return refused
    return said === 'ok'
      ? accepted()
      : retry(`${answer.status}, but not "ok": ${said.slice(0, 80)}`)
  },
  preview({ body }) {
    return Shown.parse(JSON.parse(body)).blocks.map(({ type, text, elements }) => ({
      kind: type === 'header' ? ('title' as const) : ('text' as const),
      text:
        text?.text.replaceAll(/<[^|>]*\|([^>]*)>/g, '$1') ??
        elements?.map((one) => one.text).join(' ') ??
        '',
    }))
  },
}

function requestOf(texts: MessageTexts, mention: string, target: ChannelTarget): HttpRequest {
  const links = texts.links.map(({ text, url }) => `<${escaped(url)}|${escaped(text)}>`)
  const plain = (text: string) => ({ type: 'plain_text', text, emoji: false })
  const body = {
    text: `${mention}${escaped(texts.title)}`,
    blocks: [
      { type: 'header', text: plain(cut(texts.title, HEADER_MAX)) },
      ...(texts.lines.length === 0
        ? []
        : [{ type: 'section', text: plain(cut(texts.lines.join('\n'), SECTION_MAX)) }]),
      { type: 'section', text: { type: 'mrkdwn', text: `${mention}${links.join(' · ')}` } },
      { type: 'context', elements: [plain(texts.footer)] },
    ],
    unfurl_links: false,
  }
  return {
    url: target.url,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  }
}

const part = z.object({ text: z.string() })
const Shown = z.object({
  blocks: z.array(
    z.object({ type: z.string(), text: part.optional(), elements: z.array(part).optional() }),
  ),
})

const escaped = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
