import type { Page } from 'playwright-core'
import { expect } from 'vitest'

/** TEST ONLY. What can be checked of a page's accessibility without another library. */

/** What every page must have, whoever looks at it with whatever. */
export async function expectAccessible(page: Page): Promise<void> {
  const found = await page.evaluate(() => {
    const named = (element: Element) =>
      (element.getAttribute('aria-label') ?? element.textContent ?? '').trim() !== '' ||
      element.getAttribute('aria-labelledby') !== null
    const labelled = (element: Element) =>
      element.closest('label') !== null ||
      element.hasAttribute('aria-label') ||
      (element.id !== '' && document.querySelector(`label[for="${element.id}"]`) !== null)
    const outer = (elements: Element[]) =>
      elements.map((element) => element.outerHTML.slice(0, 120))
    const ids = [...document.querySelectorAll('[id]')].map((element) => element.id)
    return {
      unnamed: outer(
        [...document.querySelectorAll('a, button, [role=slider], [role=img]')].filter(
          (element) => !named(element),
        ),
      ),
      unlabelled: outer(
        [...document.querySelectorAll('input, select, textarea')].filter(
          (element) => !labelled(element),
        ),
      ),
      tablesWithoutCaption: outer([...document.querySelectorAll('table:not(:has(caption))')]),
      headersWithoutScope: outer([...document.querySelectorAll('th:not([scope])')]),
      twiceUsedIds: ids.filter((id, at) => ids.indexOf(id) !== at),
      firstHeadings: document.querySelectorAll('h1').length,
      language: document.documentElement.lang,
      mains: document.querySelectorAll('main').length,
    }
  })
  expect(found).toEqual({
    unnamed: [],
    unlabelled: [],
    tablesWithoutCaption: [],
    headersWithoutScope: [],
    twiceUsedIds: [],
    firstHeadings: 1,
    language: found.language,
    mains: 1,
  })
  expect(found.language).not.toBe('')
}

/** Contrast of every visible text against what is painted behind it, as WCAG counts it. */
export async function lowContrast(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true })
    if (canvas === null) throw new Error('no canvas')
    const rgb = (css: string): [number, number, number, number] => {
      canvas.clearRect(0, 0, 1, 1)
      canvas.fillStyle = css
      canvas.fillRect(0, 0, 1, 1)
      const [r = 0, g = 0, b = 0, a = 0] = canvas.getImageData(0, 0, 1, 1).data
      return [r, g, b, a / 255]
    }
    const light = ([r, g, b]: readonly number[]) => {
      const channel = (value = 0) => {
        const part = value / 255
        return part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
      }
      return 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b)
    }
    const behind = (element: Element | null): readonly number[] => {
      if (element === null) return [255, 255, 255]
      const colour = rgb(getComputedStyle(element).backgroundColor)
      return colour[3] > 0.9 ? colour : behind(element.parentElement)
    }
    const bad = new Set<string>()
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
    for (let node = texts.nextNode(); node !== null; node = texts.nextNode()) {
      const element = node.parentElement
      const text = node.textContent?.trim() ?? ''
      if (
        element === null ||
        text === '' ||
        element.closest('script, noscript, .visually-hidden, :disabled, .missing, svg')
      )
        continue
      const style = getComputedStyle(element)
      if (!element.checkVisibility() || Number(style.opacity) < 0.7) continue
      const [a, b] = [light(rgb(style.color)), light(behind(element))]
      const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)
      const large = Number.parseFloat(style.fontSize) >= 24
      if (ratio < (large ? 3 : 4.5)) bad.add(`${ratio.toFixed(2)} ${text.slice(0, 40)}`)
    }
    return [...bad]
  })
}

/** All of it for one page: names, contrast of AA in both themes, and no sideways scrolling on a phone. */
export async function expectReadable(page: Page): Promise<void> {
  await expectAccessible(page)
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme })
    await page.waitForTimeout(100)
    expect(await lowContrast(page), colorScheme).toEqual([])
  }
  await page.setViewportSize({ width: 360, height: 740 })
  await page.waitForTimeout(200)
  const overflow = await page.evaluate(
    () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
  )
  expect(overflow).toBeLessThanOrEqual(0)
}
