import { z } from 'zod'
import { namedQuery } from '../named-query.ts'

export const pendingDevices = namedQuery({
  file: new URL('pending-devices.sql', import.meta.url),
  params: z.strictObject({ now_ms: z.int() }),
  row: z.strictObject({ pending_devices: z.int() }),
})
