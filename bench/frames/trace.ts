import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'

/** Main-thread work of a page, as Chromium's own trace has it. */

const FRAME_MS = 1000 / 60

interface TraceEvent {
  readonly name: string
  readonly ph: string
  readonly ts: number
  readonly dur?: number
  /** CPU time of the thread: what to compare on a machine that does other work. */
  readonly tdur?: number
  readonly pid: number
  readonly tid: number
  readonly args?: { readonly name?: string }
}

/** Milliseconds at the quantiles. */
export interface Spread {
  readonly p50: number
  readonly p95: number
  readonly max: number
}

/** Work of the frames in which something was drawn. `cpu` is 0 where the platform does not tell a thread's time. */
export interface FrameWork {
  readonly frames: number
  readonly wall: Spread
  readonly cpu: Spread
}

/** Traces the page while it is used. */
export async function traceFrames(
  browser: Browser,
  page: Page,
  use: () => Promise<void>,
): Promise<FrameWork> {
  const folder = await mkdtemp(join(tmpdir(), 'plimsoll-trace-'))
  try {
    const path = join(folder, 'trace.json')
    const categories = ['devtools.timeline', 'toplevel', '__metadata']
    await browser.startTracing(page, { path, categories })
    await use()
    await browser.stopTracing()
    return frameWork(readFileSync(path, 'utf8'))
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Objects and array buffers of the page after a collection, MB. */
export async function heapMb(page: Page): Promise<number> {
  const session = await page.context().newCDPSession(page)
  await session.send('HeapProfiler.collectGarbage')
  const { usedSize, backingStorageSize } = await session.send('Runtime.getHeapUsage')
  await session.detach()
  return Math.round((usedSize + backingStorageSize) / 1e5) / 10
}

function frameWork(text: string): FrameWork {
  const { traceEvents: events }: { traceEvents: TraceEvent[] } = JSON.parse(text)
  const threads = events.filter(
    ({ name, args }) => name === 'thread_name' && args?.name === 'CrRendererMain',
  )
  // Chromium keeps a spare renderer: the page is the one that did most.
  const works = threads.map(({ pid, tid }) =>
    workOf(events.filter((one) => one.pid === pid && one.tid === tid && one.ph === 'X')),
  )
  const [most] = works.toSorted((a, b) => b.frames - a.frames)
  if (most === undefined) throw new Error('the trace has no page')
  return most
}

/** Of the events of one main thread. */
function workOf(own: readonly TraceEvent[]): FrameWork {
  const tasks = own
    .filter(({ name }) => name === 'RunTask' || name === 'ThreadControllerImpl::RunTask')
    .toSorted((a, b) => a.ts - b.ts)
  const begin = tasks[0]?.ts ?? 0
  const frameOf = (ts: number) => Math.floor((ts - begin) / 1000 / FRAME_MS)
  const [wall, cpu] = [new Map<number, number>(), new Map<number, number>()]
  for (const { ts, dur = 0, tdur = 0 } of tasks) {
    wall.set(frameOf(ts), (wall.get(frameOf(ts)) ?? 0) + dur / 1000)
    cpu.set(frameOf(ts), (cpu.get(frameOf(ts)) ?? 0) + tdur / 1000)
  }
  // Frames in which something was drawn: those that rest would make any page look fast. A task counts where it begins.
  const drawn = new Set(
    own
      .filter(({ name }) => name === 'FireAnimationFrame' || name === 'Paint')
      .flatMap(({ ts }) => tasks.findLast((task) => task.ts <= ts) ?? [])
      .map(({ ts }) => frameOf(ts)),
  )
  const inFrames = (work: ReadonlyMap<number, number>) =>
    spreadOf([...drawn].map((frame) => work.get(frame) ?? 0))
  return { frames: drawn.size, wall: inFrames(wall), cpu: inFrames(cpu) }
}

/** Quantiles of some durations, ms to two digits. */
export function spreadOf(durations: readonly number[]): Spread {
  const sorted = durations.toSorted((a, b) => a - b)
  const at = (share: number) =>
    Math.round((sorted[Math.floor(sorted.length * share)] ?? 0) * 100) / 100
  return { p50: at(0.5), p95: at(0.95), max: at(0.9999) }
}
