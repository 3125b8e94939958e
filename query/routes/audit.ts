import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod'
import { AuditAnswer, AuditQuery } from '#schemas/api-audit.ts'
import type { Audit } from '../access/audit.ts'
import type { Guard } from '../access/guard.ts'
import { answers } from './responses.ts'

export interface AuditRouteDeps {
  readonly guard: Guard
  readonly audit: Audit
}

/** Who changed what at this server; admins only. */
export const auditRoutes: FastifyPluginCallbackZod<{ deps: AuditRouteDeps }> = (
  app,
  { deps },
  done,
) => {
  app.get(
    '/audit',
    {
      onRequest: deps.guard.require('admin'),
      schema: {
        tags: ['settings'],
        summary:
          'Who changed what at this server, newest first, and whether the log was tampered with',
        querystring: AuditQuery,
        response: answers(AuditAnswer),
      },
    },
    ({ query }) => deps.audit.page(query),
  )
  done()
}
