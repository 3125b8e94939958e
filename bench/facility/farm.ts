import { z } from 'zod'
import { CHANGES, type Wrong } from './fleet.ts'
import { hearLines, say } from './lines.ts'

/** What a farm is told: something changes in a cooling unit, and whether the unit says so by itself (a trap, an event). */
export const Order = z.object({
  device: z.int(),
  change: z.enum(CHANGES),
  isWrong: z.boolean(),
  tells: z.boolean(),
})
export type Order = z.infer<typeof Order>

/** What a farm answers: when it was so, epoch ms. */
export const Changed = z.object({ changed: Order, atMs: z.number() })

export const Ready = z.object({ port: z.int(), cert: z.string().default('') })

/** The states of the cooling units of one farm; changed by the parent's orders. */
export function createStates(apply: (order: Order) => void): { wrongOf(device: number): Wrong } {
  const states = new Map<number, Set<Order['change']>>()
  hearLines(
    Order,
    (order) => {
      const state = states.get(order.device) ?? new Set()
      states.set(order.device, state)
      if (order.isWrong) state.add(order.change)
      else state.delete(order.change)
      say({ changed: order, atMs: Date.now() })
      apply(order)
    },
    () => undefined,
  )
  return { wrongOf: (device) => states.get(device) ?? NOTHING }
}

const NOTHING: Wrong = new Set()
