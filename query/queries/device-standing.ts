import { z } from 'zod'
import { DeviceLedgerState } from '#schemas/api.ts'
import { epochMsOrNull, int64, namedQuery } from '../named-query.ts'

const ofDevices = z.strictObject({ ids: z.array(z.string()), now_ms: z.int() })

/** A device the ledger counts now, once for each of its holders and for what none of them holds. */
export const StandingRow = z.strictObject({
  id: z.string(),
  ledger_state: DeviceLedgerState,
  is_held: z.int(),
  /** Part of the device, millionths. */
  part_ppm: int64,
  tenant: z.string(),
  job: z.string(),
  class: z.string(),
  allocation_source: z.string(),
  billing: z.string(),
  /** Of the entry that says why it gives no work; null where there is none. */
  since_ms: epochMsOrNull,
  reason: z.string(),
  ticket: z.string(),
  waiting_on: z.string(),
  eta_ms: epochMsOrNull,
})
export type StandingRow = z.infer<typeof StandingRow>

export const deviceStanding = namedQuery({
  file: new URL('device-standing.sql', import.meta.url),
  params: ofDevices,
  row: StandingRow,
})

/** What makes a device failed that nobody entered as failed. */
export const deviceFaults = namedQuery({
  file: new URL('device-faults.sql', import.meta.url),
  params: ofDevices,
  row: z.strictObject({
    id: z.string(),
    since_ms: epochMsOrNull,
    message: z.string(),
    message_zh: z.string(),
  }),
})
export type FaultRow = Awaited<ReturnType<typeof deviceFaults.run>>[number]
