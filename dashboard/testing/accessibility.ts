import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type axe from 'axe-core'
import type { Page } from 'playwright-core'
import { expect } from 'vitest'

/** TEST ONLY. What a page owes whoever looks at it with whatever: axe-core's findings, and what axe does not look at. */

const axeSource = readFileSync(
  createRequire(import.meta.url).resolve('axe-core/axe.min.js'),
  'utf8',
)

/** What axe does not check, or only as a best practice. */
async function expectStructure(page: Page): Promise<void> {
  const found = await page.evaluate(() => {
    const outer = (selector: string) =>
      [...document.querySelectorAll(selector)].map((element) => element.outerHTML.slice(0, 120))
    const ids = [...document.querySelectorAll('[id]')].map((element) => element.id)
    return {
      tablesWithoutCaption: outer('table:not(:has(caption))'),
      headersWithoutScope: outer('th:not([scope])'),
      twiceUsedIds: ids.filter((id, at) => ids.indexOf(id) !== at),
      firstHeadings: document.querySelectorAll('h1').length,
      mains: document.querySelectorAll('main').length,
    }
  })
  expect(found).toEqual({
    tablesWithoutCaption: [],
    headersWithoutScope: [],
    twiceUsedIds: [],
    firstHeadings: 1,
    mains: 1,
  })
}

/** Rows of a long table from the 13th on look like those before them. */
const LIKE_OTHERS = 'tbody tr:nth-child(n + 13)'

/** What axe finds serious or critical, a line for each element. `rules` = only these. Leaves axe in the page. */
async function axeFindings(page: Page, rules?: readonly string[]): Promise<string[]> {
  if (!(await page.evaluate(() => 'axe' in globalThis))) await page.evaluate(axeSource)
  return page.evaluate(
    async ({ only, exclude }) => {
      const run: typeof axe.run = Reflect.get(globalThis, 'axe').run
      const { violations } = await run(
        { exclude: [exclude] },
        {
          resultTypes: ['violations'],
          ...(only === undefined ? {} : { runOnly: { type: 'rule', values: [...only] } }),
        },
      )
      return violations
        .filter(({ impact }) => impact === 'serious' || impact === 'critical')
        .flatMap(({ id, nodes }) =>
          nodes.map(({ target, html, any }) => {
            const why = any[0]?.message ?? ''
            return `${id} ${target.join(' ')} ${html.slice(0, 160)} ${why.slice(0, 200)}`
          }),
        )
    },
    { only: rules, exclude: LIKE_OTHERS },
  )
}

/** Waits until what was changed is painted: two frames, and every transition at its end. */
export async function settled(page: Page): Promise<void> {
  await page.evaluate(async () => {
    const frame = () => new Promise((done) => requestAnimationFrame(done))
    await frame()
    await frame()
    for (const animation of document.getAnimations())
      if (animation instanceof CSSTransition) animation.finish()
    await frame()
  })
}

/** Waits until nothing of the page is on its way any more. */
export async function loaded(page: Page): Promise<void> {
  await page.waitForFunction(
    () =>
      // What is folded away loads when it is opened.
      ![...document.querySelectorAll('.skeleton, .loading, [aria-busy="true"]')].some((element) =>
        element.checkVisibility(),
      ),
  )
}

/**
 * Words of Latin letters that a Chinese page shows, except names.
 * @param names also written so in Chinese
 * @param given texts that people wrote
 */
export async function leftInEnglish(page: Page, names: RegExp, given = /$^/g): Promise<string[]> {
  await loaded(page)
  const text = (await page.locator('main').innerText()).replaceAll(given, '')
  return (text.match(/[A-Za-z]{4,}/g) ?? []).filter((word) => !names.test(word))
}

/** Structure and the width of a phone: what differs between languages. Leaves the page as wide as a phone. */
export async function expectFits(page: Page): Promise<void> {
  await loaded(page)
  await expectStructure(page)
  await page.setViewportSize({ width: 360, height: 740 })
  await settled(page)
  const wide = await page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement
    const scrolls = (element: Element | null): boolean =>
      element !== null &&
      (getComputedStyle(element).overflowX !== 'visible' || scrolls(element.parentElement))
    const beyond = [...document.querySelectorAll('main *')].filter(
      (element) =>
        element.getBoundingClientRect().right > clientWidth + 1 && !scrolls(element.parentElement),
    )
    return scrollWidth <= clientWidth
      ? []
      : [
          `${scrollWidth - clientWidth} px`,
          ...beyond.map(({ outerHTML }) => outerHTML.slice(0, 120)),
        ]
  })
  expect(wide.slice(0, 5), 'wider than a phone').toEqual([])
}

/** All of it for one page: axe in light, contrast again in dark, structure, and no sideways scrolling on a phone. */
export async function expectReadable(page: Page): Promise<void> {
  await loaded(page)
  await settled(page)
  expect(await axeFindings(page), 'light').toEqual([])
  await page.emulateMedia({ colorScheme: 'dark' })
  await settled(page)
  expect(await axeFindings(page, ['color-contrast']), 'dark').toEqual([])
  await expectFits(page)
}
