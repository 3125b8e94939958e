import { mkdir, open, readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Clock } from '#schemas/role.ts'
import { AuditLine, hashOf } from './audit-line.ts'
import { type AuditPage, type AuditQuestion, auditPage } from './audit-page.ts'
import { isCode, withFileLock } from './file-lock.ts'

/** Who did what. `who` is the name of a token, of a person a proxy vouched for, or `local`. */
export interface AuditEntry {
  readonly who: string
  readonly role: string
  /** Address of the caller, `-` for the command line. */
  readonly address: string
  /** login, logout, demo_incident, token_add, token_revoke… */
  readonly action: string
  /** What it was done to, empty when the action says it. */
  readonly target: string
  readonly outcome: 'done' | 'refused' | 'failed'
}

export interface Audit {
  /** Resolves when the line is on disk. A write that cannot be recorded must not happen: it rejects. */
  record(entry: AuditEntry): Promise<void>
  /** Lines of a question, newest first. */
  page(question: AuditQuestion): Promise<AuditPage>
}

const START = '0'.repeat(64)
const FIELD_LENGTH_MAX = 256
/** A line is far below this; the end of the file holds at least one whole line. */
const TAIL_BYTES = 8192

/** An append-only file of JSON lines, each holding the hash of the one before. */
export function createAudit(path: string, clock: Clock): Audit {
  return {
    async record(entry) {
      await mkdir(dirname(path), { recursive: true, mode: 0o700 })
      await withFileLock(path, () => append(path, entry, clock()))
    },
    page: (question) => auditPage(path, question),
  }
}

async function append(path: string, entry: AuditEntry, nowMs: number): Promise<void> {
  const handle = await open(path, 'a+', 0o600)
  try {
    const last = await lastLine(handle)
    const cut = (text: string) => text.slice(0, FIELD_LENGTH_MAX)
    const line = {
      seq: (last?.seq ?? 0) + 1,
      at: new Date(nowMs).toISOString(),
      who: cut(entry.who),
      role: cut(entry.role),
      address: cut(entry.address),
      action: cut(entry.action),
      target: cut(entry.target),
      outcome: entry.outcome,
      prev: last?.hash ?? START,
    }
    await handle.appendFile(`${JSON.stringify({ ...line, hash: hashOf(line) })}\n`)
    await handle.datasync()
  } finally {
    await handle.close()
  }
}

async function lastLine(handle: Awaited<ReturnType<typeof open>>): Promise<AuditLine | null> {
  const { size } = await handle.stat()
  if (size === 0) return null
  const start = Math.max(0, size - TAIL_BYTES)
  const { buffer, bytesRead } = await handle.read(
    Buffer.alloc(size - start),
    0,
    size - start,
    start,
  )
  const text = buffer.subarray(0, bytesRead).toString('utf8').trimEnd()
  return AuditLine.parse(JSON.parse(text.slice(text.lastIndexOf('\n') + 1)))
}

/** Whether every line still follows from the one before: the number of lines, or the first bad one. */
export async function verifyAudit(
  path: string,
): Promise<{ readonly lines: number; readonly brokenAt: number | null }> {
  let prev = START
  let lines = 0
  for (const text of (await readText(path)).split('\n')) {
    if (text === '') continue
    lines += 1
    const parsed = AuditLine.safeParse(parseJson(text))
    if (!parsed.success) return { lines, brokenAt: lines }
    const { hash, ...line } = parsed.data
    const isChained = line.prev === prev && line.seq === lines && hash === hashOf(line)
    if (!isChained) return { lines, brokenAt: lines }
    prev = hash
  }
  return { lines, brokenAt: null }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (isCode(error, 'ENOENT')) return ''
    throw error
  }
}
