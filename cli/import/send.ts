import { z } from 'zod'
import { PlimsollError } from '#schemas/errors.ts'
import type { JournalBody } from '#schemas/journal.ts'
import { askServer, jsonOf } from '../server-request.ts'

const Answer = z.object({ last: z.int().min(0), sequences: z.array(z.int().min(1)) })

export interface SendOptions {
  readonly server: string
  readonly token: string | undefined
  /** Share of the bodies that are written, 0..1. */
  readonly onPart: (share: number) => void
}

/**
 * Writes bodies into the journal of a running server, one after another, and returns the last sequence. A failure
 * says how much was written; to send the whole again does no harm, because rows of the same name replace each other.
 */
export async function sendBodies(
  bodies: readonly JournalBody[],
  { server, token, onPart }: SendOptions,
): Promise<number> {
  const url = new URL('/api/v1/journal', server)
  let last = 0
  for (const [at, body] of bodies.entries()) {
    try {
      const answer = await askServer(url, { token, method: 'POST', body: { bodies: [body] } })
      last = Answer.parse(await jsonOf(answer)).last
    } catch (error) {
      if (!(error instanceof PlimsollError) || at === 0) throw error
      throw new PlimsollError(
        error.code,
        `${error.message} (${at} of ${bodies.length} parts are written; run the same command again)`,
        { cause: error },
      )
    }
    onPart((at + 1) / bodies.length)
  }
  return last
}
