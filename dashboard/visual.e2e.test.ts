import type { Page } from 'playwright-core'
import { expect, it } from 'vitest'
import { settled } from './testing/accessibility.ts'
import { useBrowser } from './testing/browser.ts'
import { type Shot, takeShot, type Theme, THEMES } from './testing/snapshot-page.ts'
import { compared, storedSections, storeSections, writePictures } from './testing/snapshots.ts'

/** How the main pages look, against the pictures in dashboard/snapshots; `npm run snapshots` writes these anew. */

const open = useBrowser()
const NOW_MS = Date.UTC(2026, 4, 13, 8, 2, 30)
const isWriting = process.env['PLIMSOLL_SNAPSHOTS'] === 'write'

/** The same data at the same time, whatever the machine's clock and zone say. */
async function openAt(path: string): Promise<Page> {
  const stub = { nowMs: () => NOW_MS, liveEveryMs: 3_600_000 }
  const { page, base } = await open('/favicon.svg', stub, { timezoneId: 'Asia/Shanghai' })
  await page.clock.setFixedTime(NOW_MS)
  await page.goto(base + path)
  return page
}

const linesOf = (name: string, theme: Theme, shot: Shot) =>
  compared(storedSections(name, theme), shot.sections).lines

/** Figures come in one after the other: what differs is looked at again for a while. */
async function shotAsStored(page: Page, name: string, theme: Theme): Promise<void> {
  const untilMs = performance.now() + 5_000
  let shot = await takeShot(page, theme)
  let lines = linesOf(name, theme, shot)
  while (lines.length > 0 && performance.now() < untilMs) {
    shot = await takeShot(page, theme)
    lines = linesOf(name, theme, shot)
  }
  if (lines.length === 0) return
  const folder = writePictures({ name, theme }, shot)
  expect.fail([`${name} in ${theme} looks different (pictures in ${folder}):`, ...lines].join('\n'))
}

/** Two alike, one after the other: nothing moves any more. */
async function shotAtRest(page: Page, theme: Theme): Promise<Shot> {
  let [before, shot] = [await takeShot(page, theme), await takeShot(page, theme)]
  while (!before.screen.equals(shot.screen)) [before, shot] = [shot, await takeShot(page, theme)]
  return shot
}

it.each([
  ['fleet', '/'],
  ['wall', '/wall'],
  ['loss', '/loss'],
  ['thermal', '/thermal'],
  ['energy', '/energy'],
  ['devices', '/devices'],
  ['alerts', '/alerts'],
])('%s looks as stored, in both themes', async (name, path) => {
  const page = await openAt(path)
  if (isWriting) {
    const [light, dark] = [await shotAtRest(page, 'light'), await shotAtRest(page, 'dark')]
    storeSections(name, { light, dark })
  }
  for (const theme of THEMES) await shotAsStored(page, name, theme)
})

/** What differs on the Fleet page with a style of its own. */
async function linesWith(page: Page, css: string): Promise<readonly string[]> {
  const style = await page.addStyleTag({ content: css })
  // Charts read colours when the theme changes, which a page learns once a frame.
  await page.emulateMedia({ colorScheme: 'dark' })
  await settled(page)
  const lines = linesOf('fleet', 'light', await takeShot(page, 'light'))
  await style.evaluate((element) => element.parentNode?.removeChild(element))
  return lines
}

it('a section that is gone, a part of one and the colour of a zone are seen; another font is not', async () => {
  const page = await openAt('/')
  await shotAsStored(page, 'fleet', 'light')
  expect(await linesWith(page, '.panel.trend { display: none }')).toEqual([
    'the page has 7 sections instead of 8; lacking: "Utilization over time"; new: none',
  ])
  expect(await linesWith(page, '.trend .chart { visibility: hidden }')).toContainEqual(
    expect.stringMatching(/^"Utilization over time" .*tiles differ/),
  )
  const green = ':root { --zone-danger: var(--zone-ok) !important }'
  expect(await linesWith(page, green)).toContainEqual(
    expect.stringMatching(/^"Utilization over time" .*\d\d tiles that touch differ, from \d+ px/),
  )
  expect(await linesWith(page, 'html { font-family: serif !important }')).toEqual([])
})
