import type { AlertTransition, Notification } from '#schemas/alerts/alert.ts'
import { JOURNAL_ROWS_MAX, type JournalBody } from '#schemas/journal.ts'

type AlertsBody = Extract<JournalBody, { kind: 'alerts' }>

/** Of one entry, which must stay below the journal's own bound. */
const ENTRY_BYTES_MAX = 700_000
const ROWS_MAX = Math.min(1_000, JOURNAL_ROWS_MAX)

/**
 * The entries of one pass, usually one. When it is too large for one, transitions come first and the messages with the
 * last of them: whoever dies between leaves transitions that the next evaluator finds untold, never a message without
 * its cause.
 */
export function entriesOf(pass: {
  readonly epoch: number
  readonly cursor: string | null
  readonly transitions: readonly AlertTransition[]
  readonly notifications: readonly Notification[]
  readonly forgotten: readonly string[]
}): AlertsBody[] {
  const { epoch, cursor, forgotten } = pass
  const transitions = chunks(pass.transitions)
  const notifications = chunks(pass.notifications)
  const bodies: AlertsBody[] = transitions.slice(0, -1).map((some) => body(epoch, some, []))
  const last = transitions.at(-1) ?? []
  const first = notifications[0] ?? []
  const fits = bytesOf(last) + bytesOf(first) <= ENTRY_BYTES_MAX
  if (fits) bodies.push(body(epoch, last, first))
  else bodies.push(body(epoch, last, []), body(epoch, [], first))
  for (const some of notifications.slice(1)) bodies.push(body(epoch, [], some))
  const end = bodies.at(-1)
  if (end !== undefined) {
    end.forgotten = forgotten.slice(0, ROWS_MAX)
    if (cursor !== null) end.cursor = cursor
  }
  return bodies
}

const body = (
  epoch: number,
  transitions: readonly AlertTransition[],
  notifications: readonly Notification[],
): AlertsBody => ({
  kind: 'alerts',
  epoch,
  transitions: [...transitions],
  notifications: [...notifications],
  forgotten: [],
})

const bytesOf = (rows: readonly unknown[]) => Buffer.byteLength(JSON.stringify(rows))

function chunks<Row>(rows: readonly Row[]): Row[][] {
  const all: Row[][] = []
  let some: Row[] = []
  let bytes = 0
  for (const row of rows) {
    const size = Buffer.byteLength(JSON.stringify(row)) + 1
    if (some.length >= ROWS_MAX || (some.length > 0 && bytes + size > ENTRY_BYTES_MAX)) {
      all.push(some)
      some = []
      bytes = 0
    }
    some.push(row)
    bytes += size
  }
  if (some.length > 0) all.push(some)
  return all
}
