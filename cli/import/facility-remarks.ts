import { JournalPage } from '#schemas/api-journal.ts'
import { PlimsollError } from '#schemas/errors.ts'
import { facilityAt, type FacilityBook, foldFacility, NO_FACILITY } from '#schemas/facility.ts'
import type { JournalBody } from '#schemas/journal.ts'
import { askServer, jsonOf } from '../server-request.ts'

/** Pages of a journal; each looks at a thousand entries. */
const PAGES_MAX = 1_000
const NAMED_MAX = 20

interface Asked {
  readonly server: string
  readonly token: string | undefined
  readonly nowMs: number
}

/**
 * What earlier imports had and this one lacks, line by line: it stays in force, because only `to` ends a row. Empty for
 * other bodies. Without a server it says so: a dry run needs none.
 */
export async function facilityRemarks(
  bodies: readonly JournalBody[],
  { server, token, nowMs }: Asked,
): Promise<readonly string[]> {
  const parts = bodies.flatMap((body) => (body.kind === 'facility' ? [body] : []))
  if (parts.length === 0) return []
  try {
    const before = facilityAt(await enteredFacility(server, token), nowMs)
    return missingLines(before, parts.reduce<FacilityBook>(foldFacility, NO_FACILITY))
  } catch (error) {
    if (!(error instanceof PlimsollError) || error.code !== 'E_STORE_AWAY') throw error
    return [`not compared with what is there: ${error.message}`]
  }
}

/** What stays of the rows in force although a file no longer has it. */
export function missingLines(inForce: FacilityBook, file: FacilityBook): string[] {
  const lines = (what: string, before: readonly string[], now: ReadonlySet<string>) => {
    const missing = before.filter((name) => !now.has(name)).toSorted()
    if (missing.length === 0) return []
    const more = missing.length > NAMED_MAX ? ` and ${missing.length - NAMED_MAX} more` : ''
    return [
      `${missing.length} ${what} of earlier imports are not in this file and stay in force until a row with "to" ends them: ${missing.slice(0, NAMED_MAX).join(', ')}${more}`,
    ]
  }
  return [
    ...lines(
      'meters',
      inForce.meters.map(({ meter }) => meter),
      new Set(file.meters.map(({ meter }) => meter)),
    ),
    ...lines(
      'loops',
      inForce.loops.map(({ loop }) => loop),
      new Set(file.loops.map(({ loop }) => loop)),
    ),
  ]
}

async function enteredFacility(server: string, token: string | undefined): Promise<FacilityBook> {
  let book: FacilityBook = NO_FACILITY
  let from: number | null = 1
  for (let page = 0; from !== null && page < PAGES_MAX; page++) {
    const url = new URL(`/api/v1/journal?kind=facility&limit=50&from=${from}`, server)
    const answer = JournalPage.safeParse(await jsonOf(await askServer(url, { token })))
    if (!answer.success)
      throw new PlimsollError('E_INTERNAL', `${server} is no Plimsoll of this version`)
    for (const { body } of answer.data.entries)
      if (body.kind === 'facility') book = foldFacility(book, body)
    from = answer.data.next_from
  }
  return book
}
