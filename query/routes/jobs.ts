import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { JOB_ORDERS } from '#schemas/orders.ts'
import { JobAnswer, JobsAnswer } from '#schemas/api-jobs.ts'
import { jobAnswer } from '../jobs/detail.ts'
import { JOBS_LIMIT_MAX, jobsAnswer } from '../jobs/list.ts'
import type { LedgerDeps } from '../ledger/cells.ts'
import { CursorParam, FilterParam, flag, WindowParams, wholeNumber } from './parameters.ts'
import { answers } from './responses.ts'

const tags = ['jobs']
const DEVICES_MAX = 1_000_000

/** What held devices, and what came of it. */
export const jobRoutes: FastifyPluginCallbackZod<{ deps: LedgerDeps }> = (app, { deps }, done) => {
  app.get(
    '/jobs',
    {
      schema: {
        tags,
        summary: 'Jobs that held devices in the settled part of a window, one page',
        querystring: z.strictObject({
          ...WindowParams,
          ...FilterParam,
          ...CursorParam,
          state: z.enum(['running', 'ended']).optional().describe('at the end of the window'),
          low: flag.describe('only jobs below the floors that the answer names'),
          devices_min: wholeNumber(1, DEVICES_MAX, 1),
          sort: z
            .templateLiteral([z.enum(['', '-']), z.enum(JOB_ORDERS)])
            .default('-lost_usd')
            .describe('- before it: the highest first'),
          limit: wholeNumber(1, JOBS_LIMIT_MAX, 50),
        }),
        response: answers(JobsAnswer),
      },
    },
    ({ query: { filter, devices_min, ...question } }) =>
      jobsAnswer(deps, { ...question, filters: filter, devicesMin: devices_min }),
  )
  app.get(
    '/jobs/:job',
    {
      schema: {
        tags,
        summary: 'One job: its hours by state, cost, energy and devices',
        params: z.strictObject({ job: z.string().min(1).max(128) }),
        querystring: z.strictObject({
          ...WindowParams,
          cluster: z
            .string()
            .max(128)
            .optional()
            .describe('default: where a job of this id held the most'),
        }),
        response: answers(JobAnswer),
      },
    },
    ({ params, query }) => jobAnswer(deps, { ...params, ...query }),
  )
  done()
}
