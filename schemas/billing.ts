import { z } from 'zod'

/** Who pays for a holder's hours; `unknown` where nobody said. */
export const Billing = z.enum(['paid', 'internal', 'free', 'unknown'])

export type Billing = z.infer<typeof Billing>
