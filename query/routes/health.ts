import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import type { QueryDeps } from '../deps.ts'
import { errorBody } from '../error-reply.ts'
import { ApiError } from '#schemas/api.ts'

/** /healthz: this process answers. /readyz: questions are answered, and the demo's history is there. */
export const healthRoutes: FastifyPluginCallbackZod<{
  deps: Pick<QueryDeps, 'reader' | 'ready'>
}> = (app, { deps }, done) => {
  app.get(
    '/healthz',
    { schema: { tags: ['health'], response: { 200: z.object({ status: z.literal('ok') }) } } },
    () => ({ status: 'ok' as const }),
  )
  app.get(
    '/readyz',
    {
      schema: {
        tags: ['health'],
        response: { 200: z.object({ status: z.literal('ready') }), 503: ApiError },
      },
    },
    async (_request, reply) => {
      const { ready, progress } = deps.ready()
      if (!ready) return reply.code(503).send(errorBody('E_NOT_READY', progress))
      const answers = await deps.reader.ping().catch(() => false)
      if (!answers)
        return reply.code(503).send(errorBody('E_STORE_AWAY', 'the store does not answer'))
      return { status: 'ready' as const }
    },
  )
  done()
}
