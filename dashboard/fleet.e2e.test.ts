import { describe, expect, it } from 'vitest'
import { expectFits, expectReadable, loaded } from './testing/accessibility.ts'
import { useBrowser } from './testing/browser.ts'
import { held, heldText } from './testing/heap.ts'

/** The Fleet page beyond what dashboard.e2e.test.ts says of it: what is told of now, and what moves on the screen. */

const open = useBrowser()
const plain = (text: string) => text.replaceAll('\u202f', ' ')

it.each([
  ['en-GB', 'Where the time goes', 'Jobs went quiet'],
  ['zh-CN', '时间去向', '作业停滞'],
])(
  'reads well in %s with everything open, in both themes and on a phone',
  async (locale, ...texts) => {
    const { page, complaints } = await open('/?detail=1&by=tenant', {}, { locale })
    for (const text of texts) await page.getByText(text).first().waitFor()
    await page.getByText('H100').first().waitFor()
    await (locale === 'zh-CN' ? expectFits : expectReadable)(page)
    expect(complaints).toEqual([])
  },
)

describe('above the fold', () => {
  it('stand five things: busy against the target, reporting, loss, next crossing, pages', async () => {
    const { page } = await open('/', {}, { viewport: { width: 1280, height: 800 } })
    await page.getByText('about').waitFor()
    const facts = page.getByLabel('Reporting, loss, next crossing, pages')
    const text = plain(await facts.innerText())
    expect(text).toContain('2,021 of 2,048')
    expect(text).toMatch(
      /Loss now\s+\$[\d,.]+\/h\s+(against the 75 % target|ahead of target), assumed/,
    )
    expect(text).toMatch(
      /60 % line\s+about \d\d:\d\d\s+80 % sure: \d\d:\d\d to \d\d:\d\d\s+if job 48213 ends/,
    )
    expect(text).toMatch(/Open pages\s+1\s+\[PAGE\] Fleet busy 58.4 %/)
    expect(plain(await page.locator('.now').innerText())).toMatch(
      /\d\.\d points (short|ahead) of the 75 % target/,
    )
    const box = await facts.boundingBox()
    expect((box?.y ?? 0) + (box?.height ?? 0)).toBeLessThanOrEqual(800)
  })

  it('says how much the forecast has learned while that is little', async () => {
    const { page } = await open('/', { forecast: 'learning' })
    await page.getByText('learning: 3 of 28 days').waitFor()
    await page.getByText('none expected in 24 h').waitFor()
  })
})

it('the ledger ends at the number on top, and its printed parts sum to 100 %', async () => {
  const { page } = await open('/')
  const ledger = page.getByRole('region', { name: /Where the time goes/ })
  await ledger.getByRole('listitem').first().waitFor()
  const parts = await ledger.getByRole('listitem').allInnerTexts()
  const percents = parts.map((text) =>
    Math.round(Number(/([\d.]+)\s*%/.exec(plain(text))?.[1]) * 10),
  )
  const sum = (values: number[]) => values.reduce((all, value) => all + value, 0)
  const top = plain(await page.locator('.now .big').innerText())
  expect(parts).toHaveLength(10)
  expect(`${(sum(percents.slice(0, 3)) / 10).toFixed(1)}%`).toBe(top)
  expect(sum(percents.slice(0, 8))).toBe(1000)
  const [drawn, marked] = await ledger.locator('.scale').evaluate((scale) => {
    const box = (selector: string) => scale.querySelector(selector)?.getBoundingClientRect()
    return [box('rect.busy_throttled')?.right ?? 0, box('.mark')?.left ?? 0]
  })
  expect(Math.abs((drawn ?? 0) - (marked ?? 0))).toBeLessThan(1)
})

it('other measures, the earlier time and groups live in the address', async () => {
  const { page } = await open('/')
  await page.getByRole('button', { name: 'More measures' }).click()
  await page.getByText(/H100-equivalents busy/).waitFor()
  await page.getByRole('link', { name: 'yesterday, same hour' }).click()
  await page.getByRole('link', { name: 'Tenant' }).click()
  await page
    .getByRole('row', { name: /llm-pretrain.*%/ })
    .first()
    .waitFor()
  expect(page.url()).toMatch(/detail=1&vs=1d&by=tenant/)
  const changed = page.getByRole('table', { name: /^What changed/ })
  await changed.waitFor()
  const points = await changed.locator('td.points').allInnerTexts()
  const tenths = points.map((text) => Math.round(Number(text.replace('−', '-')) * 10))
  const all = tenths.pop()
  expect(tenths.reduce((sum, one) => sum + one, 0)).toBe(all)
  expect(await changed.getByRole('link', { name: '48213' }).getAttribute('href')).toBe(
    '/devices?job=48213&tenant=videogen-7',
  )
  const saved = page.waitForEvent('download')
  await page.getByRole('button', { name: 'Save as CSV: What changed' }).click()
  expect((await saved).suggestedFilename()).toMatch(/^plimsoll-fleet-changed-.*\.csv$/)
})

it('what fails says so where it would stand, and the rest stays', async () => {
  const broken = new Set(['ledger', 'loss', 'explain'])
  const { page } = await open('/', { broken })
  const ledger = page.getByRole('region', { name: 'Where the time goes' })
  await ledger.getByText('E_STORE_AWAY').waitFor()
  await page.getByRole('region', { name: 'What changed' }).getByText('E_STORE_AWAY').waitFor()
  expect(await page.getByTitle('the loss could not be loaded').count()).toBe(1)
  // Without the ledger the number is the live one, and says what it is.
  await page.locator('.now').getByText('provisional').waitFor()
  broken.clear()
  await ledger.getByRole('button', { name: 'Try again' }).click()
  await ledger.getByRole('listitem').first().waitFor()
  await page.locator('.now').getByText('settled').waitFor()
})

it('nothing moves up or down on the page over ten live minutes', async () => {
  // A minute of the site every fifth of a second: every message has new figures.
  const begin = Date.now()
  const nowMs = () => begin + (Date.now() - begin) * 300
  const { page } = await open('/?detail=1', { nowMs, liveEveryMs: 200 })
  await page.getByText('H100').first().waitFor()
  await page.getByRole('table', { name: /^What changed/ }).waitFor()
  await page.locator('.chart canvas').first().waitFor()
  await loaded(page)
  await page.waitForTimeout(500)
  const { shifts, figures } = await page.evaluate(async () => {
    const shifts: string[] = []
    const figures = new Set<string>()
    const observer = new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) {
        const sources: unknown = Reflect.get(entry, 'sources')
        // A word that follows one that changed moves within its line; nothing may leave its height.
        const nodes = (Array.isArray(sources) ? sources : []).filter(
          (one) => one.previousRect.y !== one.currentRect.y,
        )
        if (nodes.length === 0) continue
        shifts.push(
          `${Reflect.get(entry, 'value')} ${nodes.map((one) => Reflect.get(one, 'node')?.outerHTML?.slice(0, 80)).join(' | ')}`,
        )
      }
    })
    observer.observe({ type: 'layout-shift', buffered: false })
    const now = document.querySelector('.now h1 .muted')
    for (let tick = 0; tick < 22; tick += 1) {
      await new Promise((done) => setTimeout(done, 100))
      figures.add(now?.textContent ?? '')
    }
    observer.disconnect()
    return { shifts, figures: figures.size }
  })
  expect(figures).toBeGreaterThanOrEqual(5)
  expect(shifts).toEqual([])
})

it('holds no more after an hour of live messages and of asking again than after its first ten minutes', async () => {
  let nowMs = Date.UTC(2026, 4, 1, 8)
  const { page } = await open('/', { nowMs: () => nowMs, liveEveryMs: 25 }, { own: true })
  await page.clock.install({ time: nowMs })
  await page.goto(page.url())
  await page.getByRole('region', { name: /Fleet busy/ }).waitFor()
  const asked = new Set<string>()
  page.on('request', (request) => asked.add(new URL(request.url()).pathname))
  const minutes = async (count: number) => {
    for (let step = 0; step < count * 2; step += 1) {
      nowMs += 30_000
      await page.clock.fastForward(30_000)
    }
    await page.getByRole('region', { name: /Fleet busy/ }).waitFor()
  }
  await minutes(10)
  const before = await held(page)
  await minutes(60)
  const after = await held(page)
  console.log(`Fleet, an hour: ${heldText(before, after)}`)
  expect(asked).toContain('/api/v1/fleet/series')
  expect(after.nodes).toBeLessThanOrEqual(before.nodes + 100)
  expect(after.listeners).toBeLessThanOrEqual(before.listeners + 10)
  expect(after.bytes).toBeLessThan(before.bytes + 1_000_000)
}, 60_000)
