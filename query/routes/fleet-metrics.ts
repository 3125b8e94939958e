import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod'
import { EXPOSITION_TYPE } from '#schemas/self-metrics.ts'
import type { LedgerDeps } from '../ledger/cells.ts'
import { fleetExposition } from '../ledger/exposition.ts'

/** GET /metrics/fleet: the fleet's settled figures as Prometheus text, under 2,000 series. */
export const fleetMetricsRoutes: FastifyPluginCallbackZod<{ deps: LedgerDeps }> = (
  app,
  { deps },
  done,
) => {
  const page = fleetExposition(deps)
  app.get(
    '/metrics/fleet',
    {
      schema: {
        tags: ['ledger'],
        summary:
          'Utilization, states and loss of the last settled hour and 5 minutes, Prometheus text',
      },
    },
    async (_request, reply) => reply.type(EXPOSITION_TYPE).send(await page()),
  )
  done()
}
