import type { HeldLease, Lease } from './lease.ts'

/** One lease in memory for several processes of a test; `steal` is what a silence of its holder does. */
export function memoryLease(name = 'settle'): { open(): Lease; steal(): void } {
  let holder: { lose(): void } | null = null
  let note = ''
  const hold = (): HeldLease => {
    const { promise: lost, resolve } = Promise.withResolvers<void>()
    const own = { lose: resolve }
    holder = own
    return {
      get note() {
        return note
      },
      isHeld: () => holder === own,
      async write(text) {
        if (holder !== own) throw new Error('E_LEASE_LOST')
        note = text
      },
      lost,
      async release() {
        if (holder === own) holder = null
      },
    }
  }
  return {
    open: () => ({
      name,
      look: async () => holder === null,
      take: async () => (holder === null ? hold() : null),
    }),
    steal() {
      holder?.lose()
      holder = null
    },
  }
}
