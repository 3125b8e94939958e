import type { FastifyRequest } from 'fastify'
import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod'
import { OwnersChange, PricesChange, SettingChanged } from '#schemas/api-settings-change.ts'
import { SettingsAnswer } from '#schemas/api-settings.ts'
import type { Guard } from '../access/guard.ts'
import type { Alerting } from '../alerts/alerting.ts'
import type { AlertsView } from '../alerts/view.ts'
import type { QueryDeps } from '../deps.ts'
import type { JournalView } from '../journal-state.ts'
import { type Actor, changeOwners, changePrices } from '../settings-change.ts'
import { settingsOf } from '../settings.ts'
import { answers } from './responses.ts'

export interface SettingsRouteDeps extends Pick<
  QueryDeps,
  'access' | 'audit' | 'clock' | 'journal' | 'simulated' | 'timeZone' | 'tokens' | 'version'
> {
  readonly guard: Guard
  readonly alerting: Alerting
  readonly alertsView: AlertsView
  readonly journalView: JournalView
  /** When reports are sent the next time, epoch ms; null = to nobody. */
  readonly reportsNextMs: () => number | null
}

/** How the site is set up. Asks the journal and files only: it answers while the store is down. */
export const settingsRoutes: FastifyPluginCallbackZod<{ deps: SettingsRouteDeps }> = (
  app,
  { deps },
  done,
) => {
  app.get(
    '/settings',
    {
      onRequest: deps.guard.require('read'),
      schema: {
        tags: ['settings'],
        summary: 'What is set, what is assumed and what is missing, and where each comes from',
        response: answers(SettingsAnswer),
      },
    },
    async () => {
      const { alerting, alertsView, clock, journal, journalView, simulated, timeZone } = deps
      const trust =
        journal === null ? new Map<string, never>() : (await alertsView.current()).state.trust
      return settingsOf({
        nowMs: clock(),
        version: deps.version,
        timeZone,
        journal: await journalView.current(),
        file: alerting.file(),
        rules: alerting.rules(),
        trust,
        reportsNextMs: deps.reportsNextMs(),
        access: { hasTokens: await deps.tokens.any(), host: deps.access.host },
        simulated,
      })
    },
  )
  const operate = { onRequest: deps.guard.require('operate') }
  const actor = async (request: FastifyRequest): Promise<Actor> => {
    const person = await deps.guard.identify(request)
    return { who: person?.name ?? 'loopback', role: person?.role ?? '-', address: request.ip }
  }
  app.post(
    '/settings/prices',
    {
      ...operate,
      schema: {
        tags: ['settings'],
        summary: 'Enter or take out one dated price, or put back the list before',
        body: PricesChange,
        response: answers(SettingChanged),
      },
    },
    (request) => actor(request).then((who) => changePrices(deps, who, request.body)),
  )
  app.post(
    '/settings/owners',
    {
      ...operate,
      schema: {
        tags: ['settings'],
        summary: 'Say whom to write to about a tenant, or put back the list before',
        body: OwnersChange,
        response: answers(SettingChanged),
      },
    },
    (request) => actor(request).then((who) => changeOwners(deps, who, request.body)),
  )
  done()
}
