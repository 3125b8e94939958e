import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { NodeDetail, NodeSeriesAnswer } from '#schemas/api-nodes.ts'
import type { LedgerDeps } from '../ledger/cells.ts'
import { readNodeSeries } from '../node-series.ts'
import { nodeDetail } from '../nodes.ts'
import { POINTS_DEFAULT, POINTS_MAX } from '../steps.ts'
import { DeviceIdParams, WindowParams, wholeNumber } from './parameters.ts'
import { answers } from './responses.ts'

const tags = ['nodes']
const NodeParams = z.strictObject({ node: z.string().min(1).max(256) })
const cluster = z.string().max(64).optional().describe('where several have a node of this name')

export const nodeRoutes: FastifyPluginCallbackZod<{ deps: LedgerDeps }> = (app, { deps }, done) => {
  app.get(
    '/nodes/:node',
    {
      schema: {
        tags,
        summary: 'One node: dated facts, targets, latest values, links and devices',
        params: NodeParams,
        querystring: z.strictObject({ cluster }),
        response: answers(NodeDetail),
      },
    },
    ({ params, query }) => nodeDetail(deps, params.node, query.cluster),
  )
  app.get(
    '/nodes/:node/series',
    {
      schema: {
        tags,
        summary: 'Metrics of one node, or of one of its links, over time',
        params: NodeParams,
        querystring: z.strictObject({
          ...WindowParams,
          cluster,
          metrics: z.string().min(1).max(2000).describe('comma list; see /api/v1/metrics'),
          link: z.string().min(1).max(256).optional().describe('a link or port'),
          device_id: DeviceIdParams.shape.id
            .optional()
            .describe('the device a link belongs to; without it a port of the node'),
          points: wholeNumber(1, POINTS_MAX, POINTS_DEFAULT),
        }),
        response: answers(NodeSeriesAnswer),
      },
    },
    ({ params, query }) => readNodeSeries(deps, params.node, query),
  )
  done()
}
