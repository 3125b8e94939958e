import type { FastifyRequest } from 'fastify'
import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { DemoMessages } from '#schemas/alerts/demo-message.ts'
import type { Guard } from '../access/guard.ts'
import type { DemoControl, QueryDeps } from '../deps.ts'
import { wholeNumber } from './parameters.ts'
import { answers } from './responses.ts'

/** Present in the demo only. */
export const demoRoutes: FastifyPluginCallbackZod<{
  deps: Pick<QueryDeps, 'audit'> & { readonly demo: DemoControl; readonly guard: Guard }
}> = (app, { deps: { demo, audit, guard } }, done) => {
  const play = async (request: FastifyRequest) => {
    const person = await guard.identify(request)
    await audit.record({
      who: person?.name ?? '-',
      role: person?.role ?? '-',
      address: request.ip,
      action: 'demo_incident',
      target: '',
      outcome: 'done',
    })
    await demo.playIncident()
    return { incident_running: demo.incidentRunning() }
  }
  app.post(
    '/demo/incident',
    {
      schema: {
        tags: ['demo'],
        summary: 'Plays the incident again',
        response: answers(z.object({ incident_running: z.boolean() })),
      },
    },
    (request) => play(request),
  )
  // Its links acknowledge and silence: for those who may.
  app.get(
    '/demo/messages',
    {
      schema: {
        tags: ['demo'],
        summary: 'What receivers of alerts would have got, newest first: nothing left this machine',
        querystring: z.strictObject({ limit: wholeNumber(1, 200, 50) }),
        response: answers(DemoMessages),
      },
    },
    ({ query: { limit } }) => ({ messages: demo.messages().slice(0, limit) }),
  )
  done()
}
