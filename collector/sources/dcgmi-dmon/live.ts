import type { Interpretation } from '#schemas/reading.ts'
import type { CommandStream, ReadContext } from '../../source.ts'
import { readRows } from './devices.ts'
import {
  CLOSED,
  ended,
  type Failure,
  HUNG,
  LAUNCH_FAILURES,
  NO_GPU_ROWS,
  NOT_DISCOVERED,
  SILENT,
  STARTING,
  STILL_RUNNING,
} from './failures.ts'
import { keepNewest, reading } from './interpret.ts'
import { LIMITS } from './limits.ts'
import { type LiveInventory, newLiveInventory, refresh } from './live-inventory.ts'
import { isProfilingField } from './map.ts'
import type { Inventory } from './parse-discovery.ts'
import {
  createDmonParser,
  type DmonParser,
  type DmonRejections,
  type DmonRow,
  newRejections,
} from './parse.ts'

/** What the source is told about the stream. */
export interface DmonOptions {
  readonly command: string
  readonly period_ms: number
  readonly fields: readonly number[]
}

/** Injected so that tests can make time pass. */
export interface LiveDeps {
  /** Milliseconds that only rise. */
  monotonicMs(): number
  sleep(ms: number): Promise<void>
}

type Context = ReadContext<DmonOptions>

/** Without a row for this many periods the stream counts as hung; after half of that its values are not repeated. */
const HUNG_PERIODS = 3
const REPEAT_PERIODS = 1.5
/** Ticks and periods drift against each other: a tick may look just before the row that belongs to it, periods. */
const DRIFT_PERIODS = 0.5
/** Connecting and setting the watches takes time on a node of 8 GPUs, ms. */
const START_MS = 5000
/** Between attempts: 1 s, doubled up to a minute; forgotten after a stream that lived for a minute. */
const BACK_OFF_MS = 1000
const BACK_OFF_MAX_MS = 60_000
const LIVED_MS = 60_000
/** Profiling fields that were refused are asked for again after this time: a profiler may have ended, ms. */
const PROFILING_AGAIN_MS = 3_600_000
/** Share of a read's time that waiting may use, and how often it looks. */
const WAIT_SHARE = 0.8
const LOOK_MS = 25

interface HeldRow {
  readonly row: DmonRow
  /** When its line was taken, monotonic ms. */
  readonly takenMs: number
}

interface Running {
  readonly stream: CommandStream
  readonly parser: DmonParser
  /** What it was asked for: arguments and GPUs. */
  readonly asked: string
  readonly fields: readonly number[]
  readonly startedMs: number
  /** When rows last came; the start until then. */
  rowsMs: number
  readonly rows: Map<string, HeldRow>
  /** Errors it printed. */
  readonly failures: Failure[]
}

/** What one target's source remembers between reads. A class only so that `instanceof` finds it again. */
export class LiveState {
  readonly inventory: LiveInventory = newLiveInventory()
  running: Running | null = null
  isClosed = false
  attempts = 0
  /** No new stream before this time, monotonic ms; and why. */
  waitUntilMs = Number.NEGATIVE_INFINITY
  failure: Failure | null = null
  /** GPUs that had rows at the last read. */
  boards = ''
  readonly unknownFields = new Set<number>()
  profiling: { readonly offUntilMs: number; readonly why: Failure } | null = null
}

/** Ends the stream for good. */
export function closeLive(state: LiveState): void {
  state.isClosed = true
  void state.running?.stream.stop()
  state.running = null
}

/** One read: what the stream printed since the last one; starts and restarts it. */
export async function readLive(
  state: LiveState,
  context: Context,
  deps: LiveDeps,
): Promise<Interpretation> {
  const rejections = newRejections()
  const { io, config, timeoutMs } = context
  const turn = { context, untilMs: deps.monotonicMs() + timeoutMs * WAIT_SHARE, deps }
  const failedWith = (failure: Failure) =>
    reading({ failure, rejections, toolLabels: labelsOf(state) })
  const asked = refresh(state.inventory, { io, command: config.command }, deps.monotonicMs())
  if (state.inventory.known === null) await within(asked, turn.untilMs, deps)
  const inventory = state.inventory.known
  if (inventory === null) return failedWith(state.inventory.failure ?? NOT_DISCOVERED)
  const failure = state.isClosed ? CLOSED : await keepRunning(state, inventory, turn)
  if (failure !== null) return failedWith(failure)
  await firstRows(state, rejections, turn)
  const nowMs = deps.monotonicMs()
  const trouble = troubleOf(state, config.period_ms, rejections, nowMs)
  if (trouble !== null || state.running === null) return failedWith(trouble ?? CLOSED)
  const freshMs = nowMs - REPEAT_PERIODS * config.period_ms
  return interpretRows(state, state.running, inventory, { rejections, freshMs })
}

interface Turn {
  readonly context: Context
  /** Until when this read may wait, monotonic ms. */
  readonly untilMs: number
  readonly deps: LiveDeps
}

/** Starts the stream when none runs; ends one that asks for other fields or GPUs than are wanted now. */
async function keepRunning(
  state: LiveState,
  inventory: Inventory,
  { context: { io, config }, untilMs, deps }: Turn,
): Promise<Failure | null> {
  const fields = wantedFields(state, config.fields, deps.monotonicMs())
  const args = argsOf(fields, inventory, config.period_ms)
  const asked = [...args, ...inventory.gpus.keys()].join(' ')
  if (state.running !== null && state.running.asked !== asked) {
    const stopped = state.running.stream.stop()
    state.running = null
    await within(stopped, untilMs, deps)
  }
  if (state.running !== null || state.isClosed) return null
  const nowMs = deps.monotonicMs()
  if (nowMs < state.waitUntilMs) return state.failure ?? STARTING
  const stream = io.stream(config.command, args, {
    maxLines: LIMITS.streamLines,
    maxLineBytes: LIMITS.lineChars,
  })
  if (stream === 'busy') return backOff(state, STILL_RUNNING, nowMs)
  state.running = {
    stream,
    parser: createDmonParser(),
    asked,
    fields,
    startedMs: nowMs,
    rowsMs: nowMs,
    rows: new Map(),
    failures: [],
  }
  return null
}

function backOff(state: LiveState, failure: Failure, nowMs: number): Failure {
  state.waitUntilMs = nowMs + Math.min(BACK_OFF_MAX_MS, BACK_OFF_MS * 2 ** state.attempts)
  state.attempts += 1
  state.failure = failure
  return failure
}

function wantedFields(state: LiveState, asked: readonly number[], nowMs: number): number[] {
  if (state.profiling !== null && nowMs >= state.profiling.offUntilMs) state.profiling = null
  const isWanted = (id: number) =>
    !state.unknownFields.has(id) && !(state.profiling !== null && isProfilingField(id))
  return asked.filter(isWanted)
}

/** Instances are printed only when named; boards then have to be named too. */
function argsOf(fields: readonly number[], { gpus, instances }: Inventory, periodMs: number) {
  const entities = [
    ...[...gpus.keys()].sort((a, b) => a - b).map(String),
    ...[...instances.keys()].sort((a, b) => a - b).map((id) => `i:${id}`),
  ]
  const named = instances.size === 0 ? [] : ['-i', entities.join(',')]
  return ['dmon', '-e', fields.join(','), '-d', String(periodMs), ...named]
}

/** Waits for the first rows of a stream that was just started: the first tick has values then. */
async function firstRows(
  state: LiveState,
  rejections: DmonRejections,
  { untilMs, deps }: Turn,
): Promise<void> {
  for (;;) {
    const { running } = state
    if (running === null) return
    takeLines(state, running, rejections, deps.monotonicMs())
    const isWaiting = running.rows.size === 0 && running.stream.ended() === null
    if (!isWaiting || running.failures.length > 0) return
    if (deps.monotonicMs() + LOOK_MS >= untilMs) return
    await deps.sleep(LOOK_MS)
  }
}

function takeLines(
  state: LiveState,
  running: Running,
  rejections: DmonRejections,
  nowMs: number,
): void {
  const { lines, dropped } = running.stream.take()
  if (dropped > 0) rejections.add(`${dropped} lines`, 'lines_dropped')
  const newest = new Map<string, DmonRow>()
  for (const line of lines) {
    const row = running.parser.line(line, rejections)
    if (row !== null) keepNewest(newest, row, rejections)
  }
  for (const [key, row] of newest) running.rows.set(key, { row, takenMs: nowMs })
  running.failures.push(...running.parser.takeFailures())
  if (newest.size === 0) return
  running.rowsMs = nowMs
  if (nowMs - running.startedMs >= LIVED_MS) state.attempts = 0
}

/** Why the stream cannot be used in this read; one that is of no more use is ended. */
function troubleOf(
  state: LiveState,
  periodMs: number,
  rejections: DmonRejections,
  nowMs: number,
): Failure | null {
  const { running } = state
  if (running === null) return state.failure
  const end = running.stream.ended()
  if (running.failures.length > 0 || end !== null) {
    const failure = running.failures[0] ?? howEnded(end)
    return giveUp(state, running, failure, { rejections, nowMs })
  }
  const quietMs = nowMs - running.rowsMs
  const isStarting = running.rows.size === 0
  const hungMs = (HUNG_PERIODS - DRIFT_PERIODS) * periodMs
  if (quietMs >= (isStarting ? Math.max(hungMs, START_MS) : hungMs))
    return giveUp(state, running, HUNG, { rejections, nowMs })
  if (isStarting) return STARTING
  return quietMs >= REPEAT_PERIODS * periodMs ? SILENT : null
}

function howEnded(end: ReturnType<CommandStream['ended']>): Failure {
  if (end === null || end.failure === null || end.failure === 'exited')
    return ended(end?.exitCode ?? null)
  return LAUNCH_FAILURES[end.failure]
}

/** Ends the stream. What failed only because of some fields is tried without them at the next read. */
function giveUp(
  state: LiveState,
  running: Running,
  failure: Failure,
  { rejections, nowMs }: { readonly rejections: DmonRejections; readonly nowMs: number },
): Failure {
  void running.stream.stop()
  state.running = null
  const { without } = failure
  if (without === 'profiling' && running.fields.some(isProfilingField)) {
    state.profiling = { offUntilMs: nowMs + PROFILING_AGAIN_MS, why: failure }
    rejections.add(running.fields.filter(isProfilingField).join(','), 'profiling_refused')
  } else if (typeof without === 'number' && running.fields.includes(without)) {
    state.unknownFields.add(without)
    rejections.add(`field ${without}`, 'field_unknown')
  } else return backOff(state, failure, nowMs)
  state.waitUntilMs = nowMs
  return failure
}

function interpretRows(
  state: LiveState,
  running: Running,
  inventory: Inventory,
  { rejections, freshMs }: { readonly rejections: DmonRejections; readonly freshMs: number },
): Interpretation {
  for (const [key, { takenMs }] of running.rows) if (takenMs < freshMs) running.rows.delete(key)
  const rows = [...running.rows.values()].map(({ row }) => row)
  const read = readRows(rows, inventory, 'hold', rejections)
  const boards = [...running.rows.keys()]
    .filter((key) => /^GPU \d+$/.test(key))
    .sort()
    .join()
  // A GPU came or went: which is which may have changed with it.
  const isChanged = state.boards !== '' && state.boards !== boards
  if (read.hasUnknown || isChanged) state.inventory.isSoon = true
  state.boards = boards
  const { devices, links, ignored } = read
  const failure = devices.length > 0 ? null : read.hasUnknown ? NOT_DISCOVERED : NO_GPU_ROWS
  return reading({ failure, rejections, devices, links, ignored, toolLabels: labelsOf(state) })
}

function labelsOf({ inventory, profiling }: LiveState): Record<string, string> {
  const labels: Record<string, string> = {}
  if (inventory.dcgmVersion !== null) labels['dcgm_version'] = inventory.dcgmVersion
  if (profiling !== null) labels['profiling'] = `off: ${profiling.why.reason}`
  return labels
}

/** Waits for a promise, but not beyond a moment. */
async function within(promise: Promise<void>, untilMs: number, deps: LiveDeps): Promise<void> {
  await Promise.race([promise, deps.sleep(Math.max(0, untilMs - deps.monotonicMs()))])
}
