import { expect, it } from 'vitest'
import { MORE_PAGES, PAGES } from './src/lib/shell/pages.ts'
import { en } from './src/lib/i18n/en.ts'
import { goTo, useBrowser } from './testing/browser.ts'

/** The header in a real browser; needs `npm run build` and Chromium (scripts/test.ts sees to both). */

const open = useBrowser()

it('leads to every page, each with one heading, without a reload or a complaint', async () => {
  const { page, complaints } = await open('/')
  await page.evaluate(() => Reflect.set(globalThis, 'same', true))
  const took: number[] = []
  // The kiosk hides the header: it comes last.
  for (const { href, name } of [...PAGES.slice(1), ...MORE_PAGES]) {
    const startedMs = performance.now()
    await goTo(page, en.app.nav[name])
    await page.waitForURL((url) => url.pathname === href)
    await page.locator('main h1, main h2').first().waitFor()
    took.push(performance.now() - startedMs)
  }
  const sorted = took.toSorted((a, b) => a - b)
  console.log(`page change: median ${Math.round(sorted[Math.floor(sorted.length / 2)] ?? 0)} ms`)
  expect(await page.evaluate(() => Reflect.get(globalThis, 'same'))).toBe(true)
  expect(complaints).toEqual([])
})
