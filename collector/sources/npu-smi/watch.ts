import { createRejections } from '../../formats/rejections.ts'
import type { SourceIo } from '../../source.ts'
import {
  type Failure,
  LAUNCH_FAILURES,
  WATCH_FAILURES,
  failureOf,
  failureOfExit,
  isIgnoredText,
} from './failures.ts'
import type { RejectReason, Rejections } from './lines.ts'
import { createColumnReader } from './parse-columns.ts'
import { UNSUPPORTED_PAUSE_MS, placeKey } from './side-jobs.ts'
import type { WatchState } from './watch-state.ts'

/**
 * Columns asked for with `-s`, newest tools first: power, temperature, AI Core, AI CPU, Ctrl CPU, memory,
 * bandwidth, then overall utilization and AI Cube. Tools that refuse a letter get the older list; without
 * `-s` a tool prints its own choice.
 */
const CHOICES = ['ptaicmbnu', 'ptaicmb', null] as const

const LIMITS = { maxLines: 4096, maxLineBytes: 1024 } as const
const HEADER = /^\s*NpuID\s*\(/i
/** Pauses between two starts, ms: doubled with each short life. */
const PAUSE_MS = { first: 2000, longest: 60_000 } as const
/** A stream that gave rows for this long has worked, ms. */
const GOOD_LIFE_MS = 60_000
/** After this many short lives in a row the tool is asked once per read for a while, ms. */
const SHORT_LIVES = 5
const GIVE_UP_MS = 600_000
/** The driver refuses everybody: no use to ask sooner, ms. */
const REFUSED_PAUSE_MS = 60_000
const REFUSED_REASONS: ReadonlySet<string> = new Set(['dcmi_-8005', 'dcmi_-8020'])

/** What starting needs of the world. */
export interface WatchHost {
  readonly io: SourceIo
  readonly command: string
}

/** Starts the stream; when an earlier one is still in the way, that is noted and nothing starts. */
export async function startWatch(watch: WatchState, host: WatchHost, nowMs: number): Promise<void> {
  const { life } = watch
  watch.hasStdbuf ??= await host.io.hasCommand('stdbuf')
  // Let go of while it looked, or started by another read.
  if (watch.life !== life || watch.handle !== null) return
  const seconds = Math.min(100, Math.max(1, Math.round((watch.intervalMs ?? 1000) / 1000)))
  const letters = CHOICES[watch.choice] ?? null
  const call = [
    host.command,
    'info',
    'watch',
    '-d',
    String(seconds),
    ...(letters === null ? [] : ['-s', letters]),
  ]
  // Older builds block-buffer into a pipe: rows would come in bursts of many seconds.
  const [command = host.command, ...args] = watch.hasStdbuf ? ['stdbuf', '-oL', ...call] : call
  const stream = host.io.stream(command, args, LIMITS)
  if (stream === 'busy') {
    watch.busySinceMs ??= nowMs
    return
  }
  watch.busySinceMs = null
  watch.handle = stream
  watch.startedMs = nowMs
  watch.lastRowMs = null
  watch.header = null
  watch.said = null
  watch.isEnding = false
}

/** Tells the stream to end; resolves when it is really gone. */
export function stopWatch(watch: WatchState): Promise<void> {
  const { handle } = watch
  if (handle !== null) {
    watch.handle = null
    const ending = handle.stop().then(() => {
      if (watch.ending === ending) watch.ending = null
    })
    watch.ending = ending
  }
  return watch.ending ?? Promise.resolve()
}

/** Lets go of the target: ends the stream and whatever else is under way at its next step. */
export function releaseWatch(watch: WatchState): void {
  watch.life += 1
  void stopWatch(watch)
  watch.rows.clear()
  watch.box = null
  watch.fault = null
  watch.notBeforeMs = 0
  watch.lastTickMs = null
}

/** Takes the rows that came since the last read, and notices when the stream has ended. */
export function collectRows(watch: WatchState, nowMs: number, rejections: Rejections): void {
  const { handle } = watch
  if (handle === null) return
  const end = handle.ended()
  const { lines, dropped } = handle.take()
  if (dropped > 0) rejections.add(`${dropped} lines of watch`, 'too_many_lines')
  readLines(watch, lines, { nowMs, rejections })
  if (watch.lastRowMs !== null && watch.lastRowMs - watch.startedMs >= GOOD_LIFE_MS)
    watch.failures = 0
  if (end === null) return
  if (!watch.isEnding) {
    // The process is gone, its last words may still be in the pipe: the next read takes them.
    watch.isEnding = true
    return
  }
  watch.handle = null
  afterEnd(watch, end, nowMs)
}

function readLines(
  watch: WatchState,
  lines: readonly string[],
  { nowMs, rejections }: { nowMs: number; rejections: Rejections },
): void {
  const columns = createColumnReader(rejections)
  if (watch.header !== null) columns.line(watch.header)
  for (const line of lines) {
    if (line.trim() === '') continue
    if (HEADER.test(line)) watch.header = line
    if (columns.line(line)) continue
    const failure = failureOf(line)
    watch.said = failure ?? watch.said
    if (failure !== null) rejections.add(line, 'error_text')
    else if (!isIgnoredText(line)) rejections.add(line, 'not_npu_smi')
  }
  for (const row of columns.finish().watch) {
    watch.rows.set(placeKey(row.npu, row.chip), { row, atMs: nowMs })
    watch.lastRowMs = nowMs
  }
}

interface End {
  readonly failure: keyof typeof LAUNCH_FAILURES | 'exited' | null
  readonly exitCode: number | null
}

/** `watch` ends with the first query that fails, and at once when it does not know an option. */
function afterEnd(watch: WatchState, end: End, nowMs: number): void {
  if (end.failure !== 'exited' && end.failure !== null)
    return faultWatch(watch, LAUNCH_FAILURES[end.failure], nowMs)
  const stated = watch.said ?? failureOfExit(end.exitCode)
  const isDriver = stated?.outcome === 'failed' && !OPTION_REASONS.has(stated.reason)
  if (watch.lastRowMs !== null || isDriver)
    return faultWatch(watch, stated ?? WATCH_FAILURES.ended, nowMs)
  watch.choice += 1
  if (watch.choice < CHOICES.length) return
  watch.choice = 0
  watch.refusedUntilMs = nowMs + UNSUPPORTED_PAUSE_MS
}

/** A parameter it does not know: an older tool, no trouble with the driver. */
const OPTION_REASONS: ReadonlySet<string> = new Set(['dcmi_-8001', 'invalid_card'])

/** Notes why there are no rows, and when to try again; the next try begins with `npu-smi info`. */
export function faultWatch(watch: WatchState, fault: Failure, nowMs: number): void {
  watch.failures += 1
  const pauseMs = REFUSED_REASONS.has(fault.reason)
    ? REFUSED_PAUSE_MS
    : Math.min(PAUSE_MS.longest, PAUSE_MS.first * 2 ** (watch.failures - 1))
  watch.fault = fault
  watch.notBeforeMs = nowMs + pauseMs
  watch.box = null
  watch.rows.clear()
  if (watch.failures < SHORT_LIVES) return
  watch.failures = 0
  watch.refusedUntilMs = nowMs + GIVE_UP_MS
}

/** An empty record of refusals for one read. */
export const noRejections = (): Rejections => createRejections<RejectReason>()
