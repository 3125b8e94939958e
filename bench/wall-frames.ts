/**
 * Main-thread work of the Wall per frame in headless Chromium: `npm run bench -- wall-frames [--devices N] [--seconds S] [--json]`.
 * The built dashboard (`npm run build`) against the test stub, whose values change every second; the trace covers live
 * deltas, panning and zooming. Work = tasks of the renderer's main thread that lie in a frame, as Chromium's own trace has them.
 */
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { chromium, type Page } from 'playwright-core'
import { startStub } from '../dashboard/testing/stub-api.ts'

const { values: options } = parseArgs({
  options: {
    devices: { type: 'string', default: '50000' },
    seconds: { type: 'string', default: '20' },
    json: { type: 'boolean', default: false },
  },
})
const devices = Number(options.devices)
const seconds = Number(options.seconds)
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

const folder = await mkdtemp(join(tmpdir(), 'plimsoll-wall-'))
const build = join(import.meta.dirname, '../dashboard/build')
const server = await startStub({ port: 0, nowMs: Date.now, build, wall: devices })
const address = server.address()
const base = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
const executablePath = process.env['CHROMIUM'] ?? '/usr/bin/chromium'
const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] })
try {
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 } })
  await page.goto(`${base}/wall`)
  await page.getByRole('application').waitFor()
  await page.waitForTimeout(2_000)
  const before = await heapMb(page)
  const file = join(folder, 'trace.json')
  await browser.startTracing(page, {
    path: file,
    categories: ['devtools.timeline', 'toplevel', '__metadata'],
  })
  await use(page)
  await browser.stopTracing()
  const told = {
    devices,
    seconds,
    ...frameWork(readFileSync(file, 'utf8')),
    heap_mb: before,
    heap_mb_after: await heapMb(page),
  }
  if (options.json) console.log(JSON.stringify(told))
  else console.table([told])
} finally {
  await browser.close()
  server.closeAllConnections()
  server.close()
  await rm(folder, { recursive: true, force: true })
}

/** Pans, zooms and rests in turn, so that deltas come in each. */
async function use(page: Page): Promise<void> {
  const box = await page.getByRole('application').boundingBox()
  const [x, y] = [(box?.x ?? 0) + 500, (box?.y ?? 0) + 250]
  const endMs = Date.now() + seconds * 1000
  while (Date.now() < endMs) {
    await page.mouse.move(x, y)
    for (let step = 0; step < 3; step += 1) await wheel(page, -100)
    await page.mouse.down()
    for (let step = 0; step < 30; step += 1) {
      await page.mouse.move(x - step * 8, y - step * 5)
      await page.waitForTimeout(FRAME_MS)
    }
    await page.mouse.up()
    for (let step = 0; step < 3; step += 1) await wheel(page, 100)
    for (let step = 0; step < 30; step += 1) {
      await page.mouse.move(x + step * 6, y + step * 3)
      await page.waitForTimeout(FRAME_MS)
    }
    await page.waitForTimeout(1_000)
  }
}

async function wheel(page: Page, delta: number): Promise<void> {
  await page.mouse.wheel(0, delta)
  await page.waitForTimeout(120)
}

/** Objects and array buffers of the page, after a collection. */
async function heapMb(page: Page): Promise<number> {
  const session = await page.context().newCDPSession(page)
  await session.send('HeapProfiler.collectGarbage')
  const { usedSize, backingStorageSize } = await session.send('Runtime.getHeapUsage')
  await session.detach()
  return Math.round((usedSize + backingStorageSize) / 1e5) / 10
}

function frameWork(text: string) {
  const { traceEvents: events }: { traceEvents: TraceEvent[] } = JSON.parse(text)
  const main = events.find(
    ({ name, args }) => name === 'thread_name' && args?.name === 'CrRendererMain',
  )
  const own = events.filter(
    ({ pid, tid, ph }) => pid === main?.pid && tid === main.tid && ph === 'X',
  )
  const tasks = own.filter(
    ({ name }) => name === 'RunTask' || name === 'ThreadControllerImpl::RunTask',
  )
  const begin = Math.min(...tasks.map(({ ts }) => ts))
  const frameOf = (ts: number) => Math.floor((ts - begin) / 1000 / FRAME_MS)
  const [wall, cpu] = [new Map<number, number>(), new Map<number, number>()]
  for (const { ts, dur = 0, tdur = 0 } of tasks) {
    wall.set(frameOf(ts), (wall.get(frameOf(ts)) ?? 0) + dur / 1000)
    cpu.set(frameOf(ts), (cpu.get(frameOf(ts)) ?? 0) + tdur / 1000)
  }
  // Frames in which something was drawn: those that rest would make any page look fast.
  const drawn = new Set(
    own
      .filter(({ name }) => name === 'FireAnimationFrame' || name === 'Paint')
      .map(({ ts }) => frameOf(ts)),
  )
  return {
    frames: drawn.size,
    ...quantiles('', wall, drawn),
    // Where the platform does not tell the thread's time these are 0.
    ...quantiles('cpu_', cpu, drawn),
  }
}

function quantiles(name: string, work: ReadonlyMap<number, number>, frames: ReadonlySet<number>) {
  const sorted = [...frames].map((frame) => work.get(frame) ?? 0).toSorted((a, b) => a - b)
  const at = (share: number) =>
    Math.round((sorted[Math.floor(sorted.length * share)] ?? 0) * 100) / 100
  return { [`${name}p50_ms`]: at(0.5), [`${name}p95_ms`]: at(0.95), [`${name}max_ms`]: at(0.9999) }
}
