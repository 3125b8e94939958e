import type { Page } from 'playwright-core'
import { loaded, settled } from './accessibility.ts'
import { decodePng, type Picture } from './png.ts'
import { type Box, TILE_PX, tilesOf } from './tiles.ts'

/** TEST ONLY. A page of the dashboard as tiles, panel by panel. */

export const THEMES = ['light', 'dark'] as const
export type Theme = (typeof THEMES)[number]

/** A panel of the page, or a part of it that holds none, such as the header. */
export interface Section {
  /** Its heading, or what element it is. */
  readonly name: string
  readonly tiles: Picture
}

export interface Shot {
  readonly sections: readonly Section[]
  /** PNG of all of them. */
  readonly screen: Buffer
}

/** Of a panel longer than this (a table, whose rows look like those before them) the beginning. */
const LONGEST_PX = 60 * TILE_PX

/** Takes the page in a theme as soon as nothing is on its way. */
export async function takeShot(page: Page, theme: Theme): Promise<Shot> {
  await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' })
  await page.locator('main h1').first().waitFor()
  await loaded(page)
  await page.evaluate(() => document.fonts.ready.then(() => true))
  await settled(page)
  const boxes = await sectionBoxes(page)
  const bottom = Math.max(...boxes.map(({ box }) => box.y + box.height))
  const width = Math.max(...boxes.map(({ box }) => box.x + box.width))
  const screen = await captured(page, width, bottom)
  const picture = decodePng(screen)
  return {
    screen,
    sections: boxes.map(({ name, box }) => ({ name, tiles: tilesOf(picture, box) })),
  }
}

/** The page from its top left, beyond the window too: by DevTools, whose quick PNG takes half the time of Playwright's. */
async function captured(page: Page, width: number, height: number): Promise<Buffer> {
  const devTools = await page.context().newCDPSession(page)
  const { data } = await devTools.send('Page.captureScreenshot', {
    format: 'png',
    optimizeForSpeed: true,
    captureBeyondViewport: true,
    clip: { x: 0, y: 0, width, height, scale: 1 },
  })
  await devTools.detach()
  return Buffer.from(data, 'base64')
}

/** In the order of the document; whole pixels from the top left of the page. */
async function sectionBoxes(page: Page): Promise<{ name: string; box: Box }[]> {
  return page.evaluate(
    ({ least, longest }) => {
      const found: { name: string; box: Box }[] = []
      const nameOf = (element: Element) => {
        const heading = element.querySelector('h1, h2')
        const words = [...(heading?.childNodes ?? [])].map((node) => node.textContent?.trim() ?? '')
        return words.find((word) => word !== '') ?? element.tagName.toLowerCase()
      }
      const walk = (element: Element) => {
        if (!element.matches('.panel') && element.querySelector('.panel') !== null) {
          for (const child of element.children) walk(child)
          return
        }
        const { left, right, top, bottom } = element.getBoundingClientRect()
        const [x, y] = [Math.round(left), Math.round(top + scrollY)]
        const width = Math.round(right) - x
        const height = Math.min(Math.round(bottom + scrollY) - y, longest)
        // What only a screen reader reads is a pixel large, or beside the page.
        if (width < least || height < least || x < 0 || y < 0 || !element.checkVisibility()) return
        found.push({ name: nameOf(element), box: { x, y, width, height } })
      }
      walk(document.body)
      return found
    },
    { least: TILE_PX, longest: LONGEST_PX },
  )
}
