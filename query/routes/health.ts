import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import type { QueryDeps } from '../deps.ts'
import { errorBody } from '../error-reply.ts'
import { ApiError } from '#schemas/api.ts'

const Ready = z.object({ status: z.literal('ready'), warnings: z.array(z.string()) })

/**
 * /healthz: this process answers. /readyz: questions are answered, and the demo's history is there; what
 * will need a person (a disk that fills up) is said here too, because it needs no store and no token.
 */
export const healthRoutes: FastifyPluginCallbackZod<{
  deps: Pick<QueryDeps, 'reader' | 'ready' | 'pipeline'>
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
        response: { 200: Ready, 503: ApiError },
      },
    },
    async (_request, reply) => {
      const { ready, progress } = deps.ready()
      if (!ready) return reply.code(503).send(errorBody('E_NOT_READY', progress))
      const answers = await deps.reader.ping().catch(() => false)
      const alert = deps.pipeline()?.disk?.detail ?? ''
      const warnings = alert === '' ? [] : [alert]
      if (!answers) {
        const reason = ['the store does not answer', ...warnings].join('; ')
        return reply.code(503).send(errorBody('E_STORE_AWAY', reason))
      }
      return { status: 'ready' as const, warnings }
    },
  )
  done()
}
