import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import type { Guard } from '../access/guard.ts'
import type { LiveHub } from '../live.ts'
import { DeviceIdParams } from './parameters.ts'

/** A client that lets this much pile up does not read. */
const BACKLOG_BYTES_MAX = 1024 * 1024

/** GET /api/v1/live: server-sent events; see LiveFleet for `event: fleet`. */
export const liveRoutes: FastifyPluginCallbackZod<{ hub: LiveHub; guard: Guard }> = (
  app,
  { hub, guard },
  done,
) => {
  app.get(
    '/live',
    {
      schema: {
        tags: ['live'],
        summary: 'Server-sent events: `fleet` about every two seconds, `device` for ?device=',
        description: 'Resumes after Last-Event-ID (epoch ms) as far as five minutes back.',
        produces: ['text/event-stream'],
        querystring: z.strictObject({ device: DeviceIdParams.shape.id.optional() }),
      },
    },
    (request, reply) => {
      const { raw } = reply
      const lastEventId = /^\d{1,16}$/.exec(String(request.headers['last-event-id'] ?? ''))?.[0]
      let backlog: string[] | null = []
      const leave = hub.subscribe(
        {
          send(text) {
            // Nothing is written before the head: subscribing can still be refused.
            if (backlog !== null) backlog.push(text)
            else raw.write(text)
            return raw.writableLength < BACKLOG_BYTES_MAX
          },
          isWelcome: () =>
            guard.identify(request).then(
              (person) => person !== null,
              () => false,
            ),
          close: () => raw.end(),
        },
        {
          lastEventId: lastEventId === undefined ? null : Number(lastEventId),
          deviceId: request.query.device ?? null,
        },
      )
      reply.hijack()
      raw.writeHead(200, {
        ...headersOf(reply.getHeaders()),
        'content-type': 'text/event-stream; charset=utf-8',
        'cache-control': 'no-store',
        'x-accel-buffering': 'no',
      })
      raw.write('retry: 2000\n\n')
      for (const text of backlog) raw.write(text)
      backlog = null
      raw.on('close', leave)
      raw.on('error', leave)
    },
  )
  done()
}

function headersOf(headers: Readonly<Record<string, number | string | string[] | undefined>>) {
  const told: Record<string, number | string | string[]> = {}
  for (const [name, value] of Object.entries(headers)) if (value !== undefined) told[name] = value
  return told
}
