import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { FleetSummary, SeriesAnswer } from '#schemas/api.ts'
import { FleetMetric } from '../fleet-metrics.ts'
import { fleetSeries, fleetSummary, SUMMARY_LIMIT_MAX, SUMMARY_ORDERS } from '../fleet.ts'
import type { LedgerDeps } from '../ledger/cells.ts'
import { summaryWithLedger } from '../ledger/summary.ts'
import { POINTS_DEFAULT, POINTS_MAX } from '../steps.ts'
import { withNames } from '../tenant-names.ts'
import {
  FilterParam,
  GroupByParam,
  WindowParams,
  wholeNumber,
  wholeNumberOrNone,
} from './parameters.ts'
import { answers, asBuilt } from './responses.ts'

const tags = ['fleet']
const Sort = z
  .templateLiteral([z.enum(['', '-']), z.enum(SUMMARY_ORDERS)])
  .describe('a figure of the group, with - before it for the highest first; default by key')

export const fleetRoutes: FastifyPluginCallbackZod<{ deps: LedgerDeps }> = (
  app,
  { deps },
  done,
) => {
  app.get(
    '/fleet/summary',
    {
      schema: {
        tags,
        summary: 'Utilization of the fleet or of groups of it over one window',
        querystring: z.strictObject({
          ...WindowParams,
          ...GroupByParam,
          ...FilterParam,
          sort: Sort.optional(),
          limit: wholeNumberOrNone(1, SUMMARY_LIMIT_MAX),
          include: z
            .literal('ledger')
            .optional()
            .describe('ledger: states, loss, H100-equivalents and tiers of every group'),
        }),
        response: answers(FleetSummary),
      },
      serializerCompiler: asBuilt,
    },
    async ({ query: { group_by, filter, include, ...question } }) => {
      const answer = include === 'ledger' ? summaryWithLedger : fleetSummary
      const asked = { ...question, groupBy: group_by, filters: filter }
      return withNames(deps.documents, await answer(deps, asked))
    },
  )
  app.get(
    '/fleet/series',
    {
      schema: {
        tags,
        summary: 'One figure over time, for the fleet or for groups of it',
        querystring: z.strictObject({
          ...WindowParams,
          ...GroupByParam,
          ...FilterParam,
          metric: FleetMetric.default('utilization'),
          points: wholeNumber(1, POINTS_MAX, POINTS_DEFAULT),
        }),
        response: answers(SeriesAnswer),
      },
      serializerCompiler: asBuilt,
    },
    async ({ query: { group_by, filter, from, to, metric, points } }) => {
      const asked = { from, to, groupBy: group_by, filters: filter, metric, points }
      return withNames(deps.documents, await fleetSeries(deps, asked))
    },
  )
  done()
}
