import type { FastifyReply, FastifyRequest } from 'fastify'
import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { parseTime } from '../window.ts'
import { createWall, type Packed, type WallDeps } from '../wall/service.ts'
import { wholeNumberOrNone } from './parameters.ts'

const STAMP_MAX = 999_999_999

/** GET /api/v1/wall/…: every device's place, id and values (schemas/wall.ts, schemas/api-wall.ts). */
export const wallRoutes: FastifyPluginCallbackZod<{ deps: WallDeps }> = (app, { deps }, done) => {
  const wall = createWall(deps)
  app.get(
    '/wall/layout',
    {
      schema: {
        tags: ['wall'],
        summary: 'Where every device stands: halls, rows, racks, nodes, and their kinds by column',
        description: 'Has an ETag: ask again with If-None-Match. See WallLayout.',
        produces: ['application/json'],
      },
    },
    async (request, reply) => {
      const { stamp, packed } = await wall.layout()
      return send(request, reply, { packed, stamp, type: 'application/json; charset=utf-8' })
    },
  )
  app.get(
    '/wall/ids',
    {
      schema: {
        tags: ['wall'],
        summary: 'The ids of all devices in the order of the layout, 64 bits each',
        description:
          'Little-endian: 0x444c4157, the stamp of the layout (u32 each), then a u64 per device. Has an ETag.',
        produces: ['application/octet-stream'],
      },
    },
    async (request, reply) => {
      const { stamp, packed } = await wall.ids()
      return send(request, reply, { packed, stamp, type: 'application/octet-stream' })
    },
  )
  app.get(
    '/wall/values',
    {
      schema: {
        tags: ['wall'],
        summary:
          'State, busy, active, effective, margin, power and coverage of every device, a byte each',
        description:
          'Without `at` the latest, or what changed since `since`; with it a settled minute. docs/wall.md says what the bytes are.',
        produces: ['application/octet-stream'],
        querystring: z.strictObject({
          since: wholeNumberOrNone(0, STAMP_MAX).describe('stamp of the values you have'),
          at: z
            .string()
            .max(64)
            .optional()
            .describe('a settled minute, RFC 3339 or epoch ms; any moment in it'),
        }),
      },
    },
    async (request, reply) => {
      const { since, at } = request.query
      const packed =
        at === undefined ? await wall.now(since ?? null) : await wall.minute(parseTime(at))
      return send(request, reply, { packed, stamp: null, type: 'application/octet-stream' })
    },
  )
  done()
}

function send(
  request: FastifyRequest,
  reply: FastifyReply,
  { packed, stamp, type }: { packed: Packed; stamp: number | null; type: string },
): FastifyReply {
  reply.header('vary', 'accept-encoding')
  if (stamp !== null) {
    const tag = `"${stamp}"`
    // Kept by the browser, and asked for again each time: it is large and seldom changes.
    reply.headers({ etag: tag, 'cache-control': 'private, no-cache' })
    if (request.headers['if-none-match'] === tag) return reply.code(304).send()
  }
  const isZipped = /\bgzip\b/.test(request.headers['accept-encoding'] ?? '')
  if (isZipped) reply.header('content-encoding', 'gzip')
  return reply.type(type).send(Buffer.from(isZipped ? packed.gzipped : packed.plain))
}
