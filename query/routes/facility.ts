import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import {
  EnergyAnswer,
  EnergyGrouping,
  FacilityResolution,
  PueAnswer,
} from '#schemas/api-facility.ts'
import { FacilityLoopsAnswer, FacilityTreeAnswer } from '#schemas/api-facility-tree.ts'
import { facilityDeps } from '../facility/deps.ts'
import { energyAnswer } from '../facility/energy.ts'
import { pueAnswer } from '../facility/pue.ts'
import { createFacilityLoops } from '../facility/loops.ts'
import { createFacilityTree } from '../facility/tree.ts'
import type { LedgerDeps } from '../ledger/cells.ts'
import { WindowParams } from './parameters.ts'
import { answers } from './responses.ts'

const tags = ['facility']
const Resolution = FacilityResolution.default('all').describe(
  'width of periods: hours, days, ISO weeks and months of the site; all = one figure',
)
const Scope = z
  .string()
  .regex(/^(site|hall:.{1,256})$/, 'site, or hall:<name>')
  .default('site')

/** Power, energy and cooling of the site. */
export const facilityRoutes: FastifyPluginCallbackZod<{ deps: LedgerDeps }> = (
  app,
  { deps: given },
  done,
) => {
  const deps = facilityDeps(given)
  const tree = createFacilityTree(deps)
  const loops = createFacilityLoops(deps)
  app.get(
    '/pue',
    {
      schema: {
        tags,
        summary: 'PUE of the site or a hall: ratio of sums, with label, coverage, bounds and load',
        querystring: z.strictObject({ ...WindowParams, resolution: Resolution, scope: Scope }),
        response: answers(PueAnswer),
      },
    },
    ({ query }) => pueAnswer(deps, query),
  )
  app.get(
    '/energy',
    {
      schema: {
        tags,
        summary: 'Energy of meters with cost and CO2e; IT beside its devices; peak and swing',
        querystring: z.strictObject({
          ...WindowParams,
          resolution: Resolution,
          group_by: EnergyGrouping.optional(),
        }),
        response: answers(EnergyAnswer),
      },
    },
    ({ query: { group_by, ...query } }) => energyAnswer(deps, { ...query, groupBy: group_by }),
  )
  app.get(
    '/facility/tree',
    {
      schema: {
        tags,
        summary:
          'The tree of meters in force, each with values, state and energy, and who is unlisted',
        querystring: z.strictObject({
          at: z.string().max(64).optional().describe('RFC 3339 or epoch ms; default now'),
        }),
        response: answers(FacilityTreeAnswer),
      },
    },
    ({ query }) => tree(query.at),
  )
  app.get(
    '/facility/loops',
    {
      schema: {
        tags,
        summary: 'Cooling loops now, the worst first: heat, pumps, leaks, and the devices on them',
        querystring: z.strictObject({}),
        response: answers(FacilityLoopsAnswer),
      },
    },
    () => loops(),
  )
  done()
}
