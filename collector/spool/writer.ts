import { addGaps, announceGaps, type SpoolCore } from './core.ts'
import { joinRanges, rangeOf } from './gaps.ts'
import { encodeRecord, RECORD_OVERHEAD_BYTES, type SpoolRecord } from './record.ts'
import { makeRoom, seal } from './release.ts'
import { extendSegment, newSegment } from './segment.ts'
import { errnoOf, syncDirectory, writeFully } from './spool-fs.ts'

/** Takes records whose positions follow each other: to disk, or to memory while the disk refuses. */
export async function takeRecords(core: SpoolCore, records: readonly SpoolRecord[]): Promise<void> {
  try {
    for (const group of groupsOf(core, [...core.memory, ...records])) await writeGroup(core, group)
  } catch (error) {
    await giveUpOnDisk(core, error)
  }
  core.memory = [...core.memory, ...records].filter((record) => record.position > core.durable)
  boundMemory(core)
  if (core.memory.length === 0 && core.alarm !== null) clearAlarm(core)
}

/** Cuts records where a segment is full or positions jump: each group goes into one file with one sync. */
function groupsOf(core: SpoolCore, records: readonly SpoolRecord[]): SpoolRecord[][] {
  const groups: SpoolRecord[][] = []
  let room = core.segmentBytes - (core.active?.segment.bytes ?? core.segmentBytes)
  let expected = core.active === null ? null : core.active.segment.last + 1
  for (const record of records) {
    const size = sizeOf(record)
    const group = groups.at(-1)
    if (size <= room && record.position === expected && group !== undefined) group.push(record)
    else {
      if (size > room || record.position !== expected) room = core.segmentBytes
      groups.push([record])
    }
    room -= size
    expected = record.position + 1
  }
  return groups
}

const sizeOf = (record: SpoolRecord) => RECORD_OVERHEAD_BYTES + record.payload.length

async function writeGroup(core: SpoolCore, group: readonly SpoolRecord[]): Promise<void> {
  const [first] = group
  if (first === undefined) return
  const bytes = Buffer.concat(group.map(encodeRecord))
  await makeRoom(core, bytes.length)
  const { segment, handle } = await segmentFor(core, first.position, bytes.length)
  await writeFully(handle, bytes, segment.bytes)
  await handle.datasync()
  for (const record of group) extendSegment(segment, record, sizeOf(record))
  core.durable = segment.last
}

/** The open segment, or a new one when it is full or the position does not follow. */
async function segmentFor(core: SpoolCore, position: number, bytes: number) {
  const { active } = core
  const fits =
    active !== null &&
    active.segment.last + 1 === position &&
    (active.segment.bytes === 0 || active.segment.bytes + bytes <= core.segmentBytes)
  if (fits) return active
  await seal(core)
  const last = core.segments.at(-1)
  const segment = newSegment(core.directory, position)
  const handle = await core.fs.open(segment.path, 'w')
  const opened = { segment, handle }
  core.active = opened
  core.segments.push(segment)
  // A jump inside one opening is a loss that memory already reported.
  if (last !== undefined && last.last + 1 !== position) core.holes.push(position)
  await syncDirectory(core.fs, core.directory)
  return opened
}

/**
 * After a failed write or sync nothing after the last durable byte can be trusted, so the file is cut there
 * and closed. If even that fails, recovery does it: positions from the next file's first on are not its own.
 */
async function giveUpOnDisk(core: SpoolCore, error: unknown): Promise<void> {
  core.counters.diskErrors += 1
  const { active } = core
  core.active = null
  if (active !== null) {
    await ignoreFailure(active.handle.truncate(active.segment.bytes))
    await ignoreFailure(active.handle.close())
    if (active.segment.runs.length === 0) {
      core.segments = core.segments.filter((segment) => segment !== active.segment)
      await ignoreFailure(core.fs.unlink(active.segment.path))
    }
  }
  if (core.alarm !== null) return
  core.alarm = errnoOf(error)
  core.onAlarm({
    state: 'raised',
    code: core.alarm,
    message: `the spool in ${core.directory} cannot be written: batches wait in memory and a stop would lose them; free space or repair the disk`,
  })
}

function clearAlarm(core: SpoolCore): void {
  const code = core.alarm ?? 'unknown'
  core.alarm = null
  const message = `the spool in ${core.directory} is on disk again`
  core.onAlarm({ state: 'cleared', code, message })
}

/** Drops the oldest records in memory beyond its bound, and says which. */
function boundMemory(core: SpoolCore): void {
  core.memoryUsed = core.memory.reduce((sum, record) => sum + sizeOf(record), 0)
  const dropped: SpoolRecord[] = []
  while (core.memoryUsed > core.memoryBytes) {
    const oldest = core.memory.shift()
    if (oldest === undefined) break
    core.memoryUsed -= sizeOf(oldest)
    dropped.push(oldest)
  }
  if (dropped.length === 0) return
  core.counters.droppedRecords += dropped.length
  const gaps = joinRanges(dropped.map(rangeOf)).map((range) => ({
    ...range,
    reason: 'spool_full' as const,
  }))
  addGaps(core, gaps)
  void announceGaps(core, gaps)
}

async function ignoreFailure(attempt: Promise<unknown>): Promise<void> {
  try {
    await attempt
  } catch {
    // The disk already refuses; the alarm says so.
  }
}
