import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { DEVICE_METRICS } from '#schemas/metrics.ts'
import { answers } from './responses.ts'

const CatalogueMetric = z.object({
  name: z.string(),
  unit: z.string(),
  kind: z.enum(['gauge', 'counter', 'enum']),
  scope: z.string(),
  min: z.number(),
  max: z.number(),
  settle: z.string(),
  missing: z.string(),
  label: z.object({ en: z.string(), zh: z.string() }),
})

/** GET /api/v1/metrics: the metric catalogue. */
export const catalogueRoutes: FastifyPluginCallbackZod = (app, _options, done) => {
  app.get(
    '/metrics',
    {
      schema: {
        tags: ['metrics'],
        summary: 'Every metric: unit, range, how it settles and what null means',
        response: answers(z.object({ metrics: z.array(CatalogueMetric) })),
      },
    },
    () => ({ metrics: DEVICE_METRICS.map((metric) => ({ ...metric })) }),
  )
  done()
}
