import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { SEARCH_LETTERS_MAX, SearchAnswer } from '#schemas/api-search.ts'
import { createSearch, type SearchDeps } from '../search.ts'
import { answers } from './responses.ts'

/** Jump to anything: what Ctrl+K asks at every pause of typing. */
export const searchRoutes: FastifyPluginCallbackZod<{ deps: SearchDeps }> = (
  app,
  { deps },
  done,
) => {
  const search = createSearch(deps)
  app.get(
    '/search',
    {
      schema: {
        tags: ['fleet'],
        summary: 'Nodes, devices, jobs, tenants, places and alert rules that some letters may mean',
        querystring: z.strictObject({
          q: z
            .string()
            .max(SEARCH_LETTERS_MAX)
            .describe('letters of a name, a UUID, a serial, a slot or a number; blanks part words'),
        }),
        response: answers(SearchAnswer),
      },
    },
    ({ query: { q } }) => search(q),
  )
  done()
}
