import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import {
  DEVICE_LEDGER_STATES,
  DeviceDetail,
  DeviceEvent,
  DeviceList,
  SeriesAnswer,
} from '#schemas/api.ts'
import { readDeviceSeries } from '../device-series.ts'
import { deviceDetail, DEVICES_LIMIT_MAX, listDeviceEvents, listDevices } from '../devices.ts'
import type { LedgerDeps } from '../ledger/cells.ts'
import { SORT_NUMBER, SORT_TEXT } from '../queries/devices-page.ts'
import { POINTS_DEFAULT, POINTS_MAX } from '../steps.ts'
import {
  CursorParam,
  DeviceIdParams,
  FilterParam,
  flag,
  WindowParams,
  wholeNumber,
} from './parameters.ts'
import { answers } from './responses.ts'

const tags = ['devices']
const EVENTS_LIMIT_MAX = 500
const columns = [...SORT_TEXT, ...SORT_NUMBER]
const Sort = z
  .string()
  .refine((text) => columns.some((column) => text === column || text === `-${column}`), {
    message: `one of ${columns.join(', ')}, with - before it for descending`,
  })
  .default('cluster')
const LedgerStates = z
  .string()
  .max(128)
  .transform((text) => text.split(','))
  .pipe(z.array(z.enum([...DEVICE_LEDGER_STATES, 'outside'])))
  .describe(`comma list of ${DEVICE_LEDGER_STATES.join(', ')}, outside (not counted by the ledger)`)

export const deviceRoutes: FastifyPluginCallbackZod<{ deps: LedgerDeps }> = (
  app,
  { deps },
  done,
) => {
  app.get(
    '/devices',
    {
      schema: {
        tags,
        summary: 'Devices as they are now, one page',
        querystring: z.strictObject({
          ...FilterParam,
          ...CursorParam,
          q: z.string().max(128).default('').describe('part of a node, model or key'),
          sort: Sort,
          states: LedgerStates.optional(),
          partitions: flag.describe('list partitions beside whole devices'),
          limit: wholeNumber(1, DEVICES_LIMIT_MAX, 100),
        }),
        response: answers(DeviceList),
      },
    },
    ({ query: { filter, ...question } }) => listDevices(deps, { ...question, filters: filter }),
  )
  app.get(
    '/devices/:id',
    {
      schema: {
        tags,
        summary: 'One device: what it is, its latest values and events',
        params: DeviceIdParams,
        response: answers(DeviceDetail),
      },
    },
    ({ params }) => deviceDetail(deps, params.id),
  )
  app.get(
    '/devices/:id/series',
    {
      schema: {
        tags,
        summary: 'Metrics of one device over time, from raw samples',
        params: DeviceIdParams,
        querystring: z.strictObject({
          ...WindowParams,
          metrics: z.string().min(1).max(2000).describe('comma list; see /api/v1/metrics'),
          points: wholeNumber(1, POINTS_MAX, POINTS_DEFAULT),
        }),
        response: answers(SeriesAnswer),
      },
    },
    ({ params, query }) => readDeviceSeries(deps, params.id, query),
  )
  app.get(
    '/devices/:id/events',
    {
      schema: {
        tags,
        summary: 'Events of one device, newest first',
        params: DeviceIdParams,
        querystring: z.strictObject({
          ...WindowParams,
          ...CursorParam,
          limit: wholeNumber(1, EVENTS_LIMIT_MAX, 100),
        }),
        response: answers(
          z.object({
            events: z.array(DeviceEvent),
            next_cursor: z.string().nullable(),
            simulated: z.boolean(),
          }),
        ),
      },
    },
    ({ params, query }) => listDeviceEvents(deps, params.id, query),
  )
  done()
}
