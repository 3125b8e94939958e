import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod'
import { InventoryAnswer, InventoryQuery } from '#schemas/api-inventory.ts'
import { type InventoryDeps, inventoryOf } from '../inventory.ts'
import { answers } from './responses.ts'

export const inventoryRoutes: FastifyPluginCallbackZod<{ deps: InventoryDeps }> = (
  app,
  { deps },
  done,
) => {
  app.get(
    '/inventory',
    {
      schema: {
        tags: ['fleet'],
        summary: 'Capacity by model and place, versions with drift, faults per 1,000 device-days',
        querystring: InventoryQuery,
        response: answers(InventoryAnswer),
      },
    },
    ({ query }) => inventoryOf(deps, query),
  )
  done()
}
