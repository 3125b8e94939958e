import type { Batch } from '#schemas/batch.ts'
import type { Publisher } from '#schemas/ports.ts'
import type { LostRange } from './resend.ts'

export interface GapReportsDeps {
  /** Of this run. */
  readonly boot: string
  readonly publisher: Pick<Publisher, 'onWatermark'>
  /** Sends a loss upstream, in a batch of its own. */
  readonly report: (range: LostRange) => void
}

export interface GapReports {
  /** Reports a loss; resolves when the report is known to be stored, and never when this run ends before. */
  tell(range: LostRange): Promise<void>
  /** A batch goes to the spool, with these records. */
  sent(batch: Pick<Batch, 'seq' | 'records'>): void
  stop(): void
}

interface Waiting {
  readonly range: LostRange
  /** Of the batch that carries the report; null until it has one. */
  seq: number | null
  readonly stored: PromiseWithResolvers<void>
}

/** Reports that wait; more than a spool remembers (256) and ingest asks for at once. */
const WAITING_MAX = 1000

/**
 * Losses on their way upstream. A spool so full that it drops the batch with the report has to report again: nothing
 * else would ever say what was lost at the end of an earlier run.
 */
export function createGapReports({ boot, publisher, report }: GapReportsDeps): GapReports {
  const waiting = new Map<string, Waiting>()
  const stop = publisher.onWatermark((mark) => {
    if (mark.boot !== boot) return
    for (const [name, { seq, stored }] of waiting)
      if (seq !== null && seq <= mark.seq) {
        waiting.delete(name)
        stored.resolve()
      }
  })
  /** Reports that were in what is lost now. */
  const droppedWith = (range: LostRange) =>
    [...waiting.values()].filter(
      ({ seq }) =>
        range.boot === boot && seq !== null && range.from_seq <= seq && seq <= range.to_seq,
    )
  return {
    tell(range) {
      const known = waiting.get(nameOf(range))
      if (known !== undefined) return known.stored.promise
      const again = droppedWith(range)
      const fresh = { range, seq: null, stored: Promise.withResolvers<void>() }
      waiting.set(nameOf(range), fresh)
      for (const oldest of waiting.keys()) {
        if (waiting.size <= WAITING_MAX) break
        waiting.delete(oldest)
      }
      report(range)
      for (const one of again) {
        one.seq = null
        report(one.range)
      }
      return fresh.stored.promise
    },
    sent({ seq, records }) {
      for (const record of records) {
        const told = record.kind === 'gap' ? waiting.get(nameOf(record)) : undefined
        if (told !== undefined) told.seq = seq
      }
    },
    stop,
  }
}

const nameOf = ({ boot, from_seq, to_seq }: Pick<LostRange, 'boot' | 'from_seq' | 'to_seq'>) =>
  `${boot} ${from_seq} ${to_seq}`
