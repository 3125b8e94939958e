import type { FieldFailure, SnmpVariable } from './field-io.ts'
import { below, compareOids } from './formats/oid.ts'
import type { OpenSession, Reply } from './host-snmp-session.ts'

/** Columns asked for in one GETBULK, and values of all of them together: about what fits a datagram of 1,472 bytes. */
const COLUMNS_AT_ONCE = 8
const VALUES_AT_ONCE = 48
/** OIDs of one GET. */
const OIDS_AT_ONCE = 24
/** No device has more values than this below the roots we ask for. */
const VALUES_MAX = 20_000
/** What a variable takes beside its text, bytes. */
const VARIABLE_BYTES = 24

/** What came so far, and whether there is room for more. */
export interface Collected {
  readonly variables: SnmpVariable[]
  bytes: number
  readonly maxBytes: number
}

export const newCollected = (maxBytes: number): Collected => ({ variables: [], bytes: 0, maxBytes })

function take(collected: Collected, variable: SnmpVariable): boolean {
  const { value } = variable
  const size = 'text' in value ? value.text.length : 'bytes' in value ? value.bytes.length : 8
  collected.bytes += VARIABLE_BYTES + variable.oid.length + size
  if (collected.bytes > collected.maxBytes || collected.variables.length >= VALUES_MAX) return false
  collected.variables.push(variable)
  return true
}

/** Reads single variables; what does not exist is `none`. Returns why it ended, null when all came. */
export async function getAll(
  session: OpenSession,
  oids: readonly string[],
  isVersion1: boolean,
  collected: Collected,
): Promise<FieldFailure | null> {
  // Version 1 answers nothing at all when one OID of several does not exist.
  let size = isVersion1 ? 1 : OIDS_AT_ONCE
  for (let at = 0; at < oids.length;) {
    const asked = oids.slice(at, at + size)
    const reply = await session.get(asked)
    if (reply.isTooBig && size > 1) {
      size = Math.ceil(size / 2)
      continue
    }
    const isAbsent = reply.isNoSuchName && asked.length === 1
    if (reply.failure !== null && !isAbsent) return reply.failure
    const variables = isAbsent
      ? asked.map((oid): SnmpVariable => ({ oid, value: { kind: 'none' } }))
      : reply.columns.flat()
    if (!variables.every((variable) => take(collected, variable))) return 'too_large'
    at += asked.length
  }
  return null
}

interface Column {
  readonly root: string
  cursor: string
  isDone: boolean
}

/**
 * Reads everything below the roots, several columns at a time, and returns why it ended (null = complete). An agent whose
 * OIDs do not grow would be walked for ever: that is `garbage`.
 */
export async function walkAll(
  session: OpenSession,
  roots: readonly string[],
  isVersion1: boolean,
  collected: Collected,
): Promise<FieldFailure | null> {
  const columns = roots.map((root): Column => ({ root, cursor: root, isDone: false }))
  let values = VALUES_AT_ONCE
  for (;;) {
    const open = columns.filter(({ isDone }) => !isDone).slice(0, isVersion1 ? 1 : COLUMNS_AT_ONCE)
    const [first] = open
    if (first === undefined) return null
    const repetitions = Math.max(1, Math.floor(values / open.length))
    const reply = isVersion1
      ? await session.next(first.cursor)
      : await session.bulk(
          open.map(({ cursor }) => cursor),
          repetitions,
        )
    if (reply.isTooBig && values > 1) values = Math.floor(values / 2)
    else if (reply.isNoSuchName && isVersion1) first.isDone = true
    else if (reply.failure !== null) return reply.failure
    else {
      const failure = advance(open, reply, collected)
      if (failure !== null) return failure
    }
  }
}

/** Takes one answer into its columns. */
function advance(open: readonly Column[], reply: Reply, collected: Collected): FieldFailure | null {
  let hasMoved = false
  for (const [at, column] of open.entries()) {
    for (const variable of reply.columns[at] ?? []) {
      hasMoved = true
      if (variable.value.kind === 'none' || below(column.root, variable.oid) === null) {
        column.isDone = true
        break
      }
      if (compareOids(variable.oid, column.cursor) <= 0) return 'garbage'
      column.cursor = variable.oid
      if (!take(collected, variable)) return 'too_large'
    }
  }
  return hasMoved ? null : 'garbage'
}
