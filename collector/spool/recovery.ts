import { addGaps, announceGaps, saveState, sessionOf, type SpoolCore } from './core.ts'
import { after, lostBetween, type SequenceRange, type SpoolGap, without } from './gaps.ts'
import type { RecordMeta } from './record.ts'
import { seal } from './release.ts'
import {
  type LoadedSegment,
  loadSegment,
  newSegment,
  type Segment,
  segmentPositions,
} from './segment.ts'
import { ignoreMissing, replaceFile, syncDirectory } from './spool-fs.ts'

/** Damaged segments kept for a person to look at; older ones are removed. */
const DAMAGED_KEPT = 2

/**
 * Reads every segment of the directory: the longest valid prefix of each is kept, a torn tail is cut off,
 * a damaged file is set aside as `.damaged`, and what is missing between two readable records is reported.
 */
export async function recover(core: SpoolCore): Promise<void> {
  const positions = await segmentPositions(core.fs, core.directory)
  let before: RecordMeta | null = null
  const losses: SpoolGap[] = []
  const pending: { loaded: LoadedSegment; before: RecordMeta | null }[] = []
  for (const [index, first] of positions.entries()) {
    const bound = positions[index + 1] ?? Infinity
    const empty = newSegment(core.directory, first)
    const loaded = await loadSegment(core.fs, empty, bound)
    pending.push({ loaded, before })
    before = loaded.segment.lastRecord ?? before
  }
  for (const [index, { loaded, before }] of pending.entries()) {
    const next = pending[index + 1]?.loaded.segment ?? null
    losses.push(...(await settleSegment(core, loaded, before, next)))
  }
  // A loss is written down before its records go: those that a crash left here are not lost.
  core.gaps = core.gaps.flatMap((gap) =>
    without(gap, runs(core)).map((rest) => ({ ...rest, reason: gap.reason })),
  )
  addGaps(core, losses)
}

const runs = (core: SpoolCore) => core.segments.flatMap((segment) => segment.runs)

/** Keeps what is valid of one segment; returns what was lost behind it. */
async function settleSegment(
  core: SpoolCore,
  loaded: LoadedSegment,
  before: RecordMeta | null,
  next: Segment | null,
): Promise<SpoolGap[]> {
  const { segment, tailBytes, beyond, isUnreadable } = loaded
  const lost = lostBehind(core, loaded, next)
  const isDamaged = lost > 0 || isUnreadable
  if (isDamaged) {
    core.counters.damagedRecords += lost
    core.counters.damagedSegments += 1
    if (next !== null) core.holes.push(next.first)
  } else core.counters.tornBytes += tailBytes
  if (tailBytes > 0 && isDamaged) await setAside(core, segment)
  else if (tailBytes > 0) await cut(core, segment)
  if (segment.bytes > 0) core.segments.push(segment)
  else if (!isDamaged) await ignoreMissing(core.fs.unlink(segment.path))
  const highest = beyond?.position ?? segment.last
  core.next = Math.max(core.next, highest + 1)
  // Behind a last segment only the records beyond the damage tell what was there.
  const readable = next === null || next.runs.length === 0 ? null : firstRecordOf(next)
  const last = segment.lastRecord ?? before
  const inclusive = beyond === null ? null : { ...beyond, seq: beyond.seq + 1, fromMs: beyond.toMs }
  return unreleased(core, lostBetween({ before: last, after: readable ?? inclusive, lost }))
}

/** Records missing between this segment's prefix and the next one, as far as that can be known. */
function lostBehind(core: SpoolCore, loaded: LoadedSegment, next: Segment | null): number {
  const { segment, beyond } = loaded
  const sameOpening = next !== null && sessionOf(next.first) === sessionOf(segment.first)
  if (sameOpening && core.holes.includes(next.first)) return 0
  if (sameOpening) return next.first - 1 - segment.last
  return beyond === null ? 0 : beyond.position - segment.last
}

/** The first record of a segment, as its first run tells it. */
function firstRecordOf(segment: Segment): RecordMeta | null {
  const [run] = segment.runs
  const last = segment.lastRecord
  if (run === undefined || last === null) return null
  return { ...last, position: segment.first, boot: run.boot, seq: run.fromSeq, fromMs: run.fromMs }
}

/**
 * A segment that a reader found damaged: its valid prefix stays, the file is set aside, the rest is
 * reported. Does nothing when the file reads well now. Must run inside `exclusive`.
 */
export async function repairSegment(core: SpoolCore, segment: Segment): Promise<void> {
  if (!core.segments.includes(segment)) return
  if (core.active?.segment === segment) await seal(core)
  const known = { last: segment.last, runs: segment.runs }
  const { segment: valid } = await loadSegment(core.fs, segment, known.last + 1)
  if (valid.last === known.last) return
  const lost: SequenceRange[] = []
  for (const run of known.runs) {
    const kept = valid.last - run.firstPosition + 1
    const rest = kept <= 0 ? run : after(run, run.fromSeq + kept - 1)
    if (rest !== null) lost.push(rest)
  }
  const gaps = unreleased(core, lost)
  addGaps(core, gaps)
  core.counters.damagedRecords += known.last - valid.last
  core.counters.damagedSegments += 1
  const position = core.segments.indexOf(segment)
  const following = core.segments[position + 1]?.first ?? core.next
  core.holes.push(following)
  core.segments = core.segments.with(position, valid).filter((one) => one.bytes > 0)
  await saveState(core)
  await setAside(core, valid)
  void announceGaps(core, gaps)
}

/** Moves the damaged file aside and puts its valid prefix in its place. */
async function setAside(core: SpoolCore, segment: Segment): Promise<void> {
  const { fs, directory } = core
  const aside = `${segment.path}.damaged`
  await ignoreMissing(fs.unlink(aside))
  if (segment.bytes === 0) await ignoreMissing(fs.rename(segment.path, aside))
  else {
    const bytes = await fs.readFile(segment.path)
    await fs.link(segment.path, aside)
    await replaceFile(fs, segment.path, bytes.subarray(0, segment.bytes))
  }
  await syncDirectory(fs, directory)
  const names = (await fs.readdir(directory)).filter((name) => name.endsWith('.damaged'))
  for (const name of names.toSorted().slice(0, -DAMAGED_KEPT))
    await ignoreMissing(fs.unlink(`${directory}/${name}`))
}

async function cut(core: SpoolCore, segment: Segment): Promise<void> {
  const handle = await core.fs.open(segment.path, 'r+')
  try {
    await handle.truncate(segment.bytes)
    await handle.datasync()
  } finally {
    await handle.close()
  }
}

/** Losses that matter: what the store already has is not lost. */
function unreleased(core: SpoolCore, ranges: readonly SequenceRange[]): SpoolGap[] {
  const gaps: SpoolGap[] = []
  for (const range of ranges) {
    const rest = after(range, core.released.get(range.boot) ?? 0)
    if (rest === null) continue
    const { boot, fromSeq, toSeq, fromMs, toMs } = rest
    gaps.push({ boot, fromSeq, toSeq, fromMs, toMs, reason: 'spool_damaged' })
  }
  return gaps
}
