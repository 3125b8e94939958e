import type { AnswerFrame } from '#schemas/api.ts'
import type { Dimension } from './filters.ts'
import { localDayCeil, nextLocalDayStart } from './local-day.ts'
import { DAY_MS, HOUR_MS, type TimeWindow } from './window.ts'

/** Which settled minutes exist, from the revisions table. Epoch ms. */
export interface PublishedMinutes {
  /** Start of the oldest settled minute, null when nothing is settled. */
  readonly firstMinuteMs: number | null
  /** End of the newest settled minute. */
  readonly settledUntilMs: number | null
}

/**
 * Starts of the hours and local days that are published. What is published stays so: an old list is as
 * good, it only sends a question to a finer table.
 */
export interface PublishedBuckets {
  readonly hours: ReadonlySet<number>
  readonly days: ReadonlySet<number>
  /** Those that are there by node, too. */
  readonly nodeHours: ReadonlySet<number>
  readonly nodeDays: ReadonlySet<number>
}

export type Published = PublishedMinutes & PublishedBuckets

export interface Question extends TimeWindow {
  /** Fields grouped or filtered by. */
  readonly fields: readonly Dimension[]
  /** Width of a step, or null for one figure over the window. */
  readonly stepMs: number | null
  /** Whether steps are whole local days of the site. */
  readonly areLocalDays?: boolean
}

export type LedgerTable =
  | 'ledger_1m_group'
  | 'ledger_1m'
  | 'ledger_1h'
  | 'ledger_1h_node'
  | 'ledger_1d'
  | 'ledger_1d_node'

/** One read of one table. */
export interface Segment extends TimeWindow {
  readonly table: LedgerTable
}

export interface Plan {
  /** The table that answers most of the window. */
  readonly resolution: AnswerFrame['resolution']
  readonly segments: readonly Segment[]
  /** The part newer than what is settled: from raw samples. */
  readonly provisional: TimeWindow | null
  /** Zone whose days the daily table has. */
  readonly timeZone: string
}

/** What ledger_1m_group knows; a question by rack, node or job needs a table of devices. */
const GROUP_FIELDS: ReadonlySet<Dimension> = new Set<Dimension>([
  'cluster',
  'hall',
  'pool',
  'vendor',
  'model',
  'tenant',
  'class',
  'allocation_source',
  'billing',
])
/** What the tables by node know besides. */
const NODE_FIELDS: ReadonlySet<Dimension> = new Set<Dimension>([...GROUP_FIELDS, 'rack', 'node'])
/** Beyond this the hours of every device are fewer rows than the minutes of every group. */
const GROUP_WINDOW_MS_MAX = 45 * DAY_MS
/** Up to this the minutes of every device are read as they are. */
const MINUTES_WINDOW_MS_MAX = 3 * HOUR_MS
/** From here on whole local days come from days: a week of groups is 5 times as many minutes. */
const DAYS_WINDOW_MS_MIN = 3 * DAY_MS

/** Whether hours or days could answer: whether it is worth asking which of them are published. */
export const wantsBuckets = (question: Question): boolean =>
  isHourly(question, MINUTES_WINDOW_MS_MAX) || wantsDays(question)

/** Longer than `longestMs`, and made of whole hours. */
const isHourly = ({ fromMs, toMs, stepMs }: Question, longestMs: number): boolean =>
  toMs - fromMs > longestMs && (stepMs === null || stepMs % HOUR_MS === 0)

/** Days are local: they answer for one figure over the window, and for steps that are local days. */
const wantsDays = ({ fromMs, toMs, stepMs, areLocalDays }: Question): boolean =>
  (stepMs === null || areLocalDays === true) && toMs - fromMs >= DAYS_WINDOW_MS_MIN

/**
 * The one place that chooses tables. All of them hold integer sums of the same minutes, so the answer
 * is the same from each; what differs is the cost.
 */
export function planQuestion(question: Question, published: Published, timeZone: string): Plan {
  const settledUntil = published.settledUntilMs ?? Number.NEGATIVE_INFINITY
  const settledTo = Math.min(question.toMs, settledUntil)
  const provisional =
    settledTo < question.toMs
      ? { fromMs: Math.max(question.fromMs, settledTo), toMs: question.toMs }
      : null
  if (settledTo <= question.fromMs)
    return { resolution: 'raw', segments: [], provisional, timeZone }
  const settled = { ...question, toMs: settledTo }
  const segments = settledSegments(settled, published, timeZone)
  return { resolution: mainResolution(segments), segments, provisional, timeZone }
}

const isGroupQuestion = (fields: readonly Dimension[]) =>
  fields.every((field) => GROUP_FIELDS.has(field))

function settledSegments(question: Question, published: Published, timeZone: string): Segment[] {
  const isGroups = isGroupQuestion(question.fields)
  const finest = isGroups ? 'ledger_1m_group' : 'ledger_1m'
  const days = wantsDays(question) ? wholeDays(question, published, timeZone) : null
  return around(question, days, (part) => {
    const asked = { ...question, ...part }
    const hours = isHourly(asked, MINUTES_WINDOW_MS_MAX) ? wholeHours(asked, published) : null
    // Minutes of groups are fewer rows than hours of devices, unless those are many.
    const isDear = isGroups && hours?.table === 'ledger_1h'
    const isWorthIt = !isDear || isHourly(asked, GROUP_WINDOW_MS_MAX)
    return around(part, isWorthIt ? hours : null, (edge) => [segment(finest, edge)])
  })
}

/** Reads `middle` from a coarse table and what is left on both sides in a finer way. */
function around(
  window: TimeWindow,
  middle: Segment | null,
  finer: (part: TimeWindow) => Segment[],
): Segment[] {
  if (middle === null) return finer(window)
  const before = { fromMs: window.fromMs, toMs: middle.fromMs }
  const after = { fromMs: middle.toMs, toMs: window.toMs }
  return [
    ...(before.fromMs < before.toMs ? finer(before) : []),
    middle,
    ...(after.fromMs < after.toMs ? finer(after) : []),
  ]
}

/** The whole hours of a window, or null when the first that has minutes is not published. */
function wholeHours(question: Question, published: Published): Segment | null {
  const fromMs = Math.ceil(question.fromMs / HOUR_MS) * HOUR_MS
  const run = (hours: ReadonlySet<number>) =>
    coveredRun(fromMs, question.toMs, {
      published: hours,
      firstMinuteMs: published.firstMinuteMs,
      next: (hour) => hour + HOUR_MS,
    })
  return byNode(question, {
    nodes: segmentOrNull('ledger_1h_node', run(published.nodeHours)),
    devices: segmentOrNull('ledger_1h', run(published.hours)),
  })
}

function wholeDays(question: Question, published: Published, timeZone: string): Segment | null {
  const run = (days: ReadonlySet<number>) =>
    coveredRun(localDayCeil(question.fromMs, timeZone), question.toMs, {
      published: days,
      firstMinuteMs: published.firstMinuteMs,
      next: (day) => nextLocalDayStart(day, timeZone),
    })
  return byNode(question, {
    nodes: segmentOrNull('ledger_1d_node', run(published.nodeDays)),
    devices: segmentOrNull('ledger_1d', run(published.days)),
  })
}

/** Nodes are an eighth of the rows: they answer where they know the fields and reach as far as the devices. */
function byNode(
  { fields }: Question,
  runs: { readonly nodes: Segment | null; readonly devices: Segment | null },
): Segment | null {
  const isKnown = fields.every((field) => NODE_FIELDS.has(field))
  return isKnown && runs.nodes?.toMs === runs.devices?.toMs ? runs.nodes : runs.devices
}

const segmentOrNull = (table: LedgerTable, window: TimeWindow | null): Segment | null =>
  window === null ? null : segment(table, window)

/** From the first bucket on as far as all buckets are published; buckets before the first minute are empty. */
function coveredRun(
  fromMs: number,
  toMs: number,
  grid: {
    readonly published: ReadonlySet<number>
    readonly firstMinuteMs: number | null
    readonly next: (bucketMs: number) => number
  },
): TimeWindow | null {
  let endMs = fromMs
  let isAnyPublished = false
  for (;;) {
    const next = grid.next(endMs)
    const isPublished = grid.published.has(endMs)
    const isEmpty = grid.firstMinuteMs !== null && next <= grid.firstMinuteMs
    if (next > toMs || !(isEmpty || isPublished)) break
    isAnyPublished ||= isPublished
    endMs = next
  }
  return isAnyPublished ? { fromMs, toMs: endMs } : null
}

const segment = (table: LedgerTable, window: TimeWindow): Segment => ({
  table,
  fromMs: window.fromMs,
  toMs: window.toMs,
})

const RESOLUTIONS = {
  ledger_1m_group: '1m_group',
  ledger_1m: '1m',
  ledger_1h: '1h',
  ledger_1h_node: '1h',
  ledger_1d: '1d',
  ledger_1d_node: '1d',
} as const

function mainResolution(segments: readonly Segment[]): AnswerFrame['resolution'] {
  const lengths = new Map<LedgerTable, number>()
  for (const { table, fromMs, toMs } of segments) {
    lengths.set(table, (lengths.get(table) ?? 0) + toMs - fromMs)
  }
  const [longest] = [...lengths].sort((a, b) => b[1] - a[1])
  return longest === undefined ? 'raw' : RESOLUTIONS[longest[0]]
}
