import { PlimsollError } from '#schemas/errors.ts'
import type { Clock } from '#schemas/role.ts'
import type { Ledger } from '../settle/ledger.ts'
import type { Store } from '../store/store.ts'
import type { HistoryFile } from './file.ts'
import { settleSpan } from './settle-span.ts'
import type { Refusals } from './refusals.ts'
import type { Span } from './spans.ts'

/** What an import works with: the data set's own store and ledger. */
export interface ImportDeps {
  readonly store: Pick<Store, 'query' | 'command' | 'insertNative' | 'insertJson'>
  readonly ledger: Ledger
  readonly clock: Clock
  /** IANA zone of the data set's days. */
  readonly timeZone: string
  /** 0..1 of reading and storing, then again of settling. */
  readonly onProgress: (stage: 'reading' | 'settling', share: number) => void
}

/** What became of one file. */
export interface FileReport {
  readonly file: string
  readonly rows: number
  /** Samples that the file stands for, and those that this run stored; a second run stores none. */
  readonly samples: number
  readonly stored: number
  readonly devices: number
  /** Moments of the first sample and of the end of the last one's time; null without any. */
  readonly span: Span | null
  readonly refused: ReadonlyMap<string, number>
  readonly examples: readonly string[]
}

export interface ImportReport {
  readonly files: readonly FileReport[]
  readonly minutesSettled: number
}

/** What reading one file leaves to the end of the import. */
export interface FileResult {
  readonly report: FileReport
  /** When its newest part was stored. */
  readonly newestMs: number
}

/**
 * Reads every file and settles what they reach, once at the end. A run that was cut off goes on, one that was complete
 * changes nothing.
 */
export async function runImport(
  deps: ImportDeps,
  files: readonly HistoryFile[],
  readFile: (file: HistoryFile, onShare: (share: number) => void) => Promise<FileResult>,
): Promise<ImportReport> {
  const results: FileResult[] = []
  const totalBytes = Math.max(
    1,
    files.reduce((sum, { bytes }) => sum + bytes, 0),
  )
  let doneBytes = 0
  for (const file of files) {
    const onShare = (share: number) =>
      deps.onProgress('reading', (doneBytes + share * file.bytes) / totalBytes)
    results.push(await readFile(file, onShare))
    doneBytes += file.bytes
  }
  deps.onProgress('reading', 1)
  const reports = results.map(({ report }) => report)
  const spans = reports.flatMap(({ span, devices }) =>
    span === null || devices === 0 ? [] : [span],
  )
  if (spans.length === 0) return { files: reports, minutesSettled: 0 }
  const { store, ledger, timeZone } = deps
  const minutesSettled = await settleSpan(
    {
      fromMs: Math.min(...spans.map(({ fromMs }) => fromMs)),
      toMs: Math.max(...spans.map(({ toMs }) => toMs)),
    },
    {
      store,
      ledger,
      timeZone,
      sinceMs: Math.max(...results.map(({ newestMs }) => newestMs)),
      devices: reports.reduce((sum, { devices }) => sum + devices, 0),
      onProgress: (share) => deps.onProgress('settling', share),
    },
  )
  return { files: reports, minutesSettled }
}

/** Throws E_HISTORY_INVALID when a file had rows and none of them could be used. */
export function requireRows(file: HistoryFile, rows: number, refusals: Refusals): void {
  if (rows > 0) return
  const why = refusals.examples.map((example) => `\n  ${example}`).join('')
  throw new PlimsollError('E_HISTORY_INVALID', `${file.name}: no row could be used${why}`)
}
