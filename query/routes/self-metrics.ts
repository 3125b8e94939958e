import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod'
import { EXPOSITION_TYPE } from '#schemas/self-metrics.ts'
import type { QueryDeps } from '../deps.ts'
import type { SelfMetrics } from '../self-metrics.ts'

/** GET /metrics: Prometheus text about this process. */
export const selfMetricsRoutes: FastifyPluginCallbackZod<{
  deps: Pick<QueryDeps, 'roles'> & { readonly metrics: SelfMetrics }
}> = (app, { deps }, done) => {
  app.get(
    '/metrics',
    { schema: { tags: ['health'], summary: 'Prometheus text' } },
    (_request, reply) => reply.type(EXPOSITION_TYPE).send(deps.metrics.render(deps.roles())),
  )
  done()
}
