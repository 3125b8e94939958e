import type { Interpretation } from '#schemas/reading.ts'
import type { SourceIo } from '../../source.ts'
import {
  EMPTY_TABLE,
  type Failure,
  LAUNCH_FAILURES,
  WATCH_FAILURES,
  failureOfExit,
} from './failures.ts'
import { failedAnswer, interpretOutput } from './interpret.ts'
import type { Rejections } from './lines.ts'
import { type LiveState, chipsOf, withMemory } from './live-state.ts'
import type { WatchRow } from './parse-columns.ts'
import { type NpuOutput, parseOutput } from './parse-output.ts'
import type { ChipRow } from './parse-table.ts'
import { CALL_MS, MAX_BYTES, bestText, runSideJobs } from './side-calls.ts'
import { type SideOptions, placeKey, planJobs } from './side-jobs.ts'
import { collectRows, faultWatch, noRejections, startWatch, stopWatch } from './watch.ts'
import type { WatchState } from './watch-state.ts'

/** A read of a target that is watched: returns at once, whatever the tool is doing. */
export interface WatchRead {
  readonly state: LiveState
  readonly io: SourceIo
  readonly command: string
  readonly options: SideOptions
  /** Epoch ms of the tick. */
  readonly nowMs: number
  /** Milliseconds that only rise. */
  monotonicMs(): number
}

/** The box and what hangs on it is asked for this often, ms. */
const BOX_MS = 60_000
/** Longest stretch of calls beside the stream, ms; the stream stands still meanwhile. */
const ROUND_MS = 5000
/** After a round the stream runs at least this many times as long as the round took, and this long, ms. */
const STREAM_SHARE = 9
const STREAM_MS = 10_000
/** A figure speaks for this long, ms: rows and reads are not in step. */
const FRESH_MS = 3000
/** Without a row for this long the stream hangs, ms; a start, with its driver initialisation, takes longer. */
const HANG_MS = 10_000
const START_MS = 20_000
/** A round that takes this long is stuck in a call that cannot be ended, ms. */
const ROUND_STUCK_MS = 60_000

/**
 * Rows of the stream, slow facts of the calls beside it. Null when it turns out that this tool cannot be
 * watched. Never throws for what the tool did.
 */
export async function readWatching(read: WatchRead): Promise<Interpretation | null> {
  const { watch } = read.state
  const rejections = noRejections()
  const nowMs = read.monotonicMs()
  collectRows(watch, nowMs, rejections)
  if (watch.round !== null)
    return nowMs - watch.round.startedMs > ROUND_STUCK_MS
      ? failedAnswer(WATCH_FAILURES.stuck)
      : answer(read, nowMs, rejections)
  if (watch.handle !== null && isHanging(watch, nowMs)) {
    void stopWatch(watch)
    faultWatch(watch, WATCH_FAILURES.silent, nowMs)
  }
  if (nowMs < watch.refusedUntilMs) return null
  if (watch.fault !== null && nowMs < watch.notBeforeMs) return failedAnswer(watch.fault)
  if (isRoundDue(read.state, nowMs)) startRound(read)
  else if (watch.handle === null) await startWatch(watch, read, nowMs)
  return answer(read, nowMs, rejections)
}

function isHanging({ startedMs, lastRowMs, intervalMs }: WatchState, nowMs: number): boolean {
  const limitMs = lastRowMs === null ? START_MS : Math.max(HANG_MS, 3 * (intervalMs ?? 0))
  return nowMs - (lastRowMs ?? startedMs) > limitMs
}

function isRoundDue({ watch, queue }: LiveState, nowMs: number): boolean {
  if (watch.box === null || watch.ending !== null) return true
  if (nowMs < watch.nextRoundMs) return false
  return queue.length > 0 || nowMs - watch.box.atMs >= BOX_MS
}

/** Begins the calls beside the stream; they go on while reads come and go. */
function startRound(read: WatchRead): void {
  const { watch } = read.state
  const round = { startedMs: read.monotonicMs() }
  watch.round = round
  void runRound(read).finally(() => {
    if (watch.round === round) watch.round = null
  })
}

/** The tool may not run twice at once: the stream is ended, really, before anything else is asked. */
async function runRound(read: WatchRead): Promise<void> {
  const { state, io, command, nowMs } = read
  const { watch } = state
  const { life } = watch
  const isCancelled = () => watch.life !== life
  await stopWatch(watch)
  if (isCancelled()) return
  const startedMs = read.monotonicMs()
  const asked = await askBox(io, command)
  if (isCancelled()) return
  if ('outcome' in asked) return faultWatch(watch, asked, read.monotonicMs())
  watch.box = { output: asked, atMs: read.monotonicMs() }
  watch.fault = null
  planJobs(state, chipsOf(asked), read.options, nowMs)
  await runSideJobs({
    state,
    io,
    command,
    nowMs,
    floorMs: read.monotonicMs() - startedMs,
    remainingMs: () => startedMs + ROUND_MS - read.monotonicMs(),
    isCancelled,
  })
  if (isCancelled()) return
  const endMs = read.monotonicMs()
  watch.nextRoundMs = endMs + Math.max(STREAM_MS, STREAM_SHARE * (endMs - startedMs))
  await startWatch(watch, read, endMs)
}

async function askBox(io: SourceIo, command: string): Promise<NpuOutput | Failure> {
  const result = await io.run(command, ['info'], { timeoutMs: CALL_MS, maxBytes: MAX_BYTES })
  if (result.failure !== null) return LAUNCH_FAILURES[result.failure]
  const output = parseOutput(bestText(result))
  if (chipsOf(output).length > 0) return output
  return output.failures[0]?.failure ?? failureOfExit(result.exitCode) ?? EMPTY_TABLE
}

/** What is known at this moment: fresh rows over the last box, whose own moving figures age at once. */
function answer(read: WatchRead, nowMs: number, rejections: Rejections): Interpretation {
  const { state } = read
  const { watch } = state
  const { box } = watch
  if (box === null) return failedAnswer(watch.fault ?? WATCH_FAILURES.starting)
  const freshMs = Math.max(FRESH_MS, 2 * (watch.intervalMs ?? 0))
  const places = new Set(chipsOf(box.output).map(({ row, chip }) => placeKey(row.npu, chip)))
  const rows = new Map<string, WatchRow>()
  for (const [place, taken] of watch.rows) {
    if (nowMs - taken.atMs > freshMs) watch.rows.delete(place)
    else if (places.has(place)) rows.set(place, taken.row)
  }
  const isBoxFresh = nowMs - box.atMs <= freshMs
  if (rows.size === 0 && !isBoxFresh && !isStarting(watch, nowMs))
    return failedAnswer(watch.busySinceMs === null ? WATCH_FAILURES.silent : WATCH_FAILURES.stuck)
  const output: NpuOutput = {
    ...box.output,
    tables: box.output.tables.map((table) => ({ ...table, chips: table.chips.map(copyOf) })),
    watch: [...rows.values()],
    rejections,
  }
  const silent = new Set<string>()
  for (const { row, chip } of chipsOf(output)) {
    const place = placeKey(row.npu, chip)
    if (rows.has(place) || !isBoxFresh) forgetMoving(row)
    if (!rows.has(place) && !isBoxFresh) silent.add(place)
  }
  return interpretOutput(withMemory(state, output, { nowMs: read.nowMs, silent }))
}

/** Calls beside the stream, or its driver initialisation: nothing is known, and nothing is wrong yet. */
function isStarting({ round, handle, startedMs, lastRowMs }: WatchState, nowMs: number): boolean {
  return round !== null || (handle !== null && lastRowMs === null && nowMs - startedMs <= START_MS)
}

const copyOf = (row: ChipRow): ChipRow => ({ ...row })

/** The row of a failed query stays as it is: its zeros are how it is known. */
function forgetMoving(row: ChipRow): void {
  const zeros = [row.powerWatts, row.temperatureCelsius].filter((value) => value === 0).length
  if (zeros === 2 || (zeros === 1 && row.pairs.at(-1)?.total === 0)) return
  row.powerWatts = null
  row.temperatureCelsius = null
  row.utilPercent = null
}
