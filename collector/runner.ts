import type { PauseOrder } from '#schemas/control.ts'
import { type Interpretation, unread } from '#schemas/reading.ts'
import type { CollectorClock, TimeSource } from './clock.ts'
import type { SourceSection } from './config.ts'
import { meteredIo } from './host.ts'
import { cellOf, gatheredOffset, nextReadMs } from './schedule.ts'
import type { SourceIo } from './source.ts'
import type { Target } from './targets/target.ts'

/** What the runner needs of a section. */
export type RunSection = Pick<SourceSection, 'source' | 'options' | 'intervalMs' | 'timeoutMs'>

/** One finished read of one target, whatever came of it. */
export interface TargetRead {
  /** Stable name of the target within this process. */
  readonly id: string
  readonly source: string
  readonly target: Target
  /** Start of the cell the read belongs to, epoch ms. */
  readonly tickMs: number
  readonly intervalMs: number
  /** When the answer was there, epoch ms. */
  readonly atMs: number
  readonly durationMs: number
  readonly bytes: number
  readonly interpretation: Interpretation
}

export interface RunnerDeps {
  readonly time: TimeSource
  readonly clock: CollectorClock
  readonly io: SourceIo
  readonly onRead: (read: TargetRead) => void
  /** The order that keeps a source of a node from being read now, or null. */
  readonly pausedBy?: (source: string, node: string) => PauseOrder | null
  /** A target left its list. */
  readonly onGone: (id: string) => void
}

export interface Runner {
  /** Replaces the targets of one section; those that stay keep their memory and their place in time. */
  setTargets(section: RunSection, targets: readonly Target[]): void
  /** Plans every read anew; call after the clock was set. */
  replan(): void
  /** Orders changed: what is paused now stops now, not at its next cell. */
  applyPauses(): void
  targetCount(): number
  /** Targets of one source, as they are now. */
  targetsOf(source: string): readonly Target[]
  stats(): RunnerStats
  /** No new reads; waits for those under way, at most this long. */
  stop(waitMs: number): Promise<void>
}

export interface RunnerStats {
  readonly targets: number
  readonly reading: number
  readonly reads: number
  /** Cells that passed without a read, because the process was busy or the last read still ran. */
  readonly missedCells: number
}

interface Loop {
  readonly id: string
  readonly section: RunSection
  target: Target
  readonly memory: Map<string, unknown>
  lastTickMs: number
  /** Cell of the last read that was begun. */
  readTickMs: number
  /** The read under way; a hung one stays here after it was reported, so that none piles up on it. */
  reading: Promise<void> | null
  cancel: () => void
  stopped: boolean
}

/** What a source may take beyond its budget before the runner stops waiting, ms. */
const GRACE_MS = 250
/** With fewer targets than this, a new one is read at once instead of at its place in the next cell. */
const FEW_TARGETS = 32
/** A place in the cell that comes this soon is waited for, ms: collectors of a fleet that start together stay spread. */
const SOON_MS = 10_000
/** First reads of the longest list begin within this, ms. */
const START_WITHIN_MS = 30_000
/** Also a target of which nothing is due is read this often, ms: collection health and thresholds go by reads. */
const REST_MS = 30_000

/**
 * Reads every target once per cell of its interval, spread over the interval, one read at a time per target,
 * each with a time limit that holds even when the source does not keep it.
 */
export function createRunner(deps: RunnerDeps): Runner {
  const state: RunnerState = {
    deps,
    loops: new Map(),
    counts: { reads: 0, missedCells: 0, reading: 0 },
    stopped: false,
  }
  const { loops, counts } = state
  return {
    setTargets(section, targets) {
      if (state.stopped) return
      const wanted = new Map(targets.map((target) => [targetId(section, target), target]))
      for (const loop of loops.values())
        if (loop.section.source.name === section.source.name && !wanted.has(loop.id))
          remove(state, loop)
      const fresh = [...wanted].filter(([id]) => !loops.has(id))
      for (const [id, target] of wanted) {
        const loop = loops.get(id)
        if (loop !== undefined) loop.target = target
      }
      const isOneOfFew = targets.length < FEW_TARGETS
      for (const [at, [, target]] of fresh.entries())
        add(
          state,
          section,
          target,
          isOneOfFew
            ? { waitMs: 0, soonMs: SOON_MS }
            : { waitMs: startWaitMs(section, at, fresh.length), soonMs: 0 },
        )
    },
    replan() {
      for (const loop of loops.values()) {
        loop.cancel()
        loop.lastTickMs = 0
        plan(state, loop, deps.clock.now())
      }
    },
    applyPauses() {
      for (const loop of loops.values()) {
        const pause = pauseOf(deps, loop)
        const tickMs = cellOf(deps.clock.now(), loop.section.intervalMs)
        if (pause !== null) skipPaused(deps, loop, tickMs, pause)
      }
    },
    targetCount: () => loops.size,
    targetsOf: (source) =>
      [...loops.values()]
        .filter(({ section }) => section.source.name === source)
        .map(({ target }) => target),
    stats: () => ({ targets: loops.size, ...counts }),
    stop: (waitMs) => stopLoops(state, waitMs),
  }
}

interface RunnerState {
  readonly deps: RunnerDeps
  readonly loops: Map<string, Loop>
  readonly counts: { reads: number; missedCells: number; reading: number }
  stopped: boolean
}

interface Start {
  /** How long after now a target is read first, at most; null = at its place in a cell, like every later read. */
  readonly waitMs: number | null
  /** Its place is as good when it comes within this. */
  readonly soonMs: number
}

function add(
  state: RunnerState,
  section: RunSection,
  target: Target,
  { waitMs, soonMs }: Start,
): void {
  const { clock, time } = state.deps
  const loop: Loop = {
    id: targetId(section, target),
    section,
    target,
    memory: new Map(),
    lastTickMs: 0,
    readTickMs: 0,
    reading: null,
    cancel: () => undefined,
    stopped: false,
  }
  state.loops.set(loop.id, loop)
  const nowMs = clock.now()
  const placeMs = nextReadMs(nowMs, section.intervalMs, offsetOf(loop))
  const isInThisCell = cellOf(placeMs, section.intervalMs) === cellOf(nowMs, section.intervalMs)
  const isSoon = isInThisCell && placeMs - nowMs <= soonMs
  if (waitMs === null || isSoon) plan(state, loop, nowMs)
  else loop.cancel = time.setTimer(waitMs, () => fire(state, loop))
}

/**
 * How long the `at`-th new target of a long list waits for its first read, ms: so many begin per second as its source bears, and all
 * within `START_WITHIN_MS`. Null where the source leaves first reads at their places.
 */
function startWaitMs({ source }: RunSection, at: number, count: number): number | null {
  const { startsPerSecond } = source
  if (startsPerSecond === undefined) return null
  return Math.round(at * Math.min(1000 / startsPerSecond, START_WITHIN_MS / count))
}

function remove(state: RunnerState, loop: Loop): void {
  loop.stopped = true
  loop.cancel()
  loop.section.source.close?.(loop.memory)
  state.loops.delete(loop.id)
  state.deps.onGone(loop.id)
}

function plan(state: RunnerState, loop: Loop, notBeforeMs: number): void {
  if (loop.stopped || state.stopped) return
  const { time, clock } = state.deps
  const { intervalMs } = loop.section
  const atMs = nextReadMs(notBeforeMs, intervalMs, offsetOf(loop))
  loop.cancel = time.setTimer(Math.max(0, atMs - clock.now()), () => fire(state, loop))
}

const offsetOf = ({ section, target }: Loop) =>
  gatheredOffset(target.node, section.intervalMs, section.source.gatherMs)

function fire(state: RunnerState, loop: Loop): void {
  const { counts, deps } = state
  const { intervalMs } = loop.section
  const tickMs = cellOf(deps.clock.now(), intervalMs)
  if (tickMs > loop.lastTickMs) {
    if (loop.lastTickMs > 0) counts.missedCells += (tickMs - loop.lastTickMs) / intervalMs - 1
    loop.lastTickMs = tickMs
    const pause = pauseOf(deps, loop)
    if (pause !== null) skipPaused(deps, loop, tickMs, pause)
    else if (loop.reading === null) {
      if (!isAtRest(loop, tickMs)) start(state, loop, tickMs)
    } else {
      counts.missedCells++
      const interpretation = failedRead(loop, 'still_running', 'the last read has not ended yet')
      report(deps, loop, { tickMs, durationMs: 0, bytes: 0, interpretation })
    }
  }
  plan(state, loop, tickMs + intervalMs)
}

/** Nothing of it is due, and it was read not long ago. */
function isAtRest({ section, target, memory, readTickMs }: Loop, tickMs: number): boolean {
  const { source, options: config } = section
  if (source.isDue === undefined) return false
  // Asked in every cell: sources learn from it how far apart cells are.
  const isDue = source.isDue({ target, config, nowMs: tickMs, memory })
  return !isDue && tickMs - readTickMs < REST_MS
}

const pauseOf = (deps: RunnerDeps, loop: Loop) =>
  deps.pausedBy?.(loop.section.source.name, loop.target.node) ?? null

/** A paused source lets go of its tool; nothing speaks for its devices, which is not idle. */
function skipPaused(deps: RunnerDeps, loop: Loop, tickMs: number, pause: PauseOrder): void {
  loop.section.source.close?.(loop.memory)
  const until = new Date(pause.until_ms).toISOString().slice(0, 16)
  const detail = `paused by ${pause.who} until ${until}Z: ${pause.reason}`
  const order = { outcome: 'absent', reason: 'paused', detail } as const
  const interpretation = unread(loop.section.source.name, order)
  report(deps, loop, { tickMs, durationMs: 0, bytes: 0, interpretation })
}

function start({ counts, deps }: RunnerState, loop: Loop, tickMs: number): void {
  counts.reads++
  counts.reading++
  loop.readTickMs = tickMs
  loop.reading = readOnce(deps, loop, tickMs).finally(() => {
    counts.reading--
    loop.reading = null
  })
}

async function stopLoops(state: RunnerState, waitMs: number): Promise<void> {
  state.stopped = true
  const reading: Promise<void>[] = []
  for (const loop of state.loops.values()) {
    loop.cancel()
    if (loop.reading !== null) reading.push(loop.reading)
  }
  const timeout = Promise.withResolvers<void>()
  const cancel = state.deps.time.setTimer(waitMs, timeout.resolve)
  await Promise.race([Promise.all(reading), timeout.promise])
  cancel()
  for (const loop of state.loops.values()) {
    loop.stopped = true
    loop.section.source.close?.(loop.memory)
  }
}

const targetId = (section: RunSection, target: Target) => `${section.source.name} ${target.address}`

type ReadResult = Pick<TargetRead, 'tickMs' | 'durationMs' | 'bytes' | 'interpretation'>

/** Reads and reports once, within the time limit; settles when the source itself has ended. */
async function readOnce(deps: RunnerDeps, loop: Loop, tickMs: number): Promise<void> {
  const { time, io } = deps
  const { source, options, timeoutMs } = loop.section
  const meter = { bytes: 0 }
  const startedMs = time.monotonicMs()
  let reported = false
  const finish = (interpretation: Interpretation) => {
    if (reported) return
    reported = true
    cancel()
    const durationMs = time.monotonicMs() - startedMs
    report(deps, loop, { tickMs, durationMs, bytes: meter.bytes, interpretation })
  }
  const cancel = time.setTimer(timeoutMs + GRACE_MS, () =>
    finish(failedRead(loop, 'timeout', `no answer within ${timeoutMs} ms`)),
  )
  try {
    const { target, memory } = loop
    const context = { io: meteredIo(io, meter), target, nowMs: tickMs, timeoutMs, memory }
    finish(await source.read({ ...context, config: options }))
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    finish(failedRead(loop, 'source_defect', `the source failed in itself: ${why}`))
  }
}

function report({ clock, onRead }: RunnerDeps, loop: Loop, result: ReadResult): void {
  if (loop.stopped) return
  const { id, target, section } = loop
  const { source, intervalMs } = section
  onRead({ id, source: source.name, target, intervalMs, atMs: clock.now(), ...result })
}

const failedRead = (loop: Loop, reason: string, detail: string): Interpretation =>
  unread(loop.section.source.name, { reason, detail })
