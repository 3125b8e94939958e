import { existsSync } from 'node:fs'
import { createServer, type RequestListener, type Server } from 'node:http'
import { join } from 'node:path'
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect } from 'vitest'
import { stubListener, type StubOptions } from './stub-api.ts'

/**
 * TEST ONLY. The built dashboard against the stub in Chromium. Tests of a file share a page for each look, because a new
 * one costs seconds of CPU time; what they may leave behind (storage, colours, size, the stub's state) is reset in between.
 */

const build = join(import.meta.dirname, '../build')
const executablePath = process.env['CHROMIUM'] ?? '/usr/bin/chromium'
const VIEWPORT = { width: 1280, height: 900 }

export type Look = Parameters<Browser['newContext']>[0] & {
  /** A page that no other test gets: for what cannot be undone, such as a fake clock. */
  readonly own?: boolean
}

export interface Opened {
  readonly page: Page
  readonly base: string
  /** Errors and warnings of the page, and requests to other hosts. */
  readonly complaints: string[]
  /** The server goes away, open connections too. */
  readonly stopServer: () => Promise<void>
}

export type Open = (path: string, options?: Partial<StubOptions>, look?: Look) => Promise<Opened>

/** Starts Chromium before the file's tests and stops everything after them. */
export function useBrowser(): Open {
  let browser: Browser
  const stub = swappableStub()
  const seats = new Map<string, Seat>()
  beforeAll(async () => {
    expect(existsSync(join(build, 'index.html')), 'run `npm run build` first').toBe(true)
    const args = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-background-networking']
    browser = await chromium.launch({ executablePath, args })
  })
  afterAll(async () => {
    await browser?.close()
    await stub.stop()
  })
  afterEach(async ({ task }) => {
    const failed = task.result?.state === 'fail'
    for (const [key, seat] of seats)
      if (failed || seat.own) {
        seats.delete(key)
        await seat.context.close()
      } else await leave(seat)
  })
  return async (path, options = {}, { own = false, viewport = VIEWPORT, ...look } = {}) => {
    const base = await stub.answerWith({ nowMs: Date.now, build, ...options })
    const key = own ? `own ${seats.size}` : JSON.stringify(look)
    const seat = seats.get(key) ?? (await sit(browser, look, own))
    seats.set(key, seat)
    seat.base = base
    const complaints: string[] = []
    seat.complaints = complaints
    if (viewport !== null) await seat.page.setViewportSize(viewport)
    await seat.page.goto(base + path)
    return { page: seat.page, base, complaints, stopServer: stub.stop }
  }
}

/** A page with what listens to it. */
interface Seat {
  readonly context: BrowserContext
  readonly page: Page
  readonly own: boolean
  base: string
  complaints: string[]
}

async function sit(browser: Browser, look: Look, own: boolean): Promise<Seat> {
  const context = await browser.newContext({ locale: 'en-GB', ...look })
  const page = await context.newPage()
  const seat: Seat = { context, page, own, base: '', complaints: [] }
  page.on('pageerror', (error) => seat.complaints.push(error.message))
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) seat.complaints.push(message.text())
  })
  page.on('request', (request) => {
    if (!request.url().startsWith(seat.base) && !request.url().startsWith('about:'))
      seat.complaints.push(`other host: ${request.url()}`)
  })
  return seat
}

/** What a test may have left in the page is gone, and nothing of it runs on. */
async function leave({ context, page }: Seat): Promise<void> {
  const inStorage = () => (localStorage.clear(), sessionStorage.clear())
  if (!page.url().startsWith('about:')) await page.evaluate(inStorage)
  await page.goto('about:blank')
  await page.emulateMedia({ colorScheme: 'light', media: null, reducedMotion: null })
  await page.mouse.move(0, 0)
  await context.clearCookies()
  await context.clearPermissions()
}

/** One address whose answers are changed between tests, so that the browser keeps the scripts it has. */
function swappableStub() {
  let answer: RequestListener = (_request, response) => response.writeHead(404).end()
  let server: Server | null = null
  let base = ''
  return {
    /** From now on these options answer, with a new state. @returns the address, without a slash at its end */
    answerWith: async (options: StubOptions) => {
      answer = stubListener(options)
      if (server !== null) return base
      const started = createServer((request, response) => answer(request, response))
      await new Promise<void>((done) => started.listen(0, '127.0.0.1', done))
      const address = started.address()
      server = started
      base = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
      return base
    },
    stop: async () => {
      const stopped = server
      server = null
      stopped?.closeAllConnections()
      await new Promise<void>((done) => (stopped === null ? done() : stopped.close(() => done())))
    },
  }
}

/** Goes to a page by the header, whose list holds those of less frequent use. */
export async function goTo(page: Page, name: string): Promise<void> {
  const nav = page.getByRole('navigation', { name: 'Main' })
  const link = nav.getByRole('link', { name, exact: true })
  if (!(await link.isVisible())) await nav.locator('summary').click()
  await link.click()
}
