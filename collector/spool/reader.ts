import type { SpoolCore } from './core.ts'
import { claimedBytes, recordAt, type SpoolRecord } from './record.ts'
import { repairSegment } from './recovery.ts'
import { offsetBefore, type Segment } from './segment.ts'
import { errnoOf } from './spool-fs.ts'

const CHUNK_BYTES = 256 * 1024
/** One read returns at most this many bytes of messages (and always at least one record). */
const READ_BYTES_MAX = 8 * 1024 * 1024

/** Records from a position on, oldest first, at most `maxRecords`: durable ones, then those in memory. */
export async function readRecords(
  core: SpoolCore,
  position: number,
  maxRecords: number,
  exclusive: <T>(task: () => Promise<T>) => Promise<T>,
): Promise<SpoolRecord[]> {
  const records: SpoolRecord[] = []
  let wanted = position
  let bytes = 0
  while (records.length < maxRecords && bytes < READ_BYTES_MAX) {
    const segment = core.segments.find((one) => one.last >= wanted)
    if (segment === undefined) break
    const limit = { records: maxRecords - records.length, bytes: READ_BYTES_MAX - bytes }
    const found = await readSegment(core, segment, wanted, limit)
    if (found === 'gone') continue
    for (const record of found.records) bytes += record.payload.length
    records.push(...found.records)
    wanted = (found.records.at(-1)?.position ?? wanted - 1) + 1
    if (found.damaged || found.records.length === 0) {
      await exclusive(() => repairSegment(core, segment))
      wanted = Math.max(wanted, segment.last + 1)
    }
  }
  for (const record of core.memory) {
    if (records.length >= maxRecords) break
    if (record.position >= wanted && record.position <= core.readable) records.push(record)
  }
  return records
}

interface ReadLimit {
  readonly records: number
  readonly bytes: number
}

/** Records of one segment from a position on; 'gone' when it was dropped meanwhile. */
async function readSegment(
  core: SpoolCore,
  segment: Segment,
  position: number,
  limit: ReadLimit,
): Promise<{ records: SpoolRecord[]; damaged: boolean } | 'gone'> {
  const durable = segment.bytes
  let handle
  try {
    handle = await core.fs.open(segment.path, 'r')
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' && !core.segments.includes(segment)) return 'gone'
    if (errnoOf(error) === 'ENOENT') return { records: [], damaged: true }
    throw error
  }
  const records: SpoolRecord[] = []
  let left = limit.bytes
  try {
    let offset = offsetBefore(segment, position)
    let chunkBytes = CHUNK_BYTES
    while (offset < durable && records.length < limit.records && left > 0) {
      const chunk = Buffer.allocUnsafe(Math.min(chunkBytes, durable - offset))
      const { bytesRead } = await handle.read(chunk, 0, chunk.length, offset)
      const found = parseChunk(chunk.subarray(0, bytesRead), position)
      offset += found.end
      for (const record of found.records) {
        if (records.length === limit.records || left <= 0) break
        records.push(record)
        left -= record.payload.length
      }
      if (found.end > 0) continue
      // Not one whole record: either it is larger than the chunk, or it is damaged.
      const claimed = claimedBytes(chunk, 0)
      const isCut = claimed !== null && claimed > chunk.length && chunk.length < durable - offset
      if (!isCut) return { records, damaged: true }
      chunkBytes = claimed
    }
  } finally {
    await handle.close()
  }
  return { records, damaged: false }
}

/** Whole records from the start of a chunk; those before `position` are stepped over. */
function parseChunk(chunk: Buffer, position: number): { records: SpoolRecord[]; end: number } {
  const records: SpoolRecord[] = []
  let end = 0
  for (let found = recordAt(chunk, 0); found !== null; found = recordAt(chunk, end)) {
    end = found.end
    if (found.record.position >= position) records.push(found.record)
  }
  return { records, end }
}
