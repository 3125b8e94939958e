import type { Batch } from '#schemas/batch.ts'
import type { Publisher } from '#schemas/ports.ts'
import type { TimeSource } from './clock.ts'
import type { LostRange } from './resend.ts'

export interface GapReportsDeps {
  /** Of this run. */
  readonly boot: string
  readonly publisher: Pick<Publisher, 'onWatermark'>
  readonly time: Pick<TimeSource, 'monotonicMs' | 'setTimer'>
  /** Sends losses upstream, in one batch of their own. */
  readonly report: (ranges: readonly LostRange[]) => void
}

export interface GapReports {
  /** Reports a loss; resolves when the report is known to be stored, and never when this run ends before. */
  tell(range: LostRange): Promise<void>
  /** A batch goes to the spool, with these records. */
  sent(batch: Pick<Batch, 'seq' | 'records'>): void
  stop(): void
}

interface Waiting {
  range: LostRange
  /** Of the batch that carries the report; null while it has to be sent, for the first time or again. */
  seq: number | null
  readonly stored: (() => void)[]
}

/**
 * Reports go out together and not more often than this, ms: where a spool is so full that it drops them too, each of
 * them alone would be the next thing to drop and to report.
 */
const REPORT_EVERY_MS = 1000
/** Ranges that wait, neighbours joined; a spool remembers 256. Beyond, the oldest is left to the next opening. */
const WAITING_MAX = 1000

/**
 * Losses on their way upstream. A spool that drops the batch with a report has to report again: nothing else would ever
 * say what was lost at the end of an earlier run.
 */
export function createGapReports({ boot, publisher, time, report }: GapReportsDeps): GapReports {
  let waiting: Waiting[] = []
  let reportedMs = -Infinity
  let cancel: (() => void) | null = null
  const stopHearing = publisher.onWatermark((mark) => {
    if (mark.boot !== boot) return
    const isStored = ({ seq }: Waiting) => seq !== null && seq <= mark.seq
    const done = waiting.filter(isStored)
    waiting = waiting.filter((one) => !isStored(one))
    for (const { stored } of done) for (const resolve of stored) resolve()
  })
  const send = () => {
    cancel = null
    reportedMs = time.monotonicMs()
    const due = waiting.filter(({ seq }) => seq === null)
    if (due.length > 0) report(due.map(({ range }) => range))
  }
  const plan = () => {
    const leftMs = reportedMs + REPORT_EVERY_MS - time.monotonicMs()
    if (leftMs <= 0 && cancel === null) send()
    else cancel ??= time.setTimer(leftMs, send)
  }
  return {
    tell: (range) =>
      new Promise((resolve) => {
        for (const one of waiting) if (isIn(one.seq, range, boot)) one.seq = null
        waiting = joined(waiting, { range, seq: null, stored: [resolve] }).slice(-WAITING_MAX)
        plan()
      }),
    sent({ seq, records }) {
      for (const record of records) {
        if (record.kind !== 'gap') continue
        const told = waiting.find(({ range }) => isSame(range, record))
        if (told !== undefined) told.seq = seq
      }
    },
    stop() {
      stopHearing()
      cancel?.()
    },
  }
}

type Place = Pick<LostRange, 'boot' | 'from_seq' | 'to_seq'>

/** The report was in what is lost now. */
const isIn = (seq: number | null, range: LostRange, boot: string) =>
  range.boot === boot && seq !== null && range.from_seq <= seq && seq <= range.to_seq

const isSame = (a: Place, b: Place) =>
  a.boot === b.boot && a.from_seq === b.from_seq && a.to_seq === b.to_seq

/** Adds a range; those it touches become one with it, which has to be reported as a whole. */
function joined(waiting: readonly Waiting[], added: Waiting): Waiting[] {
  const { boot, reason } = added.range
  const rest: Waiting[] = []
  for (const one of waiting) {
    const { range } = one
    const isNear =
      range.boot === boot &&
      range.reason === reason &&
      range.from_seq <= added.range.to_seq + 1 &&
      range.to_seq >= added.range.from_seq - 1
    if (!isNear) {
      rest.push(one)
      continue
    }
    added.stored.push(...one.stored)
    added.range = {
      ...added.range,
      from_seq: Math.min(range.from_seq, added.range.from_seq),
      to_seq: Math.max(range.to_seq, added.range.to_seq),
      from_ms: Math.min(range.from_ms, added.range.from_ms),
      to_ms: Math.max(range.to_ms, added.range.to_ms),
    }
  }
  return [...rest, added]
}
