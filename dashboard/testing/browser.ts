import { existsSync } from 'node:fs'
import type { Server } from 'node:http'
import { join } from 'node:path'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect } from 'vitest'
import { startStub, type StubOptions } from './stub-api.ts'

/** TEST ONLY. The built dashboard against the stub in Chromium: one browser a file, a server and a context a page. */

const build = join(import.meta.dirname, '../build')
const executablePath = process.env['CHROMIUM'] ?? '/usr/bin/chromium'

export interface Opened {
  readonly page: Page
  readonly base: string
  /** Errors and warnings of the page, and requests to other hosts. */
  readonly complaints: string[]
  readonly server: Server
}

export type Open = (
  path: string,
  options?: Partial<StubOptions>,
  look?: Parameters<Browser['newContext']>[0],
) => Promise<Opened>

/** Starts Chromium before the file's tests and stops everything after them. */
export function useBrowser(): Open {
  let browser: Browser
  beforeAll(async () => {
    expect(existsSync(join(build, 'index.html')), 'run `npm run build` first').toBe(true)
    const args = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-background-networking']
    browser = await chromium.launch({ executablePath, args })
  })
  afterAll(() => browser?.close())
  const closers: (() => Promise<unknown>)[] = []
  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close()
  })
  return async (path, options = {}, look = {}) => {
    const server = await startStub({ port: 0, nowMs: Date.now, build, ...options })
    closers.push(
      () =>
        new Promise((done) => {
          server.closeAllConnections()
          server.close(done)
        }),
    )
    const address = server.address()
    const base = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
    const viewport = { width: 1280, height: 900 }
    const context = await browser.newContext({ viewport, locale: 'en-GB', ...look })
    closers.push(() => context.close())
    const page = await context.newPage()
    const complaints: string[] = []
    page.on('pageerror', (error) => complaints.push(error.message))
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) complaints.push(message.text())
    })
    page.on('request', (request) => {
      if (!request.url().startsWith(base)) complaints.push(`other host: ${request.url()}`)
    })
    await page.goto(base + path)
    return { page, base, complaints, server }
  }
}

/** Goes to a page by the header, whose list holds those of less frequent use. */
export async function goTo(page: Page, name: string): Promise<void> {
  const nav = page.getByRole('navigation', { name: 'Main' })
  const link = nav.getByRole('link', { name, exact: true })
  if (!(await link.isVisible())) await nav.locator('summary').click()
  await link.click()
}
