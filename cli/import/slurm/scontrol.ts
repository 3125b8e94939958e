import { PlimsollError } from '#schemas/errors.ts'
import { expandHostlist } from '../../../collector/targets/hostlist.ts'
import { Problems } from '../problems.ts'
import { type ArrayPart, readArrayTasks } from './array-tasks.ts'
import { tresDevices } from './gres.ts'
import type { SlurmJob, SlurmOptions } from './job.ts'
import { SnapshotBuilder, type SnapshotReading } from './snapshot.ts'
import { slurmDuration, slurmTime } from './times.ts'

/** First keys of the lines of a job, in 22.05 to 24.05. With -o these lines stand on one, a blank between. */
const ONE_LINE = new RegExp(
  ` (?=(?:${[
    'UserId|Priority|JobState|Requeue|DerivedExitCode|RunTime|SubmitTime|AccrueTime|StartTime|SuspendTime',
    'Partition|ReqNodeList|NodeList|BatchHost|StepMgrEnabled|NumNodes|TRES|ReqTRES|AllocTRES|Socks/Node',
    'JOB_GRES|Nodes|MinCPUsNode|Features|OverSubscribe|Command|WorkDir|AdminComment|SystemComment',
    'Comment|StdErr|StdIn|StdOut|Power',
  ].join('|')})=)`,
)

/** Keys that decide who holds what. A job name or comment may hold their look-alikes. */
const DECISIVE =
  'UserId JobState Priority StartTime Partition NodeList TRES AllocTRES JOB_GRES'.split(' ')

/**
 * Reads `scontrol show job -d`, as blocks of lines or with -o as one line a job. Nodes with the same devices are
 * folded into one `Nodes=` line and are unfolded here. Throws E_IMPORT_INVALID when there is no job in the text.
 */
export function readScontrol(text: string, options: SlurmOptions): SnapshotReading {
  const problems = new Problems()
  const blocks = text.split(/^(?=\s*JobId=)/m).filter((block) => /^\s*JobId=/.test(block))
  if (blocks.length === 0 && !/^\s*(No jobs in the system)?\s*$/.test(text))
    throw new PlimsollError(
      'E_IMPORT_INVALID',
      'scontrol: there is no "JobId=" in it; give the output of scontrol show job -d; nothing was imported',
    )
  const looked = new SnapshotBuilder(options, problems)
  for (const [at, block] of blocks.entries()) {
    const job = jobOf(linesOf(block), options)
    if ('wrong' in job) looked.addUnread(job.id, `the job number ${at + 1} of the text`, job.wrong)
    else looked.add(job)
  }
  return looked.reading()
}

interface Line {
  readonly key: string
  /** The line without its indentation, its first key with it. */
  readonly text: string
}

function linesOf(block: string): Line[] {
  const written = block
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
  const [only = ''] = written
  const lines = written.length === 1 ? only.split(ONE_LINE) : written
  return lines.flatMap((text) => {
    const key = /^([A-Za-z_/]+)=/.exec(text)?.[1]
    return key === undefined ? [] : [{ key, text }]
  })
}

/** A value without blanks that stands on a line. */
function valueOn(line: Line | undefined, key: string): string {
  const found = new RegExp(`(?:^|\\s)${key}=(\\S*)`).exec(line?.text ?? '')?.[1] ?? ''
  return found === '(null)' ? '' : found
}

/** The rest of a line behind a key: a text that may hold blanks. */
const restOf = (line: Line | undefined, key: string): string =>
  line === undefined ? '' : line.text.slice(line.text.indexOf(`${key}=`) + key.length + 1).trim()

type Unread = { readonly wrong: string; readonly id: string | null }

function jobOf(lines: readonly Line[], options: SlurmOptions): SlurmJob | Unread {
  const first = lines[0]
  // What stands behind the name is the user's text.
  const head: Line = { key: 'JobId', text: first?.text.split(' JobName=')[0] ?? '' }
  const id = /^\d{1,18}$/.exec(valueOn(head, 'JobId'))?.[0] ?? null
  const unread = (wrong: string): Unread => ({ wrong, id })
  if (id === null) return unread('its job id is no number')
  const doubled = DECISIVE.find((key) => lines.filter((line) => line.key === key).length > 1)
  if (doubled !== undefined)
    return unread(
      `${doubled}= stands in it twice, as a job name or comment can make it look; use squeue --json`,
    )
  const line = (key: string) => lines.find((each) => each.key === key)
  const nodes = nodeLines(lines)
  if (nodes === null) return unread('a Nodes= line of it cannot be read')
  const start = slurmTime(valueOn(line('StartTime'), 'StartTime'), options.timeZone)
  const end = slurmTime(valueOn(line('StartTime'), 'EndTime'), options.timeZone)
  const submit = slurmTime(valueOn(line('SubmitTime'), 'SubmitTime'), options.timeZone)
  if (start !== null && 'wrong' in start) return unread(start.wrong)
  if (end !== null && 'wrong' in end) return unread(end.wrong)
  return {
    id,
    shown: shownOf(head),
    array: arrayOf(head),
    states: valueOn(line('JobState'), 'JobState').toUpperCase().split(/[,+]/).filter(Boolean),
    startMs: start?.ms ?? null,
    endMs: end?.ms ?? null,
    nodes:
      nodes.length === 0 ? valueOn(line('NodeList'), 'NodeList') : nodes.map(({ node }) => node),
    gres: nodes.length === 0 ? null : nodes.map(({ gres }) => gres),
    devices: tresDevices(tresOf(lines), options.accelerators),
    askedDevices: tresDevices(
      valueOn(line('ReqTRES'), 'ReqTRES') || tresOf(lines),
      options.accelerators,
    ),
    reason: valueOn(line('JobState'), 'Reason'),
    submitMs: submit !== null && 'ms' in submit ? submit.ms : null,
    limitMs: slurmDuration(valueOn(line('RunTime'), 'TimeLimit')),
    name: first?.text.split(' JobName=')[1]?.trim() ?? '',
    account: valueOn(line('Priority'), 'Account'),
    partition: valueOn(line('Partition'), 'Partition'),
    qos: valueOn(line('Priority'), 'QOS'),
    comment: restOf(line('Comment'), 'Comment'),
  }
}

/** Newer releases write what was asked for and what was given apart. */
const tresOf = (lines: readonly Line[]): string =>
  valueOn(
    lines.find(({ key }) => key === 'AllocTRES'),
    'AllocTRES',
  ) ||
  valueOn(
    lines.find(({ key }) => key === 'TRES'),
    'TRES',
  )

function arrayOf(head: Line): ArrayPart | null {
  const id = valueOn(head, 'ArrayJobId')
  if (id === '' || id === '0') return null
  const { tasks, limit } = readArrayTasks(valueOn(head, 'ArrayTaskId'))
  const throttle = Number(valueOn(head, 'ArrayTaskThrottle'))
  return { id, tasks, limit: throttle > 0 ? throttle : limit }
}

function shownOf(head: Line): string | null {
  const [array, task] = [valueOn(head, 'ArrayJobId'), valueOn(head, 'ArrayTaskId')]
  if (array !== '' && /^\d+$/.test(task)) return `${array}_${task}`
  const [leader, offset] = [valueOn(head, 'HetJobId'), valueOn(head, 'HetJobOffset')]
  return leader !== '' && offset !== '' ? `${leader}+${offset}` : null
}

/** Nodes and GRES from the `Nodes=` lines behind JOB_GRES; null when one of them is no host list. */
function nodeLines(lines: readonly Line[]): { node: string; gres: string }[] | null {
  const found: { node: string; gres: string }[] = []
  const begin = lines.findIndex(({ key }) => key === 'JOB_GRES')
  const first = begin === -1 ? lines.findIndex(({ key }) => key === 'Nodes') : begin + 1
  for (const line of first === -1 ? [] : lines.slice(first)) {
    if (line.key !== 'Nodes') break
    // GRES_IDX is how releases before 20.11 wrote it.
    const gres = valueOn(line, 'GRES') || valueOn(line, 'GRES_IDX')
    try {
      for (const node of expandHostlist(valueOn(line, 'Nodes'))) found.push({ node, gres })
    } catch (error) {
      if (error instanceof PlimsollError) return null
      throw error
    }
  }
  return found
}
