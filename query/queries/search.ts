import { z } from 'zod'
import { SearchKind } from '#schemas/api-search.ts'
import { int64, namedQuery } from '../named-query.ts'

/** Every name that can be looked for. */
export const searchNames = namedQuery({
  file: new URL('search-names.sql', import.meta.url),
  params: z.strictObject({ now_ms: z.int(), names_max: z.int() }),
  row: z.strictObject({
    kind: SearchKind,
    name: z.string(),
    cluster: z.string(),
    hall: z.string(),
    rack: z.string(),
    tenant: z.string(),
    devices: int64,
    /** A device that an ended job held; 0 = the job runs, or it is none. */
    device: z.string(),
  }),
})
export type SearchName = Awaited<ReturnType<typeof searchNames.run>>[number]

/** Devices by keys, number, or node and index. */
export const searchDevices = namedQuery({
  file: new URL('search-devices.sql', import.meta.url),
  params: z.strictObject({
    q: z.string(),
    /** Beginning of a device's number, or empty. */
    number: z.string(),
    /** A node and the index on it, or empty. */
    at_node: z.string(),
    at_index: z.int(),
  }),
  row: z.strictObject({
    id: z.string(),
    key: z.string(),
    /** With those that are not told. */
    found: int64,
    cluster: z.string(),
    hall: z.string(),
    rack: z.string(),
    node: z.string(),
    model: z.string(),
    device_index: z.int(),
  }),
})
