import { randomBytes } from 'node:crypto'
import type { DeliveryResult, RosterOverride } from '#schemas/alerts/alert.ts'
import type { ChannelTestAnswer, ReplayAnswer } from '#schemas/api-channels.ts'
import type { OverrideItem, OverrideRequest } from '#schemas/api-roster.ts'
import { PlimsollError } from '#schemas/errors.ts'
import type { Clock } from '#schemas/role.ts'
import type { Alerting } from './alerting.ts'
import type { Actor, Append } from './append.ts'
import { checkEnd } from './changes.ts'
import type { AlertsView } from './view.ts'

const OVERRIDES_MAX = 500

export interface ChannelChangeDeps {
  readonly append: Append
  readonly alertsView: AlertsView
  readonly alerting: Alerting
  readonly clock: Clock
}

/** What people do with channels and the roster: each is audited, then an entry of the journal that the sender reads. */
export interface ChannelChanges {
  /** Rejects with E_CHANNEL_UNKNOWN for a channel that is not there or not enabled. */
  test(actor: Actor, channel: string): Promise<ChannelTestAnswer>
  /** Rejects with E_NOT_FOUND when none of them is a dead letter. */
  replay(actor: Actor, ids: readonly string[]): Promise<ReplayAnswer>
  override(actor: Actor, asked: OverrideRequest): Promise<OverrideItem>
  endOverride(actor: Actor, id: string): Promise<OverrideItem>
}

export function createChannelChanges(deps: ChannelChangeDeps): ChannelChanges {
  const { alerting, alertsView, append, clock } = deps
  const enter = async (actor: Actor, override: RosterOverride, action: string) => {
    const target = `${override.id} ${override.person}`
    await append(actor, { kind: 'roster', overrides: [override] }, { action, target })
    return { ...override, who: actor.who }
  }
  return {
    async test(actor, name) {
      const { config } = alerting.file()
      if (!config.channels.some((channel) => channel.name === name && channel.enabled))
        throw new PlimsollError('E_CHANNEL_UNKNOWN', `no enabled channel is named ${name}`)
      const { epoch } = (await alertsView.current()).state
      const notification = alerting.test(name, clock())
      const notifications = [notification]
      const body = { kind: 'alerts' as const, epoch, transitions: [], notifications, forgotten: [] }
      const told = { action: 'channel_test', target: name }
      const { sequence } = await append(actor, body, told)
      return { sequence, id: notification.id, at_ms: notification.at_ms }
    },
    async replay(actor, ids) {
      const { state } = await alertsView.current()
      const nowMs = clock()
      const results = [...new Set(ids)].flatMap((id): DeliveryResult[] => {
        const item = state.outbox.get(id)
        return item?.state === 'dead' ? [replayOf(id, item.notification.channel, nowMs)] : []
      })
      if (results.length === 0)
        throw new PlimsollError('E_NOT_FOUND', 'none of these messages is a dead letter')
      const target = results.map(({ id }) => id).join(' ')
      const told = { action: 'alert_replay', target }
      const { sequence } = await append(actor, { kind: 'alert_deliveries', results }, told)
      return { sequence, replayed: results.length }
    },
    async override(actor, { person, from_ms, to_ms }) {
      const nowMs = clock()
      checkEnd('to_ms', Math.max(nowMs, from_ms ?? 0), to_ms)
      const { people } = alerting.file().config.roster
      if (!people.some(({ name }) => name === person))
        throw new PlimsollError('E_BAD_REQUEST', `${person} is not among the people of the roster`)
      const { state } = await alertsView.current()
      const inForce = [...state.overrides.values()].filter((one) => one.to_ms > nowMs)
      if (inForce.length >= OVERRIDES_MAX)
        throw new PlimsollError('E_TOO_LARGE', `${OVERRIDES_MAX} overrides are in force: end some`)
      const id = randomBytes(8).toString('hex')
      return enter(actor, { id, person, from_ms: from_ms ?? nowMs, to_ms }, 'roster_override')
    },
    async endOverride(actor, id) {
      const { state, log } = await alertsView.current()
      const found = state.overrides.get(id)
      if (found === undefined) throw new PlimsollError('E_NOT_FOUND', `there is no override ${id}`)
      const nowMs = clock()
      if (found.to_ms <= nowMs) return { ...found, who: log.overrides.get(id)?.who ?? '' }
      const from_ms = Math.min(found.from_ms, nowMs)
      return enter(actor, { ...found, from_ms, to_ms: nowMs }, 'roster_override_end')
    },
  }
}

const replayOf = (id: string, channel: string, nowMs: number): DeliveryResult => ({
  id,
  channel,
  at_ms: nowMs,
  attempt: 0,
  outcome: 'replayed',
  status: null,
  detail: 'replayed',
  next_ms: nowMs,
  receipt: '',
})
