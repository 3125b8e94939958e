/** A bucket of the ledger, as it was published last. */
export interface PublishedBucket {
  readonly resolution: '1m' | '1h' | '1d'
  /** Its start, epoch s. */
  readonly bucket_s: number
  /** When what it is made of was read, epoch ms. */
  readonly as_of_ms: number
  /** Rows by device. */
  readonly row_count: number
}

/** Published buckets of one table. */
export interface Side {
  readonly table: string
  readonly resolution: string
  /** Starts, epoch s. */
  readonly buckets: readonly number[]
}

/** Two sets of buckets that must hold the same sums. */
export interface Pair {
  readonly own: Side
  readonly other: Side
  /** The other side is of finer buckets: both are one sum, named by this start, epoch s; null = bucket by bucket. */
  readonly asOne: number | null
}

/** Asks which buckets of a time are published, and when the last of them was; epoch s and ms. */
export type AskPublished = (
  resolution: '1m' | '1h_node',
  fromS: number,
  toS: number,
) => Promise<{ readonly as_of_ms: number; readonly buckets_s: readonly number[] }>

/** Rows by device that one statement reads: ten minutes of 50,000 devices. */
const ROWS_AT_ONCE = 500_000
const HOUR_S = 3_600

/**
 * What has to agree with what: devices with groups in every minute, with nodes in every hour and day; minutes with their
 * hour, hours with their day. A part that was published after its whole waits for the whole to be settled again.
 */
export async function pairsOf(
  found: readonly PublishedBucket[],
  { ask, dayEndS }: { readonly ask: AskPublished; readonly dayEndS: (startS: number) => number },
): Promise<Pair[]> {
  const of = (resolution: string) => found.filter((one) => one.resolution === resolution)
  const pairs: Pair[] = []
  for (const buckets of chunksOf(of('1m'))) {
    const own = { table: 'ledger_1m', resolution: '1m', buckets }
    pairs.push({ own, other: { ...own, table: 'ledger_1m_group' }, asOne: null })
  }
  for (const hour of of('1h')) {
    const byNode = { table: 'ledger_1h_node', resolution: '1h_node', buckets: [hour.bucket_s] }
    pairs.push({
      own: { ...byNode, table: 'ledger_1h', resolution: '1h' },
      other: byNode,
      asOne: null,
    })
    const parts = await ask('1m', hour.bucket_s, hour.bucket_s + HOUR_S)
    const other = { table: 'ledger_1m_group', resolution: '1m', buckets: parts.buckets_s }
    if (isWhole(hour, parts)) pairs.push({ own: byNode, other, asOne: hour.bucket_s })
  }
  for (const day of of('1d')) {
    const byNode = { table: 'ledger_1d_node', resolution: '1d_node', buckets: [day.bucket_s] }
    pairs.push({
      own: { ...byNode, table: 'ledger_1d', resolution: '1d' },
      other: byNode,
      asOne: null,
    })
    const parts = await ask('1h_node', day.bucket_s, dayEndS(day.bucket_s))
    const other = { table: 'ledger_1h_node', resolution: '1h_node', buckets: parts.buckets_s }
    if (isWhole(day, parts)) pairs.push({ own: byNode, other, asOne: day.bucket_s })
  }
  return pairs
}

const isWhole = (
  { as_of_ms }: PublishedBucket,
  parts: { readonly as_of_ms: number; readonly buckets_s: readonly number[] },
) => parts.buckets_s.length > 0 && parts.as_of_ms <= as_of_ms

/** Starts of minutes that one statement can look at. */
function chunksOf(minutes: readonly PublishedBucket[]): number[][] {
  const chunks: number[][] = []
  let rows = Infinity
  for (const { bucket_s, row_count } of minutes) {
    rows += row_count
    if (rows > ROWS_AT_ONCE) {
      chunks.push([])
      rows = row_count
    }
    chunks.at(-1)?.push(bucket_s)
  }
  return chunks
}
