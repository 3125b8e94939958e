import { readFileSync } from 'node:fs'
import type { Page } from 'playwright-core'
import { expect, it } from 'vitest'
import { expectFits, expectReadable, leftInEnglish } from './testing/accessibility.ts'
import { useBrowser } from './testing/browser.ts'

/** The Wall in a real browser; needs `npm run build` and Chromium (scripts/test.ts sees to both). */

const open = useBrowser()
const plain = (text: string) => text.replaceAll('\u202f', ' ')
const stage = (page: Page) => page.getByRole('application')
/** How many different colours the cells have, and how many of their pixels are not paper. */
const painted = (page: Page) =>
  page.evaluate(() => {
    const canvas = document.querySelector('canvas')
    const data = canvas?.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height).data
    const pixels = new Uint32Array(data?.buffer ?? new ArrayBuffer(0))
    const counts = new Map<number, number>()
    for (const pixel of pixels) counts.set(pixel, (counts.get(pixel) ?? 0) + 1)
    return { colours: counts.size, inked: pixels.length - Math.max(...counts.values()) }
  })

it.each([
  ['en-GB', 'Held, idle'],
  ['zh-CN', '占用空闲'],
])(
  '%s: names everything, complains of nothing, is readable in both themes (AA), fits a phone',
  async (locale, text) => {
    const { page, complaints } = await open('/wall', {}, { locale })
    await page.getByText(text).first().waitFor()
    await expect
      .poll(async () => (await painted(page)).colours, { timeout: 10_000 })
      .toBeGreaterThan(4)
    expect(complaints).toEqual([])
    if (locale === 'zh-CN') expect(await leftInEnglish(page, /^(east|west|Shift)$/)).toEqual([])
    await (locale === 'zh-CN' ? expectFits : expectReadable)(page)
  },
)

it('50,000 devices: each has a cell, classes are counted and filter, and live values leave everything in its place', async () => {
  const { page } = await open('/wall', { wall: 50_000 })
  const legend = page.getByRole('group', { name: /^Classes/ })
  await legend.getByRole('button', { name: /Productive/ }).waitFor()
  expect(await page.locator('main').innerText()).toContain('50,016 devices in 1,563 racks')
  const count = async (name: RegExp) =>
    Number(
      (await legend.getByRole('button', { name }).locator('strong').innerText()).replaceAll(
        ',',
        '',
      ),
    )
  expect(await count(/Throttled/)).toBe(32)
  expect(await count(/Unknown/)).toBe(8)
  const all = await painted(page)
  expect(all.inked).toBeGreaterThan(50_000)
  const before = await stage(page).boundingBox()
  const time = page.locator('.time strong')
  const first = await time.innerText()
  await expect.poll(() => time.innerText(), { timeout: 8_000 }).not.toBe(first)
  expect(await stage(page).boundingBox()).toEqual(before)
  await legend.getByRole('button', { name: /Throttled/ }).click()
  await page.waitForURL(/only=throttled/)
  await page.getByRole('link', { name: 'Busy' }).click()
  await page.waitForURL(/\?by=busy$/)
  await legend.getByRole('button', { name: /90 % and more/ }).waitFor()
})

it('keyboard: cell by cell, rack by rack, in words; Enter opens the device and Shift with it the node', async () => {
  const { page } = await open('/wall')
  await stage(page).focus()
  const said = page.getByRole('status').filter({ hasText: 'device' })
  await page.keyboard.press('ArrowRight')
  expect(plain(await said.innerText())).toMatch(
    /^h1-r01-n01 · device 0, east · h1 · h1-r01, Productive, busy \d/,
  )
  await page.keyboard.press('ArrowRight')
  expect(await said.innerText()).toContain('h1-r01-n01 · device 1')
  await page.keyboard.press('ArrowDown')
  expect(await said.innerText()).toContain('h1-r01-n02 · device 1')
  await page.keyboard.press('PageDown')
  expect(await said.innerText()).toContain('h1-r02-n02 · device 1')
  await page.keyboard.press('+')
  await page.keyboard.press('Space')
  await page.getByRole('heading', { name: 'Selected: 1 devices' }).waitFor()
  await page.keyboard.press('Shift+Enter')
  await page.waitForURL(/\/nodes\/h1-r02-n02\?cluster=east$/)
  await page.goBack()
  await stage(page).focus()
  await page.keyboard.press('End')
  await page.keyboard.press('Enter')
  await page.waitForURL(/\/devices\/9000000000002047$/)
})

it('a box selects; the table counts, says what it costs and saves every device with its id', async () => {
  const { page } = await open('/wall')
  await page.getByRole('button', { name: 'Select' }).click()
  const box = await stage(page).boundingBox()
  await page.mouse.move((box?.x ?? 0) + 5, (box?.y ?? 0) + 5)
  await page.mouse.down()
  await page.mouse.move((box?.x ?? 0) + 220, (box?.y ?? 0) + 150, { steps: 3 })
  await page.mouse.up()
  const selection = page.getByRole('region', { name: /^Selected/ })
  const text = plain(await selection.innerText())
  const devices = Number(/Selected: (\d+) devices/.exec(text)?.[1])
  expect(devices).toBeGreaterThan(7)
  const usd = devices * 2.5
  expect(text).toContain(`$${usd < 100 ? usd.toFixed(2) : Math.round(usd)}/h`)
  const saved = page.waitForEvent('download')
  await selection.getByRole('button', { name: /as CSV/ }).click()
  const lines = readFileSync(await (await saved).path(), 'utf8')
    .trim()
    .split('\r\n')
  expect(lines).toHaveLength(devices + 1)
  expect(lines[1]).toMatch(/^9000000000000000,east,h1,h1-r01,h1-r01-n01,0,H100/)
})

it('rewind lives in the address, says its minute, plays on and comes back to live', async () => {
  const { page } = await open('/wall')
  const slider = page.getByRole('slider', { name: 'Settled minute' })
  await slider.focus()
  await page.keyboard.press('ArrowLeft')
  await page.waitForURL(/at=\d{13}/)
  const atMs = Number(new URL(page.url()).searchParams.get('at'))
  const clock = (ms: number) =>
    new Date(ms).toLocaleTimeString('en-GB', {
      timeZone: 'Asia/Shanghai',
      hour: '2-digit',
      minute: '2-digit',
    })
  await expect
    .poll(() => page.locator('.time strong').innerText(), { timeout: 10_000 })
    .toBe(clock(atMs))
  await page.getByText('3 devices of that minute have no place today').waitFor()
  await page.getByRole('button', { name: 'A day back' }).click()
  await page.getByRole('button', { name: 'Play', exact: true }).click()
  await expect
    .poll(() => Number(new URL(page.url()).searchParams.get('at')), { timeout: 10_000 })
    .toBeGreaterThan(atMs - 86_400_000 + 60_000)
  await page.getByRole('button', { name: 'Back to live' }).click()
  await page.waitForURL(/\/wall$/)
  await page.locator('.time').getByText('Live').waitFor()
})

it('what is looked for is marked and reached; the table says racks in words', async () => {
  const { page } = await open('/wall')
  await page.getByRole('combobox').fill('h1-r06')
  await page.keyboard.press('Enter')
  await page.getByRole('status').filter({ hasText: 'h1-r06-n01 · device 0' }).waitFor()
  await page.getByRole('combobox').fill('90000000000000')
  await page.getByRole('option', { name: /^9000000000000000/ }).waitFor()
  await page.getByRole('combobox').fill('nothing-of-this')
  await page.getByText('Nothing is called that here').waitFor()
  const table = page.getByRole('table', { name: /^Halls/ })
  await table.getByRole('button', { name: 'Show the racks of east · h1' }).click()
  const row = table.getByRole('row', { name: /h1-r06/ })
  expect(plain(await row.innerText())).toMatch(/32[\s\S]*5[45]\.\d %[\s\S]*Throttled 32/)
})

it('an answer that fails is named, what was drawn stays and can be asked again', async () => {
  const broken = new Set(['wall/layout'])
  const { page } = await open('/wall', { broken })
  const alert = page.getByRole('alert')
  await alert.waitFor()
  expect(await alert.innerText()).toContain('E_STORE_AWAY')
  broken.clear()
  await alert.getByRole('button', { name: 'Try again' }).click()
  await stage(page).waitFor()
  broken.add('wall/values')
  await alert.waitFor({ timeout: 10_000 })
  expect(await stage(page).isVisible()).toBe(true)
})
