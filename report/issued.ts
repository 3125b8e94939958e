import { createHash } from 'node:crypto'
import { gunzipSync, gzipSync } from 'node:zlib'
import { PlimsollError } from '#schemas/errors.ts'
import type { Journal } from '#schemas/journal.ts'
import type { Clock } from '#schemas/role.ts'
import { type IssuedReport, MODEL_BASE64_MAX } from '#schemas/report/issued.ts'
import { ReportModel } from '#schemas/report/model.ts'

/** A compressed model unpacks to at most this: a year of hours is far below. */
const MODEL_BYTES_MAX = 64 * 2 ** 20
const ENTRIES_AT_ONCE = 128
/** Others who write the journal meanwhile. */
const ATTEMPTS = 8

/** An issued report with what its entry says of it. */
export interface Issued {
  readonly sequence: number
  readonly at_ms: number
  readonly who: string
  readonly report: IssuedReport
}

/** The model as an entry carries it. Throws E_REPORT_TOO_LARGE. */
export function packModel(model: ReportModel): Pick<IssuedReport, 'sha256' | 'model'> {
  const text = JSON.stringify(model)
  const packed = gzipSync(text, { level: 9 }).toString('base64')
  if (packed.length > MODEL_BASE64_MAX)
    throw new PlimsollError(
      'E_REPORT_TOO_LARGE',
      `the report of ${model.week} is ${packed.length} bytes packed, at most ${MODEL_BASE64_MAX} fit`,
    )
  return { sha256: sha256(text), model: packed }
}

/** The model of an entry, as it was issued. Throws E_REPORT_DAMAGED. */
export function unpackModel({ week, revision, sha256: wanted, model }: IssuedReport): ReportModel {
  const damaged = (why: string, cause?: unknown) =>
    new PlimsollError('E_REPORT_DAMAGED', `report ${week} revision ${revision}: ${why}`, { cause })
  let text: string
  try {
    text = gunzipSync(Buffer.from(model, 'base64'), { maxOutputLength: MODEL_BYTES_MAX }).toString()
  } catch (error) {
    throw damaged('its model cannot be unpacked', error)
  }
  if (sha256(text) !== wanted) throw damaged('its model does not have its checksum')
  const parsed = ReportModel.safeParse(JSON.parse(text))
  if (!parsed.success) throw damaged('its model has another shape', parsed.error)
  return parsed.data
}

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')

/** What was issued so far, folded from the journal as far as it was read. */
export interface IssuedBook {
  /** Reads on. Rejects with E_JOURNAL_AWAY. */
  refresh(): Promise<void>
  /** The last entry that was read. */
  last(): number
  all(): readonly Issued[]
  /** Newest revision of a period, or the one that is named; null = there is none. */
  find(week: string, revision: number | null): Issued | null
}

export function createIssuedBook(journal: Journal | null): IssuedBook {
  const byWeek = new Map<string, Issued[]>()
  let read = 0
  let reading: Promise<void> | null = null
  const readOn = async () => {
    if (journal === null) return
    const last = await journal.last()
    while (read < last) {
      const entries = await journal.readFrom(read + 1, ENTRIES_AT_ONCE)
      if (entries.length === 0) return
      for (const { sequence, at_ms, who, body } of entries) {
        read = sequence
        if (body.kind !== 'reports') continue
        const { report } = body
        const own = byWeek.get(report.week) ?? []
        // Two who issued at once: the first stands.
        if (own.every(({ report: { revision } }) => revision !== report.revision))
          own.push({ sequence, at_ms, who, report })
        byWeek.set(report.week, own)
      }
    }
  }
  return {
    async refresh() {
      reading ??= readOn().finally(() => {
        reading = null
      })
      await reading
    },
    last: () => read,
    all: () => [...byWeek.values()].flat(),
    find(week, revision) {
      const own = (byWeek.get(week) ?? []).toSorted((a, b) => b.report.revision - a.report.revision)
      if (revision === null) return own[0] ?? null
      return own.find(({ report }) => report.revision === revision) ?? null
    },
  }
}

/**
 * Appends a report as the next revision of its period. Where somebody else issued that revision meanwhile, theirs is
 * answered. Rejects with E_JOURNAL_AWAY, E_JOURNAL_CHANGED when others write too often, and E_REPORT_TOO_LARGE.
 */
export async function appendReport(
  deps: { readonly journal: Journal | null; readonly book: IssuedBook; readonly clock: Clock },
  made: ReportModel,
  { because, who }: { readonly because: string; readonly who: string },
): Promise<ReportModel> {
  const { journal, book, clock } = deps
  if (journal === null)
    throw new PlimsollError(
      'E_JOURNAL_AWAY',
      'this process has no journal, reports cannot be issued',
    )
  const { week, revision, from, to, definition, utilization, coverage } = made
  const told = { week, revision, definition, utilization, coverage, because, ...packModel(made) }
  const report = { ...told, from_ms: Date.parse(from), to_ms: Date.parse(to) }
  const change = { at_ms: clock(), who, body: { kind: 'reports', report } } as const
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    await book.refresh()
    const newest = book.find(week, null)
    if (newest !== null && newest.report.revision >= revision) return unpackModel(newest.report)
    try {
      await journal.append(change, { expectedLast: book.last() })
      return made
    } catch (error) {
      if (!(error instanceof PlimsollError) || error.code !== 'E_JOURNAL_CHANGED') throw error
    }
  }
  throw new PlimsollError(
    'E_JOURNAL_CHANGED',
    'the journal is written too often to issue a report now',
  )
}
