import { z } from 'zod'
import { Owner, PriceLine } from './journal.ts'

/**
 * Changes of what people entered: one line at a time on top of the document in force. `base` is the sequence of the entry
 * that the change was prepared on, 0 where there was none: a document that somebody else changed since is not overwritten.
 */

const base = z.int().min(0)

/** Puts back the whole document that the one in force replaced. */
const undo = z.strictObject({ kind: z.literal('undo') })

/** POST /api/v1/settings/prices */
export const PricesChange = z.strictObject({
  base,
  change: z.discriminatedUnion('kind', [
    /** Replaces the line of the same model, pool and begin, if there is one. */
    z.strictObject({ kind: z.literal('set'), line: PriceLine }),
    z.strictObject({ kind: z.literal('remove'), line: PriceLine }),
    undo,
  ]),
})
export type PricesChange = z.infer<typeof PricesChange>

/** POST /api/v1/settings/owners: whom to write to; accounts, queues and billing come from the owners file. */
export const OwnersChange = z.strictObject({
  base,
  change: z.discriminatedUnion('kind', [
    z.strictObject({
      kind: z.literal('contact'),
      tenant: Owner.shape.tenant,
      display_name: z.string().trim().min(1).max(256),
      contact: z.string().trim().max(256),
    }),
    undo,
  ]),
})
export type OwnersChange = z.infer<typeof OwnersChange>

/** The entry that is in force now. */
export const SettingChanged = z.strictObject({
  sequence: z.int().min(1),
  at_ms: z.int().min(0),
  who: z.string().max(256),
})
export type SettingChanged = z.infer<typeof SettingChanged>
