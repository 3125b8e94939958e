import { createHash } from 'node:crypto'
import { z } from 'zod'
import { PlimsollError } from '#schemas/errors.ts'

/** Beyond this a reader should filter. */
export const OFFSET_MAX = 1_000_000

const Cursor = z.strictObject({ o: z.int().min(1).max(OFFSET_MAX), q: z.string() })

/** The cursor of the next page of a question, or null on the last page. Opaque to callers. */
export function nextCursor(
  question: unknown,
  page: { readonly offset: number; readonly given: number; readonly total: number },
): string | null {
  const offset = page.offset + page.given
  if (page.given === 0 || offset >= page.total || offset > OFFSET_MAX) return null
  return Buffer.from(JSON.stringify({ o: offset, q: questionMark(question) })).toString('base64url')
}

/** Where a page begins. Throws E_CURSOR_INVALID for a cursor of another question or none of ours. */
export function cursorOffset(question: unknown, cursor: string | undefined): number {
  if (cursor === undefined) return 0
  const parsed = Cursor.safeParse(decode(cursor))
  if (parsed.success && parsed.data.q === questionMark(question)) return parsed.data.o
  throw new PlimsollError(
    'E_CURSOR_INVALID',
    'this cursor belongs to another question; start again without it',
  )
}

function decode(cursor: string): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'))
  } catch {
    return null
  }
}

const questionMark = (question: unknown) =>
  createHash('sha256').update(JSON.stringify(question)).digest('base64url').slice(0, 12)
