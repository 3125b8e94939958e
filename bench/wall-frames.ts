/**
 * Main-thread work of the Wall per frame in headless Chromium: `npm run bench -- wall-frames [--devices N] [--seconds S] [--json]`.
 * The built dashboard (`npm run build`) against the test stub, whose values change every second; the trace covers live
 * deltas, panning and zooming. Work = tasks of the renderer's main thread that lie in a frame, as Chromium's own trace has them.
 */
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { chromium, type Page } from 'playwright-core'
import { startStub } from '../dashboard/testing/stub-api.ts'
import { heapMb, traceFrames } from './frames/trace.ts'

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
  const { frames, wall, cpu } = await traceFrames(browser, page, () => use(page))
  const told = {
    devices,
    seconds,
    frames,
    p50_ms: wall.p50,
    p95_ms: wall.p95,
    max_ms: wall.max,
    cpu_p50_ms: cpu.p50,
    cpu_p95_ms: cpu.p95,
    cpu_max_ms: cpu.max,
    heap_mb: before,
    heap_mb_after: await heapMb(page),
  }
  if (options.json) console.log(JSON.stringify(told))
  else console.table([told])
} finally {
  await browser.close()
  server.closeAllConnections()
  server.close()
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
