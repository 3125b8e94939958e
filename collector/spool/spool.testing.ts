import { memoryFs, type MemoryFs } from './memory-fs.testing.ts'
import type { SpoolGap } from './gaps.ts'
import type { SpoolRecord } from './record.ts'
import { openSpool, type Spool, type SpoolEntry, type SpoolOptions } from './spool.ts'

export const DIRECTORY = '/spool'
export const BOOT_A = 'aa'.repeat(16)
export const BOOT_B = 'bb'.repeat(16)

/** A message that says which one it is. */
export function entry(seq: number, boot = BOOT_A, bytes = 20): SpoolEntry {
  const payload = Buffer.alloc(bytes, `${boot.slice(0, 2)}${seq};`)
  return { boot, seq, kind: 'telemetry', fromMs: seq * 1000, toMs: seq * 1000 + 999, payload }
}

/** Opens a spool in memory and keeps what it reported. */
export async function openInMemory(
  fs: MemoryFs = memoryFs(),
  options: Partial<SpoolOptions> = {},
): Promise<{ spool: Spool; gaps: SpoolGap[]; fs: MemoryFs }> {
  // A copy taken from a living spool still holds the lock of this very process.
  if (fs.names().includes(`${DIRECTORY}/lock`)) await fs.unlink(`${DIRECTORY}/lock`)
  const gaps: SpoolGap[] = []
  const spool = await openSpool({
    directory: DIRECTORY,
    maxBytes: 1 << 20,
    now: () => 5,
    fs,
    onGap: (gap) => void gaps.push(gap),
    ...options,
  })
  return { spool, gaps, fs }
}

/** Everything the spool holds. */
export function readAll(spool: Spool): Promise<SpoolRecord[]> {
  return spool.readFrom(0, 1_000_000)
}

/** Appends messages 1..count of a boot one after the other. */
export async function fill(spool: Spool, count: number, boot = BOOT_A, bytes = 20): Promise<void> {
  for (let seq = 1; seq <= count; seq += 1) await spool.append(entry(seq, boot, bytes))
}

export const seqsOf = (records: readonly SpoolRecord[]) => records.map((record) => record.seq)

/** Paths of segment files, oldest first. */
export const segmentPaths = (fs: MemoryFs) =>
  fs
    .names()
    .filter((name) => name.endsWith('.seg'))
    .toSorted()
