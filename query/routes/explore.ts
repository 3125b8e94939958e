import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { ExploreAnswer, ExploreMetrics, ExploreStat } from '#schemas/api-explore.ts'
import { explore, type ExploreDeps } from '../explore.ts'
import { ASKABLE } from '../explore-metrics.ts'
import { FilterParam, WindowParams, wholeNumber } from './parameters.ts'
import { answers } from './responses.ts'

const POINTS_DEFAULT = 240
const POINTS_MAX = 1000
const tags = ['metrics']

/** Any metric over time, by group. */
export const exploreRoutes: FastifyPluginCallbackZod<{ deps: ExploreDeps }> = (
  app,
  { deps },
  done,
) => {
  app.get(
    '/explore/metrics',
    {
      schema: {
        tags,
        summary: 'What can be explored: unit, meaning, statistics and fields of every metric',
        response: answers(ExploreMetrics),
      },
    },
    () => ({ metrics: ASKABLE.map(({ metric }) => metric) }),
  )
  app.get(
    '/explore/series',
    {
      schema: {
        tags,
        summary: 'One metric over time by group, as mean, extreme or percentile of devices',
        querystring: z.strictObject({
          ...WindowParams,
          ...FilterParam,
          metric: z.string().max(80).describe('a name of /explore/metrics: device.power_watts'),
          stat: ExploreStat.default('avg'),
          group_by: z.string().max(64).optional().describe('one field of the metric'),
          points: wholeNumber(1, POINTS_MAX, POINTS_DEFAULT),
        }),
        response: answers(ExploreAnswer),
      },
    },
    ({ query: { filter, group_by, ...question } }) =>
      explore(deps, { ...question, filters: filter, groupBy: group_by }),
  )
  done()
}
