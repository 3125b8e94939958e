import type { FastifyReply, FastifyRequest } from 'fastify'
import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { type Alert, type Matcher, Notification } from '#schemas/alerts/alert.ts'
import type { Alerting } from '../alerts/alerting.ts'
import type { Actor } from '../alerts/append.ts'
import { type AlertChanges, beganMs } from '../alerts/changes.ts'
import {
  CONFIRM_TEXTS,
  type ConfirmLanguage,
  type ConfirmPage,
  confirmHtml,
  languageOf,
} from '../alerts/confirm-page.ts'
import {
  groupsOf,
  isOpen,
  type TellingDeps,
  type Told,
  toldOf,
  worstFirst,
} from '../alerts/items.ts'
import type { AlertsView } from '../alerts/view.ts'

const LINES_MAX = 5
const HOUR_MS = 3_600_000
const HOURS = ['1', '4', '24'] as const

/** What a link in a message carries. */
const Link = z.object({
  group: Notification.shape.group,
  until: z.coerce.number().int().min(0).max(8.64e15),
  token: z.string().min(1).max(128),
  hours: z.enum(HOURS).default('1'),
})
type Link = z.infer<typeof Link>
const Params = z.strictObject({ action: z.enum(['ack', 'silence']) })
type Action = z.infer<typeof Params>['action']

export interface ConfirmDeps extends TellingDeps {
  readonly alertsView: AlertsView
  readonly changes: AlertChanges
  readonly timeZone: string
}

/** A request that asks rightly, with all that its page needs. */
interface Asked {
  readonly action: Action
  readonly link: Link
  readonly told: Told
  readonly language: ConfirmLanguage
  readonly deps: ConfirmDeps
}

/**
 * Links of messages, for people who are not logged in: the page asks once more, because programs that look at links ask
 * for them, too. Only the form does something.
 */
export const alertConfirmRoutes: FastifyPluginCallbackZod<{ deps: ConfirmDeps }> = (
  app,
  { deps },
  done,
) => {
  app.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string', bodyLimit: 4_096 },
    (_request, body, parsed) =>
      parsed(null, Object.fromEntries(new URLSearchParams(body.toString()))),
  )
  const schema = { hide: true, params: Params }
  app.get('/alerts/confirm/:action', { schema }, async (request, reply) => {
    const asked = await askedOf(request, request.query, request.params.action, deps)
    return asked === null ? refuse(request, reply) : send(reply, question(asked), asked.language)
  })
  app.post('/alerts/confirm/:action', { schema }, async (request, reply) => {
    const asked = await askedOf(request, request.body, request.params.action, deps)
    if (asked === null) return refuse(request, reply)
    const actor = { who: 'link', role: '-', address: request.ip }
    return send(reply, await act(asked, actor), asked.language)
  })
  done()
}

async function askedOf(
  { headers }: FastifyRequest,
  fields: unknown,
  action: Action,
  deps: ConfirmDeps,
): Promise<Asked | null> {
  const link = Link.safeParse(fields)
  if (!link.success || !isGood(deps.alerting, action, link.data, deps.clock())) return null
  const told = toldOf(await deps.alertsView.current(), deps)
  return { action, link: link.data, told, language: languageOf(headers['accept-language']), deps }
}

const isGood = (alerting: Alerting, action: Action, link: Link, nowMs: number) =>
  alerting.isLinkGood({ action, group: link.group, expires: link.until }, link.token, nowMs)

/** What would happen, and to what. */
function question(asked: Asked): ConfirmPage {
  const { action, link, language } = asked
  const m = CONFIRM_TEXTS[language]
  const already = inForce(asked)
  const lines = [...aboutGroup(asked)]
  if (already !== null) return { title: already, lines }
  if (action === 'silence' && openOf(asked).length === 0) return { title: m.silence, lines }
  const { group, until, token } = link
  const hidden = { group, until: String(until), token }
  if (action === 'ack')
    return {
      title: m.ack,
      lines: [...lines, m.ackAbout],
      form: { button: m.ackButton, hidden },
    }
  const options = HOURS.map((value) => ({ value, text: m.hours(Number(value)) }))
  return {
    title: m.silence,
    lines: [...lines, m.silenceAbout],
    form: { button: m.silenceButton, hidden, choice: { name: 'hours', label: m.howLong, options } },
  }
}

/** Does it once; asked again it says that it was done. */
async function act(asked: Asked, actor: Actor): Promise<ConfirmPage> {
  const { action, link, told, language, deps } = asked
  const m = CONFIRM_TEXTS[language]
  const lines = aboutGroup(asked)
  const already = inForce(asked)
  if (already !== null) return { title: already, lines }
  if (action === 'ack') {
    if (beganMs(told.now, link.group) === null) return { title: m.none, lines: [] }
    const { until_ms } = await deps.changes.ack(actor, { group: link.group })
    return { title: m.ackDone, lines: [m.until(timeOf(until_ms, asked)), ...lines] }
  }
  const matchers = matchersOf(told, openOf(asked))
  if (matchers === null) return { title: m.none, lines: [] }
  const { to_ms } = await deps.changes.silence(
    actor,
    {
      matchers,
      to_ms: told.nowMs + Number(link.hours) * HOUR_MS,
      kind: 'silence',
      comment: 'by a link in a message',
    },
    silenceId(link.group),
  )
  return { title: m.silenceDone, lines: [m.until(timeOf(to_ms, asked)), ...lines] }
}

/** One silence a group, so that a link that is used often leaves one. */
const silenceId = (group: string) => `link-${group.slice(4)}`

/** What was done already and holds; null = nothing. */
function inForce(asked: Asked): string | null {
  const { action, link, told, language } = asked
  const { state } = told.now
  const m = CONFIRM_TEXTS[language]
  if (action === 'silence') {
    const silence = state.silences.get(silenceId(link.group))
    if (silence === undefined || silence.to_ms <= told.nowMs) return null
    return m.by(silence.who, timeOf(silence.to_ms, asked))
  }
  const ack = state.acks.get(link.group)
  if (ack === undefined || ack.until_ms <= told.nowMs) return null
  if (ack.at_ms < (beganMs(told.now, link.group) ?? 0)) return null
  return m.by(ack.who, timeOf(ack.until_ms, asked))
}

function openOf({ link, told }: Pick<Asked, 'link' | 'told'>): Alert[] {
  const named = new Set<string>()
  for (const { group, fingerprints } of told.now.state.conversations.values())
    if (group === link.group) for (const one of fingerprints) named.add(one)
  const all = [...told.now.state.alerts.values()].map(({ alert }) => alert)
  return worstFirst(
    all.filter(
      (alert) =>
        isOpen(alert) && (named.has(alert.fingerprint) || groupsOf(told, alert)[0] === link.group),
    ),
  )
}

function aboutGroup(asked: Asked): string[] {
  const { told, language } = asked
  const m = CONFIRM_TEXTS[language]
  const open = openOf(asked)
  if (open.length === 0) {
    const note = [...told.now.log.notes.values()].findLast(
      ({ notification }) => notification.group === asked.link.group,
    )
    if (note?.notification.reason === 'drill') return [note.entry.line[language]]
    return [m.none]
  }
  const lines = open.slice(0, LINES_MAX).map((alert) => {
    const rule = told.rules.get(alert.rule)?.rule ?? null
    return told.alerting.lineOf(alert, rule, told.nowMs)[language]
  })
  return open.length > LINES_MAX ? [...lines, m.more(open.length - LINES_MAX)] : lines
}

/** The rule, and the labels by which it makes groups where all open alerts share them; null = nothing is open. */
function matchersOf(told: Told, open: readonly Alert[]): Matcher[] | null {
  const [first] = open
  if (first === undefined) return null
  const exact = { is_regex: false, is_equal: true }
  const matchers: Matcher[] = [{ label: 'rule', value: first.rule, ...exact }]
  for (const label of told.rules.get(first.rule)?.rule.group_by ?? []) {
    const value = first.labels[label]
    if (value === undefined || open.some((alert) => alert.labels[label] !== value)) continue
    matchers.push({ label, value, ...exact })
  }
  return matchers
}

function timeOf(ms: number, { language, deps }: Asked): string {
  const format = { dateStyle: 'medium', timeStyle: 'short', timeZone: deps.timeZone } as const
  return new Intl.DateTimeFormat(language === 'zh' ? 'zh-CN' : 'en-GB', format).format(ms)
}

function refuse({ headers }: FastifyRequest, reply: FastifyReply) {
  const language = languageOf(headers['accept-language'])
  const { bad: title, badAbout } = CONFIRM_TEXTS[language]
  return send(reply.code(403), { title, lines: [badAbout] }, language)
}

const send = (reply: FastifyReply, page: ConfirmPage, language: ConfirmLanguage) =>
  reply
    .type('text/html; charset=utf-8')
    .headers({ 'cache-control': 'no-store', vary: 'accept-language' })
    .send(confirmHtml(page, language))
