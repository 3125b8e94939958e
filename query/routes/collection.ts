import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { CollectionAnswer } from '#schemas/api.ts'
import { ParseResult } from '#schemas/parse-result.ts'
import { type CollectionDeps, collectionHealth, TARGETS_LIMIT_MAX } from '../collection.ts'
import type { QueryDeps } from '../deps.ts'
import { CursorParam, wholeNumber } from './parameters.ts'
import { answers } from './responses.ts'

/** Longest captured output that the paste box takes: an exporter page of 64 GPUs is below 1 MiB. */
export const PARSE_BYTES_MAX = 2 * 1024 * 1024

export const collectionRoutes: FastifyPluginCallbackZod<{
  deps: CollectionDeps & Pick<QueryDeps, 'parse'>
}> = (app, { deps }, done) => {
  app.get(
    '/collection',
    {
      schema: {
        tags: ['collection'],
        summary: 'What every target said last, what was refused and what was lost',
        querystring: z.strictObject({
          ...CursorParam,
          limit: wholeNumber(1, TARGETS_LIMIT_MAX, 100),
        }),
        response: answers(CollectionAnswer),
      },
    },
    ({ query }) => collectionHealth(deps, query),
  )
  // Any body is captured output, whatever its type says.
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, parsed) => {
    parsed(null, body)
  })
  app.post(
    '/parse',
    {
      bodyLimit: PARSE_BYTES_MAX,
      schema: {
        tags: ['collection'],
        summary: 'What we read in captured output of a tool; nothing is stored',
        consumes: ['text/plain'],
        querystring: z.strictObject({
          source: z
            .string()
            .regex(/^[a-z0-9-]{1,64}$/)
            .optional(),
        }),
        response: answers(ParseResult),
      },
    },
    ({ body, query }) =>
      deps.parse(Buffer.isBuffer(body) ? body : Buffer.alloc(0), query.source ?? null),
  )
  done()
}
