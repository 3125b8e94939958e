import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { CollectionAnswer } from '#schemas/api.ts'
import { CoverageAnswer } from '#schemas/api-nodes.ts'
import { ParseResult } from '#schemas/parse-result.ts'
import { type CollectionDeps, collectionHealth, TARGETS_LIMIT_MAX } from '../collection.ts'
import { COVERAGE_GROUPS, COVERAGE_LIMIT_MAX, coverageMatrix } from '../coverage.ts'
import type { QueryDeps } from '../deps.ts'
import { CursorParam, FilterParam, flag, wholeNumber } from './parameters.ts'
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
          ...FilterParam,
          ...CursorParam,
          q: z.string().max(128).default('').describe('part of a node or an address'),
          troubled: flag.describe(
            'only targets that failed, are stale, or lack, lost or refused something',
          ),
          group_by: z
            .string()
            .max(64)
            .optional()
            .describe('one or two of cluster, collector, source, node'),
          limit: wholeNumber(1, TARGETS_LIMIT_MAX, 100),
        }),
        response: answers(CollectionAnswer),
      },
    },
    ({ query: { filter, group_by, ...question } }) =>
      collectionHealth(deps, { ...question, filters: filter, groupBy: group_by }),
  )
  app.get(
    '/collection/coverage',
    {
      schema: {
        tags: ['collection'],
        summary: 'Which source, model or node gives which metric',
        querystring: z.strictObject({
          ...FilterParam,
          ...CursorParam,
          group_by: z.enum(COVERAGE_GROUPS).default('source'),
          limit: wholeNumber(1, COVERAGE_LIMIT_MAX, 100),
        }),
        response: answers(CoverageAnswer),
      },
    },
    ({ query: { filter, group_by, ...page } }) =>
      coverageMatrix(deps, { ...page, filters: filter, groupBy: group_by }),
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
