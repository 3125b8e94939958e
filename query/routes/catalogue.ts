import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { DEVICE_METRICS } from '#schemas/metrics.ts'
import { LINK_METRICS, NODE_METRICS } from '#schemas/node-metrics.ts'
import { ModelEntry } from '#schemas/models/model.ts'
import { ZonesAnswer } from '#schemas/api-zones.ts'
import type { QueryDeps } from '../deps.ts'
import { zonesAnswer } from '../zones.ts'
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

const CatalogueModel = ModelEntry.extend({ origin: z.enum(['built-in', 'site']) })

const METRICS = [...DEVICE_METRICS, ...NODE_METRICS, ...LINK_METRICS]

/**
 * GET /api/v1/metrics, /api/v1/models, /api/v1/zones: the metric catalogue (`scope`: device, node or link), the model
 * catalogue, and the lines of zones.
 */
export const catalogueRoutes: FastifyPluginCallbackZod<{
  deps: Pick<QueryDeps, 'models' | 'clock' | 'simulated' | 'zoneSets'>
}> = (app, { deps }, done) => {
  app.get(
    '/metrics',
    {
      schema: {
        tags: ['metrics'],
        summary: 'Every metric: unit, range, how it settles and what null means',
        response: answers(z.object({ metrics: z.array(CatalogueMetric) })),
      },
    },
    () => ({ metrics: METRICS.map((metric) => ({ ...metric })) }),
  )
  app.get(
    '/models',
    {
      schema: {
        tags: ['metrics'],
        summary: 'Every accelerator model that is known, each figure with source and confidence',
        response: answers(z.object({ models: z.array(CatalogueModel) })),
      },
    },
    () => ({ models: deps.models.list().map(({ origin, entry }) => ({ origin, ...entry })) }),
  )
  app.get(
    '/zones',
    {
      schema: {
        tags: ['fleet'],
        summary: 'Zone sets with their dated levels: the lines that charts draw',
        querystring: z.strictObject({
          at: z.string().max(64).optional().describe('which levels are in force; default: now'),
        }),
        response: answers(ZonesAnswer),
      },
    },
    ({ query: { at } }) => zonesAnswer(deps, at),
  )
  done()
}
