import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { DeviceEnergyAnswer, EnergyStep } from '#schemas/api-energy-devices.ts'
import { ENERGY_FIELDS, energyDevices, type EnergyDevicesDeps } from '../energy-devices.ts'
import { FilterParam, WindowParams } from './parameters.ts'
import { answers } from './responses.ts'

/** Energy of accelerators, settled from their counters. */
export const energyDeviceRoutes: FastifyPluginCallbackZod<{ deps: EnergyDevicesDeps }> = (
  app,
  { deps },
  done,
) => {
  app.get(
    '/energy/devices',
    {
      schema: {
        tags: ['energy'],
        summary:
          'Energy of devices by counter and by power, with coverage and how well the two agree',
        querystring: z.strictObject({
          ...WindowParams,
          ...FilterParam,
          group_by: z
            .string()
            .max(256)
            .optional()
            .describe(`comma list of ${ENERGY_FIELDS.join(', ')}`),
          resolution: EnergyStep.optional().describe('steps of a series; absent = none'),
        }),
        response: answers(DeviceEnergyAnswer),
      },
    },
    ({ query: { group_by, filter, from, to, resolution } }) =>
      energyDevices(deps, { from, to, groupBy: group_by, filters: filter, resolution }),
  )
  done()
}
