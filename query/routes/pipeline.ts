import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { PipelineAnswer } from '#schemas/api-pipeline.ts'
import { COLLECTORS_LIMIT_MAX, createPipelineView, type PipelineDeps } from '../pipeline.ts'
import { CursorParam, wholeNumber } from './parameters.ts'
import { answers } from './responses.ts'

/** GET /api/v1/pipeline: how every stage between collectors and settled minutes is. */
export const pipelineRoutes: FastifyPluginCallbackZod<{ deps: PipelineDeps }> = (
  app,
  { deps },
  done,
) => {
  const view = createPipelineView(deps)
  app.get(
    '/pipeline',
    {
      schema: {
        tags: ['collection'],
        summary: 'How each stage from collectors to settled minutes is, and what to do next',
        description:
          'Answers also while the store does not, with what is known then. Collectors come worst first.',
        querystring: z.strictObject({
          ...CursorParam,
          limit: wholeNumber(1, COLLECTORS_LIMIT_MAX, 25),
        }),
        response: answers(PipelineAnswer),
      },
    },
    ({ query }) => view.answer(query),
  )
  done()
}
