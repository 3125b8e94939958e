import { randomBytes } from 'node:crypto'
import type { Acknowledgement, Notification, Silence } from '#schemas/alerts/alert.ts'
import { ALERT_LABELS } from '#schemas/alerts/severity.ts'
import { silencePattern } from '#schemas/alerts/silence-pattern.ts'
import type { AckRequest, SilenceRequest } from '#schemas/api-alerts.ts'
import { PlimsollError } from '#schemas/errors.ts'
import type { Clock } from '#schemas/role.ts'
import type { Alerting } from './alerting.ts'
import type { Actor, Append } from './append.ts'
import type { AlertsNow, AlertsView } from './view.ts'

/** An acknowledgement or silence longer than this is a mistake. */
const HOLD_MS_MAX = 366 * 86_400_000
const SILENCES_MAX = 2_000

export interface ChangeDeps {
  readonly append: Append
  readonly alertsView: AlertsView
  readonly alerting: Alerting
  readonly clock: Clock
}

/** What people change of alerts: each is audited, then an entry of the journal. */
export interface AlertChanges {
  ack(actor: Actor, asked: AckRequest): Promise<Acknowledgement>
  /** `id` = replaces the silence of that id. */
  silence(actor: Actor, asked: SilenceRequest, id?: string): Promise<Silence>
  endSilence(actor: Actor, id: string): Promise<Silence>
  drill(actor: Actor): Promise<{ sequence: number; notifications: readonly Notification[] }>
}

export function createAlertChanges({
  alerting,
  alertsView,
  append,
  clock,
}: ChangeDeps): AlertChanges {
  return {
    async ack(actor, { group, until_ms: asked, comment = '' }) {
      const firstMs = beganMs(await alertsView.current(), group)
      if (firstMs === null)
        throw new PlimsollError('E_NOT_FOUND', 'nobody was told of such a group of alerts')
      const nowMs = clock()
      const until_ms = asked ?? nowMs + alerting.acknowledgedForMs()
      checkEnd('until_ms', nowMs, until_ms)
      // The clock of who evaluates may be ahead of ours: an answer is never older than its message.
      const ack = { group, at_ms: Math.max(nowMs, firstMs), until_ms, who: actor.who, comment }
      const told = { action: 'alert_ack', target: group }
      await append(actor, { kind: 'alert_acks', acks: [ack] }, told)
      return ack
    },
    async silence(actor, { from_ms, ...asked }, id = randomBytes(8).toString('hex')) {
      const nowMs = clock()
      checkEnd('to_ms', Math.max(nowMs, from_ms ?? 0), asked.to_ms)
      checkMatchers(asked.matchers)
      const { state } = await alertsView.current()
      const inForce = [...state.silences.values()].filter(({ to_ms }) => to_ms > nowMs)
      if (inForce.length >= SILENCES_MAX)
        throw new PlimsollError('E_TOO_LARGE', `${SILENCES_MAX} silences are in force: end some`)
      const matchers = asked.matchers.map(({ is_regex = false, is_equal = true, ...rest }) => ({
        ...rest,
        is_regex,
        is_equal,
      }))
      const silence = { ...asked, matchers, id, from_ms: from_ms ?? nowMs, who: actor.who }
      const told = { action: 'silence', target: `${id} ${JSON.stringify(matchers)}` }
      await append(actor, { kind: 'silences', silences: [silence] }, told)
      return silence
    },
    async endSilence(actor, id) {
      const { state } = await alertsView.current()
      const found = state.silences.get(id)
      const nowMs = clock()
      if (found === undefined) throw new PlimsollError('E_NOT_FOUND', `there is no silence ${id}`)
      if (found.to_ms <= nowMs) return found
      const ended = { ...found, from_ms: Math.min(found.from_ms, nowMs), to_ms: nowMs }
      const told = { action: 'silence_end', target: id }
      await append(actor, { kind: 'silences', silences: [ended] }, told)
      return ended
    },
    async drill(actor) {
      const { state } = await alertsView.current()
      const notifications = [...alerting.drill(clock(), state.overrides.values())]
      if (notifications.length === 0)
        throw new PlimsollError(
          'E_BAD_REQUEST',
          'no enabled channel takes pages: see routes in the alerting file',
        )
      const { epoch } = state
      const body = { kind: 'alerts' as const, epoch, transitions: [], notifications, forgotten: [] }
      const told = { action: 'alert_drill', target: notifications[0]?.group ?? '' }
      const { sequence } = await append(actor, body, told)
      return { sequence, notifications }
    },
  }
}

/** Since when people are told of a group; null = they were not. Drills are no conversation, but they are answered. */
export function beganMs({ state, log }: AlertsNow, group: string): number | null {
  const firsts = [...state.conversations.values()].flatMap((one) =>
    one.group === group ? one.firstMs : [],
  )
  if (firsts.length > 0) return Math.max(...firsts)
  for (const { notification } of log.notes.values())
    if (notification.group === group) return notification.at_ms
  return null
}

/** Throws E_BAD_REQUEST where something would end before it begins, or in more than a year. */
export function checkEnd(name: string, fromMs: number, toMs: number): void {
  if (toMs <= fromMs) throw new PlimsollError('E_BAD_REQUEST', `${name} is not after its beginning`)
  if (toMs - fromMs > HOLD_MS_MAX)
    throw new PlimsollError('E_BAD_REQUEST', `${name} is more than a year away`)
}

const LABELS = new Set<string>(ALERT_LABELS)

function checkMatchers(matchers: SilenceRequest['matchers']): void {
  for (const [index, { label, value, is_regex: isRegex }] of matchers.entries()) {
    if (!LABELS.has(label))
      throw new PlimsollError(
        'E_BAD_REQUEST',
        `matchers ${index} label: alerts have ${ALERT_LABELS.join(', ')}`,
      )
    if (isRegex === true && silencePattern(value) === null)
      throw new PlimsollError(
        'E_BAD_REQUEST',
        `matchers ${index} value: this pattern cannot be read, or could take long (at most three repetitions, none of a group)`,
      )
  }
}
