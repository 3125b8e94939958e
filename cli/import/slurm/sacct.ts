import { PlimsollError } from '#schemas/errors.ts'
import { Problems } from '../problems.ts'
import { tresDevices } from './gres.ts'
import type { SlurmJob, SlurmOptions } from './job.ts'
import { SnapshotBuilder, type SnapshotReading } from './snapshot.ts'
import { slurmTime } from './times.ts'

/** A month of a busy cluster; more is several files. */
const LINES_MAX = 2_000_000

const NEEDED = ['JobIDRaw', 'State', 'Start', 'End', 'NodeList', 'AllocTRES'] as const

/** What the command is told to print; the docs and the messages name this line. */
export const SACCT_COMMAND =
  'sacct -a -D -X -P --format=JobIDRaw,JobID,Account,Partition,QOS,State,Start,End,ElapsedRaw,NodeList,AllocTRES,JobName'

/**
 * Reads `sacct -P`: the books of the scheduler, one row for each run of a job. Steps (a dot in the id) repeat their
 * job and are skipped. It names nodes but no devices. Rows are refused one by one. Throws E_IMPORT_INVALID when the
 * header lacks a column.
 */
export function readSacct(text: string, options: SlurmOptions): SnapshotReading {
  const problems = new Problems()
  const lines = text.split('\n')
  if (lines.length > LINES_MAX)
    throw invalid(`it has more than ${LINES_MAX} lines; ask for less time`)
  const columns = columnsOf(lines[0] ?? '')
  const looked = new SnapshotBuilder(options, problems)
  for (const [at, line] of lines.entries()) {
    if (at === 0 || line.trim() === '') continue
    const row = rowOf(line, columns)
    if (row === null) {
      problems.refuse(
        `line ${at + 1}`,
        'has another number of columns than the header; put JobName or Comment, which may hold "|", last',
      )
      continue
    }
    const id = row('JobIDRaw').trim()
    if (id.includes('.')) continue
    const job = jobOf(id, row, options)
    if ('wrong' in job) looked.addUnread(/^\d+$/.test(id) ? id : null, `line ${at + 1}`, job.wrong)
    else looked.add(job)
  }
  return looked.reading()
}

const invalid = (what: string) =>
  new PlimsollError('E_IMPORT_INVALID', `sacct: ${what}; nothing was imported`)

type Columns = ReadonlyMap<string, number>
type Row = (column: string) => string

function columnsOf(header: string): Columns {
  const names = header.trim().split('|')
  const columns = new Map(names.map((name, at) => [name.trim(), at]))
  const missing = NEEDED.filter((name) => !columns.has(name))
  if (missing.length === 0) return columns
  throw invalid(`its first line lacks ${missing.join(', ')}: run ${SACCT_COMMAND}`)
}

/** The last column may hold "|" where it is a text that users choose. */
function rowOf(line: string, columns: Columns): Row | null {
  const cells = line.replace(/\r$/, '').split('|')
  const last = columns.size - 1
  const isText = columns.get('JobName') === last || columns.get('Comment') === last
  if (cells.length > columns.size && isText) cells.push(cells.splice(last).join('|'))
  if (cells.length !== columns.size) return null
  return (column) => cells[columns.get(column) ?? -1] ?? ''
}

function jobOf(id: string, row: Row, options: SlurmOptions): SlurmJob | { readonly wrong: string } {
  if (!/^\d{1,18}$/.test(id)) return { wrong: `its id ${JSON.stringify(id)} is no number` }
  const state = row('State').trim().split(' ')[0]?.toUpperCase() ?? ''
  const times = timesOf(row, options.timeZone)
  if ('wrong' in times) return times
  const shown = row('JobID').trim()
  return {
    id,
    shown: shown === '' || shown === id ? null : shown,
    // Accounting knows no queue.
    array: null,
    states: [bookedState(state, times.endMs)],
    ...times,
    nodes: row('NodeList'),
    gres: null,
    devices: tresDevices(row('AllocTRES'), options.accelerators),
    // The books are about what was, not about what may come.
    askedDevices: null,
    reason: '',
    submitMs: null,
    limitMs: null,
    name: row('JobName').trim(),
    account: row('Account').trim(),
    partition: row('Partition').trim(),
    qos: row('QOS').trim(),
    comment: row('Comment').trim(),
  }
}

/** In the books a requeued or resized row is a run that is over, where it has an end. */
const bookedState = (state: string, endMs: number | null): string =>
  endMs !== null && (state === 'REQUEUED' || state === 'RESIZING') ? 'COMPLETED' : state

type Times = { readonly startMs: number | null; readonly endMs: number | null }

/**
 * Start and end. Where clocks were set back one of them can be read in two ways: the elapsed seconds say which,
 * unless both lie in that hour.
 */
function timesOf(row: Row, timeZone: string | null): Times | { readonly wrong: string } {
  const [start, end] = [slurmTime(row('Start'), timeZone), slurmTime(row('End'), timeZone)]
  const elapsed = row('ElapsedRaw').trim()
  const elapsedMs = /^\d{1,12}$/.test(elapsed) ? Number(elapsed) * 1000 : null
  const [startMs, endMs] = [msOf(start), msOf(end)]
  if (start !== null && 'wrong' in start) {
    const found = endMs === null || elapsedMs === null ? null : endMs - elapsedMs
    return isShownAs(found, row('Start'))
      ? { startMs: found, endMs }
      : { wrong: `its start: ${start.wrong}` }
  }
  if (end !== null && 'wrong' in end) {
    const found = startMs === null || elapsedMs === null ? null : startMs + elapsedMs
    return isShownAs(found, row('End'))
      ? { startMs, endMs: found }
      : { wrong: `its end: ${end.wrong}` }
  }
  return { startMs, endMs }
}

/** True when some clock on earth shows this text at that moment; false for what is no time at all. */
const isShownAs = (ms: number | null, text: string): boolean =>
  ms !== null && Math.abs(Date.parse(`${text.trim()}Z`) - ms) <= ZONE_MS_MAX
const ZONE_MS_MAX = 14 * 3_600_000

const msOf = (time: ReturnType<typeof slurmTime>): number | null =>
  time !== null && 'ms' in time ? time.ms : null
