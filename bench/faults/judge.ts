import type { ProducedBatch } from './journal.ts'

/** A row of `batches`. */
export interface StoredRange {
  readonly collector: string
  readonly boot: string
  readonly from: number
  readonly to: number
  readonly rows: number
  readonly isLost: boolean
}

/** All rows of `samples` that carry one number: what is stored of one read. */
export interface StoredRead {
  readonly number: number
  readonly rows: number
  readonly devices: number
  /** Exclusive or of the device ids. */
  readonly ids: bigint
  readonly firstMs: number
  readonly lastMs: number
  readonly isCorrected: boolean
}

/** A loss that the store has a reason for: a gap that its collector told of, or a message in the quarantine. */
export interface Reason {
  readonly collector: string
  readonly boot: string
  readonly from: number
  readonly to: number
  readonly reason: string
}

/** What the journal of one collector says. */
export interface ProducedBy {
  readonly collector: string
  readonly deviceIds: readonly bigint[]
  readonly batches: ReadonlyMap<string, ProducedBatch>
  /** Batches that came after the judged moment: they may be stored, and need not be. */
  readonly later: ReadonlySet<string>
}

export interface Evidence {
  readonly produced: readonly ProducedBy[]
  readonly ranges: readonly StoredRange[]
  readonly reads: readonly StoredRead[]
  readonly reasons: readonly Reason[]
  /** `collector boot` that the harness made up for damaged messages. */
  readonly inventedBoots: ReadonlySet<string>
}

export interface Verdict {
  readonly produced: { readonly batches: number; readonly rows: number }
  readonly stored: { readonly batches: number; readonly rows: number }
  /** Batches that are not stored, by collector and the reason that is stored instead. */
  readonly explained: Readonly<Record<string, number>>
  /** Batches that only memory held, under an alarm, when their process was killed. */
  readonly diedInMemory: number
  /** Batches whose process died while the spool took them: stored or not. */
  readonly undecided: number
  /** Rows whose time was corrected by more than 30 s, and rows that are then off the true time by more than 40 s. */
  readonly corrected: number
  readonly misdated: number
  /** Everything that must not be, one sentence each. */
  readonly lost: readonly string[]
  readonly duplicated: readonly string[]
  readonly wrong: readonly string[]
}

/** A batch is at most two ticks and 2 s old when it is spooled; skew below 30 s is nobody's. */
const MISDATED_MS = 40_000
const RANGE_MAX = 10_000_000

interface Tally {
  readonly produced: { batches: number; rows: number }
  readonly stored: { batches: number; rows: number }
  readonly explained: Record<string, number>
  diedInMemory: number
  undecided: number
  corrected: number
  misdated: number
  readonly lost: string[]
  readonly duplicated: string[]
  readonly wrong: string[]
}

interface ExpectedRead {
  rows: number
  ids: bigint
  tickMs: number
  atMs: number
  readonly batch: string
}

/** Compares what collectors produced with what is stored, batch by batch and row by row. Pure. */
export function judge(evidence: Evidence): Verdict {
  const tally: Tally = {
    produced: { batches: 0, rows: 0 },
    stored: { batches: 0, rows: 0 },
    explained: {},
    diedInMemory: 0,
    undecided: 0,
    corrected: 0,
    misdated: 0,
    lost: [],
    duplicated: [],
    wrong: [],
  }
  const expected = new Map<number, ExpectedRead>()
  for (const one of evidence.produced) judgeCollector(one, evidence, expected, tally)
  judgeReads(evidence.reads, expected, tally)
  return tally
}

const rowsOf = ({ cells }: ProducedBatch) => cells.length / 3

function judgeCollector(
  { collector, deviceIds, batches, later }: ProducedBy,
  evidence: Evidence,
  expected: Map<number, ExpectedRead>,
  tally: Tally,
): void {
  const ranges = evidence.ranges.filter((range) => range.collector === collector)
  const stored = storedTimes(collector, ranges, { batches, evidence, tally })
  for (const [name, batch] of batches) {
    const times = stored.get(name) ?? 0
    if (times > 0) expect(`${collector} ${name}`, batch, { deviceIds, expected })
    if (times > 1) tally.duplicated.push(`${collector} ${name}: ${times} times in batches`)
    if (later.has(name)) continue
    if (batch.isProduced) {
      tally.produced.batches += 1
      tally.produced.rows += rowsOf(batch)
    }
    if (!batch.isProduced) tally.undecided += 1
    else if (times === 0) missing(collector, batch, evidence, tally)
    else {
      tally.stored.batches += 1
      tally.stored.rows += rowsOf(batch)
    }
  }
}

/** How often each batch is in `batches`; says what is there that nobody produced. */
function storedTimes(
  collector: string,
  ranges: readonly StoredRange[],
  {
    batches,
    evidence,
    tally,
  }: { batches: ProducedBy['batches']; evidence: Evidence; tally: Tally },
): Map<string, number> {
  const times = new Map<string, number>()
  for (const { boot, from, to, rows, isLost } of ranges) {
    const where = `${collector} ${boot} ${from}..${to}`
    if (isLost || evidence.inventedBoots.has(`${collector} ${boot}`)) continue
    if (to - from > RANGE_MAX) {
      tally.wrong.push(`${where}: a range that nobody can have produced`)
      continue
    }
    let promised = 0
    for (let seq = from; seq <= to; seq += 1) {
      const name = `${boot} ${seq}`
      times.set(name, (times.get(name) ?? 0) + 1)
      const batch = batches.get(name)
      if (batch === undefined) tally.wrong.push(`${collector} ${name}: stored and never produced`)
      else promised += rowsOf(batch)
    }
    if (promised !== rows)
      tally.wrong.push(`${where}: ${rows} rows in batches, ${promised} in the journal`)
  }
  return times
}

function missing(
  collector: string,
  { boot, seq, hasDiedInMemory }: ProducedBatch,
  { ranges, reasons }: Evidence,
  tally: Tally,
): void {
  const covers = (one: { collector: string; boot: string; from: number; to: number }) =>
    one.collector === collector && one.boot === boot && one.from <= seq && seq <= one.to
  const reason = reasons.find(covers)?.reason
  const isPassedOver = ranges.some((range) => range.isLost && covers(range))
  const name = `${collector} ${reason}`
  if (reason !== undefined && isPassedOver) tally.explained[name] = (tally.explained[name] ?? 0) + 1
  else if (hasDiedInMemory) tally.diedInMemory += 1
  else
    tally.lost.push(
      `${collector} ${boot} ${seq}: ${isPassedOver ? 'given up without a reason' : 'not stored'}`,
    )
}

function expect(
  name: string,
  { cells, t0Ms, stepMs, atMs }: ProducedBatch,
  { deviceIds, expected }: { deviceIds: readonly bigint[]; expected: Map<number, ExpectedRead> },
): void {
  for (let at = 0; at < cells.length; at += 3) {
    const [device = -1, tick = 0, number = 0] = cells.slice(at, at + 3)
    const read = expected.get(number) ?? newRead(name, t0Ms + tick * stepMs, atMs)
    expected.set(number, read)
    read.rows += 1
    read.ids ^= deviceIds[device] ?? 0n
  }
}

const newRead = (batch: string, tickMs: number, atMs: number): ExpectedRead => ({
  rows: 0,
  ids: 0n,
  tickMs,
  atMs,
  batch,
})

function judgeReads(
  reads: readonly StoredRead[],
  expected: ReadonlyMap<number, ExpectedRead>,
  tally: Tally,
): void {
  const seen = new Set<number>()
  for (const read of reads) {
    seen.add(read.number)
    const wanted = expected.get(read.number)
    if (wanted === undefined) {
      tally.wrong.push(`${read.rows} rows of read ${read.number} are stored, their batch is not`)
      continue
    }
    const where = `read ${read.number} of ${wanted.batch}`
    if (read.rows > read.devices)
      tally.duplicated.push(`${where}: ${read.rows} rows of ${read.devices} devices`)
    else if (read.rows < wanted.rows)
      tally.lost.push(`${where}: ${read.rows} of ${wanted.rows} rows`)
    else if (read.rows !== wanted.rows || read.ids !== wanted.ids)
      tally.wrong.push(`${where}: rows of other devices`)
    judgeTime(where, read, wanted, tally)
  }
  for (const [number, { batch, rows }] of expected)
    if (!seen.has(number)) tally.lost.push(`read ${number} of ${batch}: 0 of ${rows} rows`)
}

function judgeTime(
  where: string,
  { firstMs, lastMs, rows, isCorrected }: StoredRead,
  { tickMs, atMs }: ExpectedRead,
  tally: Tally,
): void {
  if (isCorrected) tally.corrected += rows
  else if (firstMs !== tickMs || lastMs !== tickMs)
    tally.wrong.push(`${where}: stored at ${firstMs}, measured at ${tickMs}`)
  if (Math.abs(firstMs - atMs) > MISDATED_MS) tally.misdated += rows
}
