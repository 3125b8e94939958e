import { join } from 'node:path'
import { z } from 'zod'
import { BOOT_PATTERN } from '#schemas/subjects.ts'
import { replaceFile, type SpoolFs } from './spool-fs.ts'

const boot = z.string().regex(BOOT_PATTERN)
const seq = z.int().min(0)

const Gap = z.strictObject({
  boot,
  fromSeq: seq,
  toSeq: seq,
  fromMs: z.number(),
  toMs: z.number(),
  reason: z.enum(['spool_full', 'spool_damaged']),
})

/** What the spool remembers beside its records. May lag behind: then records are sent again. */
export const StateFile = z.strictObject({
  version: z.literal(1),
  /** Random: the life of this directory's positions. */
  id: z.string().regex(BOOT_PATTERN),
  /** Highest position known to be used, so that none is used twice after all segments are gone. */
  highest: z.int().min(0),
  /** Per boot: everything up to this sequence is in the store. */
  released: z.record(boot, seq),
  /** Losses that nobody has taken over yet. */
  gaps: z.array(Gap),
  /** First positions of segments before which a loss was already reported. */
  holes: z.array(z.int().min(1)),
})
export type StateFile = z.infer<typeof StateFile>

const pathOf = (directory: string) => join(directory, 'spool.json')

/** The state of a directory, or null when there is none or it cannot be understood. */
export async function readState(fs: SpoolFs, directory: string): Promise<StateFile | null> {
  try {
    const text = (await fs.readFile(pathOf(directory))).toString('utf8')
    return StateFile.parse(JSON.parse(text))
  } catch {
    return null
  }
}

/** Replaces the state, durably. */
export function writeState(fs: SpoolFs, directory: string, state: StateFile): Promise<void> {
  return replaceFile(fs, pathOf(directory), Buffer.from(JSON.stringify(state)))
}
