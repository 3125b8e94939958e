import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { ForecastAnswer, ForecastScope } from '#schemas/api-forecast.ts'
import { forecastAnswer, type ForecastDeps } from '../forecast.ts'
import { answers } from './responses.ts'

/** What is expected of utilization. */
export const forecastRoutes: FastifyPluginCallbackZod<{ deps: ForecastDeps }> = (
  app,
  { deps },
  done,
) => {
  app.get(
    '/forecast',
    {
      schema: {
        tags: ['fleet'],
        summary: 'Utilization a day ahead with its band, the time to the danger line, and why',
        querystring: z.strictObject({ scope: ForecastScope.default('fleet') }),
        response: answers(ForecastAnswer),
      },
    },
    ({ query: { scope } }) => forecastAnswer(deps, scope),
  )
  done()
}
