import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { DOCS_STYLE, docsPage } from '../docs-page.ts'
import { GUIDES, guidePage } from '../guide-page.ts'
import { runbookPage } from '../runbook-page.ts'

/**
 * GET /api/docs: the API for people, and as OpenAPI 3.1 JSON where that is asked for; below it the runbooks of alerts and
 * the documents that say what figures mean.
 */
export const docsRoutes: FastifyPluginCallbackZod = (app, _options, done) => {
  const hidden = { schema: { hide: true } }
  app.get('/docs', hidden, (request, reply) => {
    const accept = request.headers.accept ?? ''
    const wantsJson = accept.includes('application/json') && !accept.includes('text/html')
    if (wantsJson) return reply.type('application/json').send(JSON.stringify(app.swagger()))
    return reply.type('text/html; charset=utf-8').send(docsPage(app.swagger()))
  })
  app.get('/docs/openapi.json', hidden, (_request, reply) =>
    reply.type('application/json').send(JSON.stringify(app.swagger())),
  )
  app.get('/docs/style.css', hidden, (_request, reply) =>
    reply.type('text/css; charset=utf-8').send(DOCS_STYLE),
  )
  app.get(
    '/docs/runbooks/:name',
    {
      schema: {
        hide: true,
        params: z.strictObject({ name: z.string().max(64) }),
        querystring: z.strictObject({ lang: z.enum(['en', 'zh']).default('en') }),
      },
    },
    async (request, reply) => {
      const page = await runbookPage(request.params.name, request.query.lang)
      if (page === null) return reply.callNotFound()
      return reply.type('text/html; charset=utf-8').send(page)
    },
  )
  app.get(
    '/docs/:name',
    { schema: { hide: true, params: z.strictObject({ name: z.string().max(64) }) } },
    async (request, reply) => {
      const guide = GUIDES.find((known) => known === request.params.name)
      if (guide === undefined) return reply.callNotFound()
      return reply.type('text/html; charset=utf-8').send(await guidePage(guide))
    },
  )
  done()
}
