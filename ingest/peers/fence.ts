import { z } from 'zod'
import type { HeldLease } from '../bus/lease.ts'
import type { Resolution, RevisionFence } from '../settle/ledger.ts'

/** What the lease to settle carries: by resolution, the lowest revision that nobody was given yet. */
const Note = z.record(z.string(), z.number().int().min(1))

/**
 * Revisions by the lease's note: each piece of settling writes its revision down by compare-and-set before it
 * begins. A process that lost the lease begins no piece, and the next one begins above whatever it had begun.
 */
export function leaseFence(held: Pick<HeldLease, 'note' | 'write'>): RevisionFence {
  const inherited = noteOf(held.note)
  const given = { ...inherited }
  return {
    floor: (resolution: Resolution) => inherited[resolution] ?? 1,
    async reserve(resolution, revision) {
      given[resolution] = Math.max(given[resolution] ?? 1, revision + 1)
      await held.write(JSON.stringify(given))
    },
  }
}

function noteOf(text: string): z.infer<typeof Note> {
  if (text === '') return {}
  return Note.parse(JSON.parse(text))
}
