import type { FastifyRequest } from 'fastify'
import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import {
  Annotation,
  AnnotationId,
  AnnotationRequest,
  AnnotationsAnswer,
} from '#schemas/annotation.ts'
import type { Guard } from '../access/guard.ts'
import type { Actor } from '../alerts/append.ts'
import {
  addAnnotation,
  type AnnotationDeps,
  listAnnotations,
  withdrawAnnotation,
} from '../annotations.ts'
import { DeviceIdParams, FilterParam, WindowParams } from './parameters.ts'
import { answers } from './responses.ts'

const tags = ['annotations']

/** Notes on the time axis: what people did, beside what the figures did. */
export const annotationRoutes: FastifyPluginCallbackZod<{
  deps: AnnotationDeps & { readonly guard: Guard }
}> = (app, { deps }, done) => {
  const { guard } = deps
  const operate = { onRequest: guard.require('operate') }
  const actor = async (request: FastifyRequest): Promise<Actor> => {
    const person = await guard.identify(request)
    return { who: person?.name ?? 'loopback', role: person?.role ?? '-', address: request.ip }
  }
  app.get(
    '/annotations',
    {
      onRequest: guard.require('read'),
      schema: {
        tags,
        summary: 'Notes of a window: roll-outs, maintenance, incidents, oldest first',
        querystring: z.strictObject({
          ...WindowParams,
          to: WindowParams.to.describe('end (exclusive), may be ahead; default now'),
          ...FilterParam,
          device: DeviceIdParams.shape.id.optional().describe('of this device and where it stands'),
        }),
        response: answers(AnnotationsAnswer),
      },
    },
    ({ query }) => listAnnotations(deps, query),
  )
  app.post(
    '/annotations',
    {
      ...operate,
      schema: {
        tags,
        summary: 'Put a note on every chart of its time and place',
        body: AnnotationRequest,
        response: answers(Annotation),
      },
    },
    (request) => actor(request).then((who) => addAnnotation(deps, who, request.body)),
  )
  app.delete(
    '/annotations/:id',
    {
      ...operate,
      schema: {
        tags,
        summary: 'Withdraw a note; the journal keeps it',
        params: z.strictObject({ id: AnnotationId }),
        response: answers(Annotation),
      },
    },
    (request) => actor(request).then((who) => withdrawAnnotation(deps, who, request.params.id)),
  )
  done()
}
