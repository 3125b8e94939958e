import { PlimsollError } from '#schemas/errors.ts'
import type { ReportWindow } from '#schemas/report/facts.ts'
import { iso } from '../window.ts'

/** A window as questions to the API have it. */
export const asked = ({ fromMs, toMs }: ReportWindow) => ({ from: iso(fromMs), to: iso(toMs) })

/** The same as statements have it, whole seconds. */
export const inSeconds = ({ fromMs, toMs }: ReportWindow) => ({
  from_s: Math.floor(fromMs / 1000),
  to_s: Math.ceil(toMs / 1000),
})

const UNASKABLE = new Set<string>(['E_RANGE_INVALID', 'E_QUERY_TOO_LARGE', 'E_JOURNAL_AWAY'])

/** Null for a question that the period is too long or too early for, or that needs a journal which is away. */
export async function orNull<Answer>(ask: () => Promise<Answer>): Promise<Answer | null> {
  try {
    return await ask()
  } catch (error) {
    if (error instanceof PlimsollError && UNASKABLE.has(error.code)) return null
    throw error
  }
}
