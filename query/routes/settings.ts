import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod'
import { SettingsAnswer } from '#schemas/api-settings.ts'
import type { Guard } from '../access/guard.ts'
import type { Alerting } from '../alerts/alerting.ts'
import type { AlertsView } from '../alerts/view.ts'
import type { QueryDeps } from '../deps.ts'
import type { JournalView } from '../journal-state.ts'
import { settingsOf } from '../settings.ts'
import { answers } from './responses.ts'

export interface SettingsRouteDeps extends Pick<
  QueryDeps,
  'access' | 'clock' | 'journal' | 'simulated' | 'timeZone' | 'tokens' | 'version'
> {
  readonly guard: Guard
  readonly alerting: Alerting
  readonly alertsView: AlertsView
  readonly journalView: JournalView
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
        access: { hasTokens: await deps.tokens.any(), host: deps.access.host },
        simulated,
      })
    },
  )
  done()
}
