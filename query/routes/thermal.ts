import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { ThermalAnswer } from '#schemas/api-thermal.ts'
import {
  createThermal,
  THERMAL_LIMIT_MAX,
  THERMAL_MINUTES_MAX,
  THERMAL_ORDERS,
  type ThermalDeps,
} from '../thermal.ts'
import { CursorParam, FilterParam, wholeNumber } from './parameters.ts'
import { answers } from './responses.ts'

const MINUTES_DEFAULT = 10
const LIMIT_DEFAULT = 50

export const thermalRoutes: FastifyPluginCallbackZod<{ deps: ThermalDeps }> = (
  app,
  { deps },
  done,
) => {
  const thermal = createThermal(deps)
  app.get(
    '/thermal',
    {
      schema: {
        tags: ['fleet'],
        summary:
          'The hottest devices, beside peers of their model and rack, and the hot-spot racks',
        querystring: z.strictObject({
          ...FilterParam,
          ...CursorParam,
          minutes: wholeNumber(1, THERMAL_MINUTES_MAX, MINUTES_DEFAULT).describe(
            'settled minutes that are looked at',
          ),
          sort: z
            .templateLiteral([z.enum(['', '-']), z.enum(THERMAL_ORDERS)])
            .default('-temperature_celsius')
            .describe('a figure of the device, with - before it for the highest first'),
          limit: wholeNumber(1, THERMAL_LIMIT_MAX, LIMIT_DEFAULT),
        }),
        response: answers(ThermalAnswer),
      },
    },
    ({ query: { filter, ...question } }) => thermal({ ...question, filters: filter }),
  )
  done()
}
