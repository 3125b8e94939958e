import { addGaps, announceGaps, saveState, type SpoolCore } from './core.ts'
import { after, joinRanges, rangeOf, type SequenceRange } from './gaps.ts'
import type { Run, Segment } from './segment.ts'
import { recordAt } from './record.ts'
import { ignoreMissing, syncDirectory } from './spool-fs.ts'

/** Every run in the spool, oldest first, memory included. */
function allRuns(core: SpoolCore): Run[] {
  const inMemory = core.memory.map((record) => ({
    ...rangeOf(record),
    firstPosition: record.position,
  }))
  return [...core.segments.flatMap((segment) => segment.runs), ...inMemory]
}

/** The highest position up to which every record still held is known to be in the store. */
export function releasedPosition(core: SpoolCore): number {
  let position = (core.segments[0]?.first ?? core.memory[0]?.position ?? core.next) - 1
  for (const run of allRuns(core)) {
    const released = core.released.get(run.boot) ?? 0
    const done = Math.min(released, run.toSeq) - run.fromSeq + 1
    if (done > 0) position = run.firstPosition + done - 1
    if (released < run.toSeq) return position
  }
  return position
}

/** Records held that are not known to be in the store. */
export function unreleasedRecords(core: SpoolCore): number {
  let count = 0
  for (const run of allRuns(core)) {
    const released = core.released.get(run.boot) ?? 0
    count += Math.max(0, run.toSeq - Math.max(released, run.fromSeq - 1))
  }
  return count
}

/** Position of a message, or of the next one of its boot that is still here; null when there is none. */
export function positionOf(core: SpoolCore, boot: string, seq: number): number | null {
  for (const run of allRuns(core))
    if (run.boot === boot && run.toSeq >= seq)
      return run.firstPosition + Math.max(0, seq - run.fromSeq)
  return null
}

const isReleased = (core: SpoolCore, range: SequenceRange) =>
  (core.released.get(range.boot) ?? 0) >= range.toSeq

/**
 * Removes segments whose records are all in the store, forgets boots that are gone, saves the state. On a
 * disk that refuses, removing is what helps; the newest segment then stays, because it alone remembers
 * which positions are used.
 */
export async function compact(core: SpoolCore): Promise<void> {
  const kept = (await isSaved(core)) ? core.active?.segment : core.segments.at(-1)
  const removable = core.segments.filter(
    (segment) => segment !== kept && segment.runs.every((run) => isReleased(core, run)),
  )
  for (const segment of removable) {
    await ignoreMissing(core.fs.unlink(segment.path))
    core.segments = core.segments.filter((one) => one !== segment)
  }
  if (removable.length > 0) await syncDirectory(core.fs, core.directory)
  const boots = new Set(allRuns(core).map((run) => run.boot))
  for (const boot of core.released.keys()) if (!boots.has(boot)) core.released.delete(boot)
}

async function isSaved(core: SpoolCore): Promise<boolean> {
  try {
    await saveState(core)
    return true
  } catch {
    core.counters.diskErrors += 1
    return false
  }
}

/** Makes room for `bytes` more: drops oldest segments whole and says exactly what was lost. */
export async function makeRoom(core: SpoolCore, bytes: number): Promise<void> {
  const used = () => core.segments.reduce((sum, segment) => sum + segment.bytes, 0)
  while (core.segments.length > 0 && used() + bytes > core.maxBytes) {
    const [oldest] = core.segments
    if (oldest === undefined) return
    if (core.active?.segment === oldest) await seal(core)
    await dropOldest(core, oldest)
  }
}

/** Nothing is dropped, and nothing said, when the disk refuses to remember the loss or to let the file go. */
async function dropOldest(core: SpoolCore, oldest: Segment): Promise<void> {
  const before = { segments: core.segments, gaps: core.gaps, holes: core.holes }
  const lost = (await unreleasedRanges(core, oldest)).map((range) => ({
    ...range,
    reason: 'spool_full' as const,
  }))
  addGaps(core, lost)
  core.segments = core.segments.slice(1)
  try {
    // The loss is on disk before its records go; a crash between the two leaves both to recovery.
    await saveState(core)
    await ignoreMissing(core.fs.unlink(oldest.path))
  } catch (error) {
    Object.assign(core, before)
    throw error
  }
  for (const gap of lost) core.counters.droppedRecords += gap.toSeq - gap.fromSeq + 1
  try {
    await syncDirectory(core.fs, core.directory)
  } finally {
    void announceGaps(core, lost)
  }
}

/** Closes the segment that takes records; the next one starts a new file. */
export async function seal(core: SpoolCore): Promise<void> {
  const { active } = core
  core.active = null
  if (active !== null) await active.handle.close()
}

/** What of a segment the store does not have, with exact times while its records can be read. */
async function unreleasedRanges(core: SpoolCore, segment: Segment): Promise<SequenceRange[]> {
  const ranges: SequenceRange[] = []
  for (const run of segment.runs) {
    const rest = after(run, core.released.get(run.boot) ?? 0)
    if (rest === null) continue
    if (rest === run) ranges.push(withoutPosition(run))
    else ranges.push(...(await exactRanges(core, segment, rest)))
  }
  return joinRanges(ranges)
}

/** The records of a part of a run, one by one, for their times; the part itself when they are damaged. */
async function exactRanges(
  core: SpoolCore,
  segment: Segment,
  part: SequenceRange,
): Promise<SequenceRange[]> {
  const whole = withoutPosition(part)
  try {
    const bytes = await core.fs.readFile(segment.path)
    const ranges: SequenceRange[] = []
    for (let found = recordAt(bytes, 0); found !== null; found = recordAt(bytes, found.end)) {
      const { record } = found
      if (record.boot === part.boot && record.seq >= part.fromSeq && record.seq <= part.toSeq)
        ranges.push(rangeOf(record))
    }
    return ranges.length === part.toSeq - part.fromSeq + 1 ? ranges : [whole]
  } catch {
    return [whole]
  }
}

const withoutPosition = ({ boot, fromSeq, toSeq, fromMs, toMs }: SequenceRange): SequenceRange => ({
  boot,
  fromSeq,
  toSeq,
  fromMs,
  toMs,
})
