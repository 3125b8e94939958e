import { z } from 'zod'
import type { Store } from '../ingest/store/store.ts'
import { type NumberedExporter, readSpool, sampleName } from './recorder.testing.ts'

/** What went wrong between exporters and store; every list is empty when nothing did. */
export interface Faults {
  /** Samples stored more than once. */
  readonly doubled: readonly string[]
  /** Cells with two samples beyond what restarts within a cell explain. */
  readonly repeatedCells: readonly string[]
  /** Holes and overlaps in the stored sequences of a boot, and sequences given up. */
  readonly unevenBoots: readonly string[]
  /** Samples that were in a spool and are not in the store. */
  readonly spooledAndLost: readonly string[]
  /** Answers of exporters that are missing although no collector was killed before it could spool them. */
  readonly answeredAndLost: readonly string[]
  /** Rows that `batches` promises and `samples` lacks, or the other way round. */
  readonly uncounted: number
}

/** No fault at all. */
export const FAULTLESS: Faults = {
  doubled: [],
  repeatedCells: [],
  unevenBoots: [],
  spooledAndLost: [],
  answeredAndLost: [],
  uncounted: 0,
}

/** Evidence gathered while processes are killed, and what it says about the store in the end. */
export interface LossCheck {
  /** A collector is about to be killed: what it holds in memory may die with it. */
  killing(): void
  /** Notes what the spool of a dead collector holds: all of it has to be stored in the end. */
  noteSpool(directory: string): Promise<void>
  /** Whether all messages noted so far are stored. */
  isDrained(store: Pick<Store, 'query'>): Promise<boolean>
  /** Counts for a person, and the faults. */
  verdict(
    store: Pick<Store, 'query'>,
  ): Promise<{ readonly counts: string; readonly faults: Faults }>
}

/** A batch is closed at most 2 s after its first row and spooled at once; the rest is a slow machine. */
const UNSPOOLED_MS = 3_500
/** Between the noted moment of a kill and the kill itself. */
const KILL_MS = 250

const Sample = z.object({ key: z.string(), ts_ms: z.coerce.number(), number: z.coerce.number() })
const Range = z.object({
  boot: z.string(),
  first_seq: z.coerce.number(),
  last_seq: z.coerce.number(),
  row_count: z.coerce.number(),
  lost: z.number(),
})
type Range = z.infer<typeof Range>

export function createLossCheck(
  exporters: readonly Pick<NumberedExporter, 'keys' | 'sent'>[],
): LossCheck {
  const killedAtMs: number[] = []
  const messages = new Set<string>()
  const samples = new Set<string>()
  return {
    killing: () => void killedAtMs.push(Date.now()),
    async noteSpool(directory) {
      const spooled = await readSpool(directory)
      for (const name of spooled.messages) messages.add(name)
      for (const name of spooled.samples) samples.add(name)
    },
    async isDrained(store) {
      const ranges = await storedRanges(store)
      return [...messages].every((name) => isCovered(name, ranges))
    },
    async verdict(store) {
      const [ranges, stored] = [await storedRanges(store), await storedSamples(store)]
      const names = stored.map(({ key, ts_ms, number }) => sampleName(key, ts_ms, number))
      const [distinct, answers] = [
        new Set(names),
        new Set(stored.map(({ key, number }) => `${key} ${number}`)),
      ]
      const cells = stored.map(({ key, ts_ms }) => `${key} ${ts_ms}`)
      const boots = new Set(ranges.map(({ boot }) => boot)).size
      const devices = exporters.reduce((sum, { keys }) => sum + keys.length, 0)
      const repeated = repeatsIn(cells)
      const missing = exporters.flatMap(({ keys, sent }) =>
        [...sent].filter(([number]) => keys.some((key) => !answers.has(`${key} ${number}`))),
      )
      const unexplained = missing.filter(([, atMs]) => !diedInMemory(atMs, killedAtMs))
      const promised = ranges.reduce((sum, { row_count }) => sum + row_count, 0)
      const sent = exporters.reduce((sum, exporter) => sum + exporter.sent.size, 0)
      return {
        counts:
          `${sent} answers of ${exporters.length} exporters for ${devices} GPUs, ${stored.length} samples stored, ` +
          `${distinct.size} of them distinct, in ${new Set(cells).size} cells, ${boots} boots and ${ranges.length} ranges; ` +
          `${samples.size} samples were met in spools of dead collectors; ` +
          `${missing.length} answers died in the memory of a killed one`,
        faults: {
          doubled: repeatsIn(names),
          // A collector that is started anew within a cell reads it again: another answer, same cell.
          repeatedCells: repeated.length <= (boots - 1) * devices ? [] : repeated,
          unevenBoots: unevenBoots(ranges),
          spooledAndLost: [...samples].filter((name) => !distinct.has(name)),
          answeredAndLost: unexplained.map(([number, atMs]) => `${number} at ${atMs}`),
          uncounted: promised - stored.length,
        },
      }
    },
  }
}

const diedInMemory = (atMs: number, killedAtMs: readonly number[]) =>
  killedAtMs.some((killed) => atMs <= killed + KILL_MS && killed - atMs <= UNSPOOLED_MS)

function repeatsIn(names: readonly string[]): string[] {
  const seen = new Set<string>()
  return names.filter((name) => seen.size === seen.add(name).size)
}

function isCovered(message: string, ranges: readonly Range[]): boolean {
  const [boot = '', text = ''] = message.split(' ')
  const seq = Number(text)
  return ranges.some(
    (range) => range.boot === boot && range.first_seq <= seq && seq <= range.last_seq,
  )
}

function unevenBoots(ranges: readonly Range[]): string[] {
  const next = new Map<string, number>()
  return ranges.flatMap(({ boot, first_seq, last_seq, lost }) => {
    const expected = next.get(boot) ?? 1
    next.set(boot, last_seq + 1)
    const name = `${boot} ${first_seq}..${last_seq}`
    if (lost !== 0) return [`${name}: given up`]
    return first_seq === expected ? [] : [`${name}: ${expected} was next`]
  })
}

async function storedSamples(store: Pick<Store, 'query'>): Promise<z.infer<typeof Sample>[]> {
  const rows = await store.query(
    `SELECT canonical_key AS key, toUnixTimestamp64Milli(ts) AS ts_ms, pcie_replay_total AS number
     FROM samples
     LEFT JOIN (SELECT device_id, any(canonical_key) AS canonical_key FROM devices GROUP BY device_id) AS known
     ON known.device_id = samples.device_id`,
  )
  return z.array(Sample).parse(rows)
}

async function storedRanges(store: Pick<Store, 'query'>): Promise<Range[]> {
  const rows = await store.query(
    'SELECT boot, first_seq, last_seq, row_count, lost FROM batches ORDER BY boot, first_seq',
  )
  return z.array(Range).parse(rows)
}
