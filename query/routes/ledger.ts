import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { TenantNames } from '#schemas/api.ts'
import { IdleGrouping, IdleGroupsAnswer, IdleOrder } from '#schemas/api-idle.ts'
import { MeasuredAnswer } from '#schemas/api-measured.ts'
import { LOSS_ORDERS } from '#schemas/orders.ts'
import {
  ComputeBasis,
  IdleHeldAnswer,
  LedgerAnswer,
  LedgerSeriesAnswer,
  LossAnswer,
  OwnersAnswer,
  TiersAnswer,
} from '#schemas/api-ledger.ts'
import type { LedgerDeps } from '../ledger/cells.ts'
import { IDLE_HELD_HOURS_MAX, IDLE_HELD_LIMIT_MAX, idleHeldAnswer } from '../ledger/idle-held.ts'
import { idleGroupsAnswer } from '../ledger/idle-groups.ts'
import { ledgerAnswer } from '../ledger/ledger.ts'
import { LOSS_LIMIT_MAX, lossAnswer } from '../ledger/loss.ts'
import { ownersAnswer } from '../ledger/owners.ts'
import { ledgerSeries } from '../ledger/series.ts'
import { tiersAnswer } from '../ledger/tiers.ts'
import { measuredAnswer } from '../measured.ts'
import { POINTS_DEFAULT, POINTS_MAX } from '../steps.ts'
import { namesOf, withNames } from '../tenant-names.ts'
import {
  CursorParam,
  FilterParam,
  GroupByParam,
  WindowParams,
  wholeNumber,
  wholeNumberOrNone,
} from './parameters.ts'
import { answers, asBuilt } from './responses.ts'

const tags = ['ledger']
const Grouped = z.strictObject({ ...WindowParams, ...GroupByParam, ...FilterParam })

/** Where time went and what it cost. */
export const ledgerRoutes: FastifyPluginCallbackZod<{ deps: LedgerDeps }> = (
  app,
  { deps },
  done,
) => {
  app.get(
    '/ledger',
    {
      schema: {
        tags,
        summary: 'Device-seconds by state: nine states that sum to capacity',
        querystring: Grouped,
        response: answers(LedgerAnswer),
      },
      serializerCompiler: asBuilt,
    },
    async ({ query: { group_by, filter, from, to } }) => {
      const asked = { from, to, groupBy: group_by, filters: filter }
      return withNames(deps.documents, await ledgerAnswer(deps, asked))
    },
  )
  app.get(
    '/ledger/series',
    {
      schema: {
        tags,
        summary: 'Device-seconds by state over time, for the fleet or for groups of it',
        querystring: Grouped.extend({ points: wholeNumber(1, POINTS_MAX, POINTS_DEFAULT) }),
        response: answers(LedgerSeriesAnswer),
      },
      serializerCompiler: asBuilt,
    },
    async ({ query: { group_by, filter, from, to, points } }) => {
      const asked = { from, to, groupBy: group_by, filters: filter, points }
      return withNames(deps.documents, await ledgerSeries(deps, asked))
    },
  )
  app.get(
    '/loss',
    {
      schema: {
        tags,
        summary: 'Lost hours and dollars by state and by who pays',
        querystring: Grouped.extend({
          sort: z
            .templateLiteral([z.enum(['', '-']), z.enum(LOSS_ORDERS)])
            .optional()
            .describe('default: by key'),
          limit: wholeNumberOrNone(1, LOSS_LIMIT_MAX).describe('default: all groups'),
        }),
        response: answers(LossAnswer),
      },
      serializerCompiler: asBuilt,
    },
    async ({ query: { group_by, filter, from, to, sort, limit } }) => {
      const asked = { from, to, groupBy: group_by, filters: filter, sort, limit }
      return withNames(deps.documents, await lossAnswer(deps, asked))
    },
  )
  app.get(
    '/utilization/tiers',
    {
      schema: {
        tags,
        summary: 'Allocated, busy, active, effective; busy by device, compute and price',
        querystring: Grouped.extend({
          basis: ComputeBasis.default('bf16').describe('what H100-equivalents are counted in'),
        }),
        response: answers(TiersAnswer),
      },
      serializerCompiler: asBuilt,
    },
    async ({ query: { group_by, filter, from, to, basis } }) => {
      const asked = { from, to, groupBy: group_by, filters: filter, basis }
      return withNames(deps.documents, await tiersAnswer(deps, asked))
    },
  )
  app.get(
    '/utilization/sources',
    {
      schema: {
        tags,
        summary: 'From which counters busy was taken, and what each counter reads',
        querystring: z.strictObject({ ...WindowParams, ...FilterParam }),
        response: answers(MeasuredAnswer),
      },
    },
    ({ query: { filter, from, to } }) => measuredAnswer(deps, { from, to, filters: filter }),
  )
  app.get(
    '/owners',
    {
      schema: {
        tags,
        summary: 'Tenants: what they hold, use and lose, the highest loss first',
        querystring: z.strictObject({ ...WindowParams, ...FilterParam }),
        response: answers(OwnersAnswer),
      },
      serializerCompiler: asBuilt,
    },
    ({ query: { filter, from, to } }) => ownersAnswer(deps, { from, to, filters: filter }),
  )
  app.get(
    '/idle-held',
    {
      schema: {
        tags,
        summary: 'Devices that somebody holds and nobody uses now, the longest first, one page',
        querystring: z.strictObject({
          ...FilterParam,
          ...CursorParam,
          hours: wholeNumber(1, IDLE_HELD_HOURS_MAX, 6).describe('how far back to look'),
          limit: wholeNumber(1, IDLE_HELD_LIMIT_MAX, 100),
        }),
        response: answers(IdleHeldAnswer.extend({ names: TenantNames })),
      },
    },
    async ({ query: { filter, ...query } }) => {
      const answer = await idleHeldAnswer(deps, { ...query, filters: filter })
      const tenants = answer.devices.map(({ tenant }) => tenant)
      return { ...answer, names: await namesOf(deps.documents, tenants) }
    },
  )
  app.get(
    '/idle-held/groups',
    {
      schema: {
        tags,
        summary:
          'The same devices, a line for each job, tenant, node… with cost and owner, one page',
        querystring: z.strictObject({
          ...FilterParam,
          ...CursorParam,
          by: IdleGrouping.default('job'),
          sort: IdleOrder.default('usd_per_hour').describe('the highest or longest first'),
          hours: wholeNumber(1, IDLE_HELD_HOURS_MAX, 6).describe('how far back to look'),
          limit: wholeNumber(1, IDLE_HELD_LIMIT_MAX, 50),
        }),
        response: answers(IdleGroupsAnswer),
      },
    },
    ({ query: { filter, ...query } }) => idleGroupsAnswer(deps, { ...query, filters: filter }),
  )
  done()
}
