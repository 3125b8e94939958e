import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import {
  EnergyAnswer,
  EnergyGrouping,
  FacilityResolution,
  PueAnswer,
} from '#schemas/api-facility.ts'
import { facilityDeps } from '../facility/deps.ts'
import { energyAnswer } from '../facility/energy.ts'
import { pueAnswer } from '../facility/pue.ts'
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
  done()
}
