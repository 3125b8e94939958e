import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import {
  askedRepair,
  DIFFERENCES_MAX,
  isOpen,
  type MinuteDifference,
  type Repair,
  REASON_CHARS_MAX,
  type RepairQueue,
} from '../../ingest/settle/repair.ts'
import { fileRepairs, storeRepairs } from '../../ingest/settle/repair-queues.ts'
import { connectStore } from '../../ingest/store/store.ts'
import { PlimsollError } from '#schemas/errors.ts'
import type { Invocation } from '../command.ts'
import { createProgress } from '../progress.ts'
import { readSettings, repairsPath, type Settings } from '../settings.ts'
import { fromUrl } from '../store.ts'

/** A process that settles takes a request up within seconds unless it has fresh minutes to catch up with. */
const WAITS = { takenMs: 30_000, pollMs: 500 } as const

export async function run(invocation: Invocation): Promise<number> {
  const settings = readSettings(invocation)
  const asked = requestOf(invocation, Date.now())
  const opened = openQueue(settings)
  try {
    const repair = await ask(opened.queue, askedRepair(randomUUID(), asked))
    for (const line of reportOf(repair)) invocation.print(line)
    return 0
  } finally {
    await opened.close()
  }
}

/** What was asked for; throws E_USAGE for a missing or malformed time and E_RANGE_INVALID for an empty window. */
export function requestOf(
  invocation: Pick<Invocation, 'option' | 'flag'>,
  nowMs: number,
): Parameters<typeof askedRepair>[1] {
  const [from_ms, to_ms] = [timeOf(invocation, 'from'), timeOf(invocation, 'to')]
  if (from_ms >= to_ms)
    throw new PlimsollError('E_RANGE_INVALID', '--from is not before --to: nothing to repair')
  const reason = (invocation.option('reason') ?? '').trim()
  if (reason.length > REASON_CHARS_MAX)
    throw new PlimsollError('E_USAGE', `--reason has more than ${REASON_CHARS_MAX} characters`)
  return { from_ms, to_ms, reason, dry_run: invocation.flag('dry-run'), asked_at_ms: nowMs }
}

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d)$/

/** Epoch ms of an option; throws E_USAGE where it is missing or has no zone. */
export function timeOf(invocation: Pick<Invocation, 'option'>, name: string): number {
  const text = invocation.option(name) ?? ''
  const ms = TIME.test(text) ? Date.parse(text) : Number.NaN
  if (Number.isFinite(ms)) return ms
  throw new PlimsollError(
    'E_USAGE',
    `--${name} ${text}: give a time with its zone, such as 2026-05-01T10:00Z or 2026-05-01T18:00+08:00`,
  )
}

/** Only the process that settles writes revisions: two of them would count minutes twice. So it is asked. */
function openQueue({ clickhouseUrl, dataDir }: Settings): {
  queue: RepairQueue
  close(): Promise<void>
} {
  if (clickhouseUrl !== undefined) {
    const store = connectStore(fromUrl(clickhouseUrl))
    return { queue: storeRepairs(store), close: () => store.close() }
  }
  if (!existsSync(join(dataDir, 'engine')))
    throw new PlimsollError(
      'E_USAGE',
      `there is no engine in ${dataDir}: give the --data of the running server, or --clickhouse URL`,
    )
  return { queue: fileRepairs(repairsPath(dataDir)), close: async () => undefined }
}

/** Puts the request into the queue and waits for its end. Throws E_REPAIR_WAITING and E_REPAIR_FAILED. */
export async function ask(
  queue: RepairQueue,
  request: Repair,
  { takenMs, pollMs }: { readonly takenMs: number; readonly pollMs: number } = WAITS,
): Promise<Repair> {
  await queue.write(request)
  const progress = createProgress(
    request.dry_run ? 'comparing' : 'settling again',
    process.stderr,
    Date.now,
  )
  const endMs = Date.now() + takenMs
  for (;;) {
    await delay(pollMs)
    const repair = (await queue.read(request.id)) ?? request
    if (repair.state === 'withdrawn') throw nobodySettles(takenMs)
    if (repair.state === 'failed')
      throw new PlimsollError('E_REPAIR_FAILED', `the repair stopped: ${repair.detail}`)
    if (!isOpen(repair)) {
      progress.done()
      return repair
    }
    if (repair.state === 'running') progress.update(shareOf(repair))
    else if (Date.now() > endMs)
      await queue.write({ ...repair, state: 'withdrawn', version: repair.version + 1 })
  }
}

const nobodySettles = (takenMs: number) =>
  new PlimsollError(
    'E_REPAIR_WAITING',
    `no process took the repair up within ${takenMs / 1000} s, so it was withdrawn. The running plimsoll all or plimsoll ingest does the settling; run this beside it, as the same user, when it has caught up`,
  )

function shareOf({ begin_ms, end_ms, checked_until_ms }: Repair): number {
  const [begin, end, checked] = [begin_ms ?? 0, end_ms ?? 0, checked_until_ms ?? 0]
  return end > begin ? (checked - begin) / (end - begin) : 1
}

/** What a finished repair did, or would do, line by line. */
export function reportOf(repair: Repair): readonly string[] {
  const { from_ms, to_ms, dry_run, minutes_changed, differences } = repair
  const [begin, end] = [repair.begin_ms ?? from_ms, repair.end_ms ?? to_ms]
  const lines: string[] = []
  const [oldEnd, newBegin] = [Math.min(begin, to_ms), Math.max(end, from_ms)]
  if (from_ms < floorTo(begin))
    lines.push(`${span(from_ms, oldEnd)}: left as it is, its raw samples are no longer kept`)
  if (end > begin) lines.push(`${span(begin, end)}: compared with the raw samples`)
  if (to_ms > newBegin && begin < to_ms)
    lines.push(`${span(newBegin, to_ms)}: not settled yet, settles by itself`)
  if (dry_run) lines.push(...differences.map(differenceLine))
  if (dry_run && minutes_changed > differences.length)
    lines.push(`… the first ${DIFFERENCES_MAX} of them`)
  lines.push(summary(dry_run, minutes_changed))
  return lines
}

function summary(dryRun: boolean, count: number): string {
  if (count === 0) return 'nothing differs: nothing was changed'
  const minutes = `${count} minute${count === 1 ? '' : 's'}`
  return dryRun
    ? `${minutes} would change; nothing was changed`
    : `${minutes} settled again as new revisions, each with a restatement record; hours and days follow`
}

const differenceLine = (row: MinuteDifference) =>
  `  ${stamp(row.minute_ms)}  known ${row.old_known_ms / 1e3} s -> ${row.new_known_ms / 1e3} s  busy ${row.old_busy_ms_x1000 / 1e6} s -> ${row.new_busy_ms_x1000 / 1e6} s`
const span = (fromMs: number, toMs: number) => `${stamp(fromMs)} to ${stamp(toMs)}`
const stamp = (ms: number) => new Date(ms).toISOString().replace(/(:00)?\.000Z$/, 'Z')
const floorTo = (ms: number) => Math.floor(ms / 60_000) * 60_000
