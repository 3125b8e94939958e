import type { FastifyRequest } from 'fastify'
import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { RosterOverride } from '#schemas/alerts/alert.ts'
import { ChannelName } from '#schemas/alerts/channel-config.ts'
import {
  ChannelsAnswer,
  ChannelTestAnswer,
  DeliveriesAnswer,
  DeliveriesQuery,
  ReplayAnswer,
  ReplayRequest,
} from '#schemas/api-channels.ts'
import { OverrideItem, OverrideRequest, RosterAnswer } from '#schemas/api-roster.ts'
import type { Clock } from '#schemas/role.ts'
import type { Guard } from '../access/guard.ts'
import type { Alerting } from '../alerts/alerting.ts'
import type { Actor } from '../alerts/append.ts'
import { channelItems, deadLetters, deliveriesOf } from '../alerts/channel-answers.ts'
import type { ChannelChanges } from '../alerts/channel-changes.ts'
import { rosterOf } from '../alerts/roster-answers.ts'
import type { AlertsView } from '../alerts/view.ts'
import { answers } from './responses.ts'

const tags = ['alerts']

export interface AlertChannelRouteDeps {
  readonly guard: Guard
  readonly alerting: Alerting
  readonly alertsView: AlertsView
  readonly channelChanges: ChannelChanges
  readonly clock: Clock
  readonly simulated: boolean
}

/** Who is told: channels, what became of messages, the roster. */
export const alertChannelRoutes: FastifyPluginCallbackZod<{ deps: AlertChannelRouteDeps }> = (
  app,
  { deps },
  done,
) => {
  const { guard, alerting, alertsView, clock, simulated } = deps
  const read = { onRequest: guard.require('read') }
  app.get(
    '/alerts/channels',
    {
      ...read,
      schema: {
        tags,
        summary: 'Channels of the alerting file, how each fares, and dead letters',
        response: answers(ChannelsAnswer),
      },
    },
    async () => {
      const now = await alertsView.current()
      const nowMs = clock()
      const file = alerting.file()
      const passes = [await alerting.lastPassMs(), now.log.evaluatorMs].filter((ms) => ms !== null)
      const { dead, total } = deadLetters(now)
      return {
        at_ms: nowMs,
        file: file.path,
        last_pass_ms: passes.length === 0 ? null : Math.max(...passes),
        channels: channelItems(file, now, nowMs),
        warnings: [...file.warnings],
        dead,
        dead_total: total,
        simulated,
      }
    },
  )
  app.get(
    '/alerts/deliveries',
    {
      ...read,
      schema: {
        tags,
        summary: 'Attempts to deliver messages, newest first',
        querystring: DeliveriesQuery,
        response: answers(DeliveriesAnswer),
      },
    },
    async ({ query }) => {
      const now = await alertsView.current()
      return { at_ms: clock(), ...deliveriesOf(now, query), simulated }
    },
  )
  app.get(
    '/roster',
    {
      ...read,
      schema: {
        tags,
        summary: 'Who is on call, who comes next, and overrides',
        response: answers(RosterAnswer),
      },
    },
    async () => ({ ...rosterOf(alerting, await alertsView.current(), clock()), simulated }),
  )
  changeRoutes(app, deps)
  done()
}

type App = Parameters<typeof alertChannelRoutes>[0]

function changeRoutes(app: App, { guard, channelChanges: changes }: AlertChannelRouteDeps): void {
  const operate = { onRequest: guard.require('operate') }
  const actor = async (request: FastifyRequest): Promise<Actor> => {
    const person = await guard.identify(request)
    return {
      who: person?.name ?? 'loopback',
      role: person?.role ?? '-',
      address: request.ip,
    }
  }
  app.post(
    '/alerts/channels/:name/test',
    {
      ...operate,
      schema: {
        tags,
        summary: 'Send a message marked TEST to one channel, once',
        params: z.strictObject({ name: ChannelName }),
        response: answers(ChannelTestAnswer),
      },
    },
    (request) => actor(request).then((who) => changes.test(who, request.params.name)),
  )
  app.post(
    '/alerts/replay',
    {
      ...operate,
      schema: {
        tags,
        summary: 'Try dead letters again',
        body: ReplayRequest,
        response: answers(ReplayAnswer),
      },
    },
    (request) => actor(request).then((who) => changes.replay(who, request.body.ids)),
  )
  app.post(
    '/roster/overrides',
    {
      ...operate,
      schema: {
        tags,
        summary: 'Put somebody on call instead of the rotation',
        body: OverrideRequest,
        response: answers(OverrideItem),
      },
    },
    (request) => actor(request).then((who) => changes.override(who, request.body)),
  )
  app.delete(
    '/roster/overrides/:id',
    {
      ...operate,
      schema: {
        tags,
        summary: 'End an override now',
        params: z.strictObject({ id: RosterOverride.shape.id }),
        response: answers(OverrideItem),
      },
    },
    (request) => actor(request).then((who) => changes.endOverride(who, request.params.id)),
  )
}
