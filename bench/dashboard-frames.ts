/**
 * What the dashboard asks of a browser: `npm run bench -- dashboard-frames [--rounds N] [--json]`. The built dashboard
 * (`npm run build`) against the test stub, in headless Chromium: main-thread work per frame of a chart that holds 100,000
 * points and of the live Fleet page, time until the Fleet page is read and used, page changes, and heap.
 */
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type Browser, chromium, type Page } from 'playwright-core'
import { z } from 'zod'
import { MORE_PAGES, PAGES } from '../dashboard/src/lib/shell/pages.ts'
import { startStub } from '../dashboard/testing/stub-api.ts'
import { heapMb, type Spread, spreadOf, traceFrames } from './frames/trace.ts'

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '7' },
    json: { type: 'boolean', default: false },
  },
})
const ROUNDS = Number(options.rounds)
const FRAME_MS = 1000 / 60
/** A chart holds as many points, in one line or in many. */
const POINTS = 100_000
const LINES = [1, 20] as const
const VIEWPORT = { width: 1280, height: 900 } as const
/** A page without a long task for this long after its figures stand is one that answers. */
const QUIET_MS = 500

// What runs in the page is text: this folder is checked without a browser's types.
const NOTE_LONG_TASKS = `
  globalThis.longEnd = 0
  new PerformanceObserver((list) => {
    for (const { startTime, duration } of list.getEntries()) globalThis.longEnd = startTime + duration
  }).observe({ type: 'longtask', buffered: true })`
/** The chart alone: a window of another width lays out the whole page. */
const NARROW_CHART = `(px) => {
  document.querySelector('.chart').parentElement.style.width = px === 0 ? '' : 'calc(100% - ' + px + 'px)'
}`
/** Milliseconds from a click until the next page has its heading and was painted. */
const CLICK_AND_WAIT = `(href) => new Promise((done, fail) => {
  const startedMs = performance.now()
  const look = () => {
    const tookMs = performance.now() - startedMs
    if (location.pathname === href && document.querySelector('main h1, main h2') !== null)
      requestAnimationFrame(() => done(performance.now() - startedMs))
    else if (tookMs > 20000) fail(new Error(href + ' did not come'))
    else requestAnimationFrame(look)
  }
  document.querySelector('nav a[href="' + href + '"]').click()
  requestAnimationFrame(look)
})`

interface Row extends Spread {
  readonly what: string
  readonly n: number
  /** What the issue asks of the p95 of frames, and of the p50 of the others. */
  readonly aim: number | null
}

const build = join(import.meta.dirname, '../dashboard/build')
const server = await startStub({ port: 0, nowMs: Date.now, build, liveEveryMs: 500 })
const address = server.address()
const base = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
const executablePath = process.env['CHROMIUM'] ?? '/usr/bin/chromium'
const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] })
try {
  const rows = [
    ...(await chartWork(browser, LINES[0])),
    ...(await chartWork(browser, LINES[1])),
    ...(await liveWork(browser)),
    await interactive(browser),
    ...(await pageChanges(browser)),
  ]
  if (options.json) console.log(JSON.stringify(rows))
  else console.table(rows)
} finally {
  await browser.close()
  server.closeAllConnections()
  server.close()
}

/** Cursor over a chart of 100,000 points in so many lines, the chart at another width, and the page at another width. */
async function chartWork(browser: Browser, lines: number): Promise<Row[]> {
  const page = await browser.newPage({ viewport: VIEWPORT })
  await page.route(
    (url) => url.pathname === '/api/v1/explore/series',
    async (route) => {
      const answer = await route.fetch()
      await route.fulfill({ response: answer, json: longAnswer(await answer.json(), lines) })
    },
  )
  const by = lines === 1 ? '' : '&by=node'
  await page.goto(`${base}/explore?metric=device.temperature_celsius${by}`)
  const chart = page.locator('.chart').first()
  await chart.locator('canvas').waitFor()
  await page.waitForTimeout(1_000)
  const box = await chart.boundingBox()
  if (box === null) throw new Error('no chart')
  const y = box.y + box.height / 2
  const sweep = async (from: number, to: number) => {
    for (let step = 0; step <= 60; step += 1) {
      await page.mouse.move(box.x + box.width * (from + ((to - from) * step) / 60), y)
      await page.waitForTimeout(FRAME_MS)
    }
  }
  const cursor = await traceFrames(browser, page, async () => {
    for (let turn = 0; turn < 4; turn += 1) await sweep(turn % 2 === 0 ? 0.1 : 0.9, 0.5)
  })
  // Another width decimates and draws all of it again, as do a zoom and new data.
  const redrawn = (narrow: (px: number) => Promise<void>) =>
    traceFrames(browser, page, async () => {
      for (let step = 0; step < 40; step += 1) {
        await narrow((step % 2) * 16)
        await page.waitForTimeout(100)
      }
    })
  const redraw = await redrawn((px) => page.evaluate(`(${NARROW_CHART})(${px})`))
  const resize = await redrawn((px) =>
    page.setViewportSize({ width: VIEWPORT.width - px, height: VIEWPORT.height }),
  )
  await page.close()
  const name = `${lines} x ${(POINTS / lines).toLocaleString('en')} points`
  return [
    { what: `${name}: cursor, CPU ms a frame`, n: cursor.frames, ...cursor.cpu, aim: 16 },
    { what: `${name}: cursor, wall ms a frame`, n: cursor.frames, ...cursor.wall, aim: 16 },
    { what: `${name}: drawn again, CPU ms a frame`, n: redraw.frames, ...redraw.cpu, aim: 16 },
    { what: `${name}: drawn again, wall ms a frame`, n: redraw.frames, ...redraw.wall, aim: 16 },
    { what: `${name}: window resized, CPU ms a frame`, n: resize.frames, ...resize.cpu, aim: null },
  ]
}

/** The stub's answer with as many points as a chart may have to hold. */
function longAnswer(answer: unknown, lines: number): unknown {
  const points = POINTS / lines
  const shape = z.looseObject({ step_ms: z.number(), groups: z.array(z.looseObject({})).min(1) })
  const { groups, ...rest } = shape.parse(answer)
  const span = 86_400_000
  const at = (line: number, point: number) =>
    60 + line + 8 * Math.sin(point / (40 + line)) + ((point * 7919) % 13) / 4
  const long = groups.slice(0, lines).map((group, line) => ({
    ...group,
    values: Array.from({ length: points }, (_, point) => at(line, point)),
    coverage: Array.from({ length: points }, () => 1),
  }))
  return { ...rest, step_ms: Math.floor(span / points), groups: long }
}

/** The Fleet page as it stands open all day, at four times the pace of its messages. */
async function liveWork(browser: Browser): Promise<Row[]> {
  const page = await browser.newPage({ viewport: VIEWPORT })
  await openFleet(page)
  await page.waitForTimeout(2_000)
  const before = await heapMb(page)
  const live = await traceFrames(browser, page, () => page.waitForTimeout(15_000))
  const after = await heapMb(page)
  await page.close()
  return [
    { what: 'Fleet live, CPU ms a frame', n: live.frames, ...live.cpu, aim: 16 },
    { what: 'Fleet heap before, MB', n: 1, ...spreadOf([before]), aim: null },
    { what: 'Fleet heap after 15 s of messages, MB', n: 1, ...spreadOf([after]), aim: null },
  ]
}

async function openFleet(page: Page): Promise<void> {
  await page.goto(`${base}/`)
  await page.getByRole('region', { name: /Fleet busy/ }).waitFor()
}

/** From the start of the navigation, with nothing cached, until the figures stand and no long task follows. */
async function interactive(browser: Browser): Promise<Row> {
  const took: number[] = []
  for (let round = 0; round < ROUNDS; round += 1) {
    const context = await browser.newContext({ viewport: VIEWPORT })
    const page = await context.newPage()
    await page.addInitScript({ content: NOTE_LONG_TASKS })
    await openFleet(page)
    const figuresMs = await page.evaluate(() => performance.now())
    await page.waitForTimeout(QUIET_MS)
    const longMs = await page.evaluate<number>('globalThis.longEnd')
    took.push(Math.max(figuresMs, longMs))
    await context.close()
  }
  return {
    what: 'Fleet interactive, nothing cached, ms',
    n: took.length,
    ...spreadOf(took),
    aim: 1_000,
  }
}

/** By the header's links, from click to the heading of the next page; the first visit of each and the next ones. */
async function pageChanges(browser: Browser): Promise<Row[]> {
  const page = await browser.newPage({ viewport: VIEWPORT })
  await openFleet(page)
  // As a person would: nobody clicks in the first seconds, in which the header loads its pages' scripts.
  await page.waitForTimeout(6_000)
  const first: number[] = []
  const later: number[] = []
  for (let round = 0; round < 3; round += 1)
    for (const { href } of [...PAGES.slice(1), ...MORE_PAGES, ...PAGES.slice(0, 1)]) {
      if (href.startsWith('/kiosk')) continue
      const tookMs = await page.evaluate<number>(`(${CLICK_AND_WAIT})(${JSON.stringify(href)})`)
      ;(round === 0 ? first : later).push(tookMs)
      await page.waitForTimeout(300)
    }
  await page.close()
  return [
    { what: 'page change, first visit, ms', n: first.length, ...spreadOf(first), aim: 200 },
    { what: 'page change, later visits, ms', n: later.length, ...spreadOf(later), aim: 200 },
  ]
}
