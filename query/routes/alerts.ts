import type { FastifyRequest } from 'fastify'
import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { Acknowledgement, Fingerprint, Notification, Silence } from '#schemas/alerts/alert.ts'
import { DrillAnswer } from '#schemas/api-alert-drill.ts'
import {
  AckRequest,
  AlertDetail,
  AlertHistoryAnswer,
  AlertHistoryQuery,
  AlertRulesAnswer,
  AlertsAnswer,
  AlertsQuery,
  SilenceItem,
  SilenceRequest,
  SilencesAnswer,
} from '#schemas/api-alerts.ts'
import { PlimsollError } from '#schemas/errors.ts'
import type { Guard } from '../access/guard.ts'
import {
  detailOf,
  evaluatorOf,
  historyOf,
  ruleItems,
  selectAlerts,
  silenceItem,
  silenceItems,
  worstOf,
} from '../alerts/answers.ts'
import type { Actor } from '../alerts/append.ts'
import type { AlertChanges } from '../alerts/changes.ts'
import { itemOf, openCounts, type TellingDeps, toldOf } from '../alerts/items.ts'
import type { AlertsView } from '../alerts/view.ts'
import { answers } from './responses.ts'

const tags = ['alerts']

export interface AlertRouteDeps extends TellingDeps {
  readonly guard: Guard
  readonly alertsView: AlertsView
  readonly changes: AlertChanges
  readonly simulated: boolean
}

/** What is wrong now, what was, and by which rules. */
export const alertRoutes: FastifyPluginCallbackZod<{ deps: AlertRouteDeps }> = (
  app,
  { deps },
  done,
) => {
  const { guard, simulated } = deps
  const told = async () => toldOf(await deps.alertsView.current(), deps)
  const read = { onRequest: guard.require('read') }
  app.get(
    '/alerts',
    {
      ...read,
      schema: {
        tags,
        summary: 'Alerts as they stand, the worst first, and whether anybody watches',
        querystring: AlertsQuery,
        response: answers(AlertsAnswer),
      },
    },
    async ({ query }) => {
      const now = await told()
      const found = selectAlerts(now, query)
      return {
        at_ms: now.nowMs,
        evaluator: await evaluatorOf(now),
        open: openCounts(now),
        alerts: found.slice(0, query.limit).map((alert) => itemOf(now, alert)),
        more: Math.max(0, found.length - query.limit),
        simulated,
      }
    },
  )
  app.get(
    '/alerts/history',
    {
      ...read,
      schema: {
        tags,
        summary: 'What fired in an interval, newest first',
        querystring: AlertHistoryQuery,
        response: answers(AlertHistoryAnswer),
      },
    },
    async ({ query }) => ({ ...historyOf(await told(), query), simulated }),
  )
  app.get(
    '/alerts/rules',
    {
      ...read,
      schema: {
        tags,
        summary: 'Rules in force, what they cover, and which of them fail',
        response: answers(AlertRulesAnswer),
      },
    },
    async () => {
      const now = await told()
      const evaluator = await evaluatorOf(now)
      return { at_ms: now.nowMs, evaluator, rules: ruleItems(now, evaluator), simulated }
    },
  )
  app.get(
    '/alerts/:fingerprint',
    {
      ...read,
      schema: {
        tags,
        summary: 'One alert: its states, who was told and whether it arrived, who answered',
        // Messages link to their group: it is answered by the worst of its alerts.
        params: z.strictObject({ fingerprint: z.union([Fingerprint, Notification.shape.group]) }),
        response: answers(AlertDetail),
      },
    },
    async ({ params: { fingerprint } }) => {
      const now = await told()
      const one = fingerprint.startsWith('grp_') ? worstOf(now, fingerprint) : fingerprint
      const detail = one === null ? null : detailOf(now, await evaluatorOf(now), one)
      if (detail !== null) return { ...detail, simulated }
      throw new PlimsollError('E_NOT_FOUND', `no alert ${fingerprint} is known`)
    },
  )
  changeRoutes(app, deps)
  done()
}

type App = Parameters<typeof alertRoutes>[0]

function changeRoutes(app: App, { guard, changes, ...deps }: AlertRouteDeps): void {
  const operate = { onRequest: guard.require('operate') }
  const actor = async (request: FastifyRequest): Promise<Actor> => {
    const person = await guard.identify(request)
    return {
      who: person?.name ?? 'loopback',
      role: person?.role ?? '-',
      address: request.ip,
    }
  }
  const drill = async (who: Actor): Promise<DrillAnswer> => {
    const { sequence, notifications } = await changes.drill(who)
    return { sequence, notifications: [...notifications] }
  }
  app.post(
    '/alerts/ack',
    {
      ...operate,
      schema: {
        tags,
        summary: 'Acknowledge a group of alerts: no repeats and no escalation until then',
        body: AckRequest,
        response: answers(Acknowledgement),
      },
    },
    (request) => actor(request).then((who) => changes.ack(who, request.body)),
  )
  app.post(
    '/alerts/drill',
    {
      ...operate,
      schema: {
        tags,
        summary: 'Send a page marked DRILL to every channel that takes pages',
        response: answers(DrillAnswer),
      },
    },
    (request) => actor(request).then(drill),
  )
  app.get(
    '/silences',
    {
      onRequest: guard.require('read'),
      schema: {
        tags,
        summary: 'Silences and maintenance windows, and what they keep quiet',
        response: answers(SilencesAnswer),
      },
    },
    async () => {
      const now = toldOf(await deps.alertsView.current(), deps)
      return { at_ms: now.nowMs, silences: silenceItems(now) }
    },
  )
  app.post(
    '/silences',
    {
      ...operate,
      schema: {
        tags,
        summary: 'Tell nobody of matching alerts until a given time',
        body: SilenceRequest,
        response: answers(SilenceItem),
      },
    },
    (request) =>
      actor(request)
        .then((who) => changes.silence(who, request.body))
        .then((silence) => silenceItem(silence, 0)),
  )
  app.delete(
    '/silences/:id',
    {
      ...operate,
      schema: {
        tags,
        summary: 'End a silence now',
        params: z.strictObject({ id: Silence.shape.id }),
        response: answers(SilenceItem),
      },
    },
    (request) =>
      actor(request)
        .then((who) => changes.endSilence(who, request.params.id))
        .then((silence) => silenceItem(silence, 0)),
  )
}
