import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { TenantNames } from '#schemas/api.ts'
import { ContingencyAnswer, ExplainAnswer, ZoneName } from '#schemas/api-explain.ts'
import { contingency } from '../contingency.ts'
import { explain } from '../explain.ts'
import type { LedgerDeps } from '../ledger/cells.ts'
import { namesOf } from '../tenant-names.ts'
import { FilterParam } from './parameters.ts'
import { answers } from './responses.ts'

const tags = ['fleet']
const text = (words: string) => z.string().max(64).optional().describe(words)

export const explainRoutes: FastifyPluginCallbackZod<{ deps: LedgerDeps }> = (
  app,
  { deps },
  done,
) => {
  app.get(
    '/explain',
    {
      schema: {
        tags,
        summary:
          'Why utilization moved between two windows, split into causes that sum to the change',
        querystring: z.strictObject({
          a_from: text('start of the first window, RFC 3339 or epoch ms'),
          a_to: text('its end, exclusive'),
          b_from: text('start of the second window'),
          b_to: text('its end, exclusive'),
          at: text('instead of the four: a moment…'),
          window: text('…and how much before and after it is compared: 30m, 1h, 7d'),
          ...FilterParam,
        }),
        response: answers(ExplainAnswer.extend({ names: TenantNames })),
      },
    },
    async ({ query: { filter, ...question } }) => {
      const answer = await explain(deps, { ...question, filters: filter })
      const told = answer.causes.flatMap(({ contributors }) => contributors)
      const tenants = told.map(({ tenant }) => tenant ?? '')
      return { ...answer, names: await namesOf(deps.documents, tenants) }
    },
  )
  app.get(
    '/contingency',
    {
      schema: {
        tags,
        summary: 'The fewest running jobs whose end takes utilization below a level',
        querystring: z.strictObject({
          zone: ZoneName.optional().describe(
            'a zone level of DEFINITIONS section 9; default danger',
          ),
          level: z
            .string()
            .regex(/^(0(\.\d{1,6})?|1(\.0{1,6})?)$/, 'a ratio from 0 to 1 with at most 6 digits')
            .optional()
            .describe('a level of your own instead of a zone, such as 0.60'),
          ...FilterParam,
        }),
        response: answers(ContingencyAnswer.extend({ names: TenantNames })),
      },
    },
    async ({ query: { filter, zone, level } }) => {
      const answer = await contingency(deps, { zone, level, filters: filter })
      const tenants = answer.steps.map(({ tenant }) => tenant)
      return { ...answer, names: await namesOf(deps.documents, tenants) }
    },
  )
  done()
}
