import { expect, it } from 'vitest'
import { expectFits, expectReadable } from './testing/accessibility.ts'
import { useBrowser } from './testing/browser.ts'

/** The palette and the Explore and Thermal pages in a real browser; needs `npm run build` and Chromium. */

const open = useBrowser()

it('Ctrl+K and / open the palette, which finds by keyboard, keeps what was opened, and gives the focus back', async () => {
  const { page, complaints } = await open('/pipeline')
  await page.getByRole('heading', { level: 1 }).waitFor()
  await page.keyboard.press('/')
  const field = page.getByRole('combobox', { name: 'Go to' })
  await field.waitFor()
  await page.keyboard.type('h1-r01-n0')
  const options = page.getByRole('option')
  await options.filter({ hasText: 'Node' }).first().waitFor()
  expect(await options.first().getAttribute('aria-selected')).toBe('true')
  await page.keyboard.press('ArrowDown')
  const second = options.nth(1)
  expect(await second.getAttribute('aria-selected')).toBe('true')
  expect(await field.getAttribute('aria-activedescendant')).toBe(await second.getAttribute('id'))
  const name = await second.locator('.label').innerText()
  await page.keyboard.press('Enter')
  await page.waitForURL(new RegExp(`/nodes/${name}`))
  await page.getByRole('heading', { level: 1 }).waitFor()
  await page.keyboard.press('Control+k')
  await options.filter({ hasText: name }).waitFor()
  await page.keyboard.press('Escape')
  expect(await page.getByRole('dialog').count()).toBe(0)
  const back = await page.evaluate(() => document.activeElement?.getAttribute('aria-keyshortcuts'))
  expect(back).toContain('Control+K')
  expect(complaints).toEqual([])
})

it('pages are found in both languages, also while the server is away; the palette is readable', async () => {
  const { page } = await open('/pipeline', { broken: new Set(['search']) }, { locale: 'zh-CN' })
  await page.getByRole('heading', { level: 1 }).waitFor()
  await page.keyboard.press('Control+k')
  await page.keyboard.type('cool')
  await page.getByText('E_STORE_AWAY').waitFor()
  await expectReadable(page)
  await page.keyboard.press('Enter')
  await page.waitForURL(/\/cooling$/)
})

it.each([
  ['en-GB', 'Same time last week'],
  ['zh-CN', '上周同期'],
])(
  'Explore is readable in both themes (AA), fits a phone and complains of nothing: %s',
  async (locale, text) => {
    const { page, complaints } = await open(
      '/explore?metric=device.power_watts&by=hall&stat=p95',
      {},
      { locale },
    )
    await page.getByText(text).waitFor()
    await page.getByText('hall-20').first().waitFor()
    expect(complaints).toEqual([])
    await (locale === 'zh-CN' ? expectFits : expectReadable)(page)
  },
)

it('Explore: a metric is found by typing, the view is its address, lines can be left out and the week before put beside them', async () => {
  const { page } = await open('/explore')
  await page.getByRole('slider').waitFor()
  await page.getByRole('combobox', { name: 'Metric' }).click()
  await page.keyboard.type('memory temp')
  await page.keyboard.press('Enter')
  await page.waitForURL(/metric=device\.memory_temperature_celsius/)
  await page.getByRole('link', { name: 'p95' }).click()
  await page.getByRole('combobox', { name: 'Group by' }).selectOption('rack')
  await page.getByText('The 20 highest of 31 groups.').waitFor()
  await page.getByRole('checkbox', { name: 'Same time last week' }).check()
  await page.getByRole('columnheader', { name: 'Last week' }).waitFor()
  await page.getByRole('checkbox', { name: 'Draw rack-2' }).first().uncheck()
  await page.waitForURL(
    /metric=device\.memory_temperature_celsius&stat=p95&by=rack&week=1&hide=rack-2$/,
  )
  await page.getByLabel('Value').fill('h1-n0')
  await page.getByRole('combobox', { name: 'Field' }).selectOption('node')
  await page.getByRole('button', { name: 'Add', exact: true }).click()
  await page.getByRole('link', { name: 'Remove the filter node is h1-n0' }).waitFor()
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write'])
  await page.getByRole('button', { name: 'Copy as curl' }).click()
  await page.getByText('Copied').waitFor()
  const command = await page.evaluate(() => navigator.clipboard.readText())
  expect(command).toMatch(
    /^curl -s -H 'Authorization: Bearer <TOKEN>'[\s\S]*stat=p95&group_by=rack[\s\S]*filter=node%3Aeq%3Ah1-n0/,
  )
  await page.goBack()
  await page.getByRole('link', { name: /Remove the filter/ }).waitFor({ state: 'detached' })
})

it('Explore says when nothing gave a value, and why a question is refused', async () => {
  const broken = new Set<string>()
  const { page } = await open('/explore?filter=node:eq:nothing', { broken })
  await page.getByText('Nothing gave a value').waitFor()
  broken.add('explore/series')
  await page.getByRole('link', { name: '6 h' }).click()
  const alert = page.getByRole('alert')
  await alert.waitFor()
  expect(await alert.innerText()).toContain('E_STORE_AWAY')
})

it.each([
  ['en-GB', 'What to do next'],
  ['zh-CN', '下一步'],
])(
  'Thermal is readable in both themes (AA), fits a phone and complains of nothing: %s',
  async (locale, text) => {
    const { page, complaints } = await open('/thermal', {}, { locale })
    await page.getByText(text).waitFor()
    await page.getByRole('slider').first().waitFor()
    expect(complaints).toEqual([])
    await (locale === 'zh-CN' ? expectFits : expectReadable)(page)
  },
)

it('Thermal: margins by model with what is unknown apart, who stands out, and the cause before the devices', async () => {
  const { page } = await open('/thermal')
  await page
    .getByRole('img', {
      name: /^H100 SXM5 80GB: 1,040 devices, 12 with less than 5 °C, least margin -1.°C, 16 unknown/,
    })
    .waitFor()
  expect(await page.getByText('16 unknown').count()).toBe(2)
  const advice = page.getByRole('region', { name: 'What to do next' })
  expect(await advice.innerText()).toMatch(/Several racks are close to slowdown/)
  const rows = page.getByRole('table', { name: /^Devices: / }).getByRole('row')
  expect(await rows.nth(1).innerText()).toMatch(/3.°C/)
  await page.getByRole('link', { name: 'against peers' }).click()
  await page.waitForURL(/\/thermal\?by=peers$/)
  await rows.nth(1).getByText('outlier').waitFor()
  const loop = page
    .getByRole('table', { name: /^Racks/ })
    .getByRole('link', { name: 'Hall 1 liquid' })
  expect(await loop.first().getAttribute('href')).toBe('/cooling#loop-h1-liquid')
  await page.getByRole('link', { name: 'Open in Explore' }).first().click()
  await page.waitForURL(/\/explore\?metric=fleet.temperature_celsius&by=hall$/)
})

it('Thermal keeps what it has when an answer fails, and says which', async () => {
  const { page } = await open('/thermal', { broken: new Set(['explore/series']) })
  await page.getByText('Close to slowdown').first().waitFor()
  expect(await page.getByRole('alert').first().innerText()).toContain('E_STORE_AWAY')
})
