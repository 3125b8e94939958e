import { z } from 'zod'
import { namedQuery } from '../named-query.ts'
import { DevicesPageRow } from './devices-page.ts'

/** Where one device stands, first, and then its partitions; nothing for an id that nobody has. */
export const devicePlaces = namedQuery({
  file: new URL('device-places.sql', import.meta.url),
  params: z.strictObject({
    id: z.string(),
    now_ms: z.int(),
    limit: z.int(),
  }),
  row: DevicesPageRow.omit({ total: true }),
})
