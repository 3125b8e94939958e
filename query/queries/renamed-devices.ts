import { z } from 'zod'
import { namedQuery } from '../named-query.ts'

export const renamedDevices = namedQuery({
  file: new URL('renamed-devices.sql', import.meta.url),
  params: z.strictObject({ limit: z.int().min(1) }),
  row: z.strictObject({ key: z.string(), device: z.string() }),
})
