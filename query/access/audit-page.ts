import { open } from 'node:fs/promises'
import type { AuditAnswer, AuditQuery } from '#schemas/api-audit.ts'
import { AuditLine, hashOf } from './audit-line.ts'
import { isCode } from './file-lock.ts'

export type AuditQuestion = AuditQuery
export type AuditPage = AuditAnswer

const CHUNK_BYTES = 64 * 1024
/** Looked at for one page: a rare name is found over several pages. */
const LINES_MAX = 20_000

/** Reads an audit file backwards until a page is full. A file that is not there has no lines. */
export async function auditPage(path: string, question: AuditQuestion): Promise<AuditPage> {
  const { who, action, outcome, before = Infinity, limit } = question
  const page: AuditPage = { lines: [], next_before: null, broken_at: null }
  let looked = 0
  let newer: AuditLine | null = null
  for await (const text of linesBackwards(path)) {
    const line = lineOf(text)
    if (line === null) {
      page.broken_at ??= newer === null ? 1 : Math.max(1, newer.seq - 1)
      continue
    }
    const { hash, prev: _, ...rest } = line
    const isChained = newer === null || (newer.prev === hash && newer.seq === line.seq + 1)
    if (!isChained || hashOf({ ...rest, prev: line.prev }) !== hash) page.broken_at ??= line.seq
    newer = line
    if (line.seq >= before) continue
    looked += 1
    const fits =
      (who === undefined || line.who === who) &&
      (action === undefined || line.action === action) &&
      (outcome === undefined || line.outcome === outcome)
    if (fits) page.lines.push(rest)
    if (page.lines.length < limit && looked < LINES_MAX) continue
    if (line.seq > 1) page.next_before = line.seq
    break
  }
  return page
}

function lineOf(text: string): AuditLine | null {
  try {
    const read = AuditLine.safeParse(JSON.parse(text))
    return read.success ? read.data : null
  } catch {
    return null
  }
}

/** Lines of a file, the last first. */
async function* linesBackwards(path: string): AsyncGenerator<string> {
  const handle = await open(path, 'r').catch((error: unknown) => {
    if (isCode(error, 'ENOENT')) return null
    throw error
  })
  if (handle === null) return
  try {
    let end = (await handle.stat()).size
    let rest: Buffer = Buffer.alloc(0)
    while (end > 0) {
      const start = Math.max(0, end - CHUNK_BYTES)
      const chunk = Buffer.alloc(end - start)
      const { bytesRead } = await handle.read(chunk, 0, chunk.length, start)
      end = start
      const bytes = Buffer.concat([chunk.subarray(0, bytesRead), rest])
      // The first line of what was read may begin further ahead.
      const first = start === 0 ? 0 : bytes.indexOf(10) + 1
      rest = first === 0 && start > 0 ? bytes : bytes.subarray(0, first)
      if (first === 0 && start > 0) continue
      const lines = bytes.subarray(first).toString('utf8').split('\n')
      for (const line of lines.reverse()) if (line !== '') yield line
    }
  } finally {
    await handle.close()
  }
}
