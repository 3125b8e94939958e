import { expect, it } from 'vitest'
import { expectReadable } from './testing/accessibility.ts'
import { useBrowser } from './testing/browser.ts'

/** Jobs and tenants in a real browser; needs `npm run build` and Chromium (scripts/test.ts sees to both). */

const openPage = useBrowser()
const open: typeof openPage = (path, options = {}, look = {}) =>
  openPage(path, { loss: 'well', ...options }, look)
const plain = (text: string) => text.replaceAll('\u202f', ' ')

it.each([
  ['en-GB', '/jobs', 'Low efficiency (2)'],
  ['zh-CN', '/jobs?tab=tenants', '联系方式'],
  ['zh-CN', '/jobs/884213?cluster=east', '按节点列出的设备'],
  ['en-GB', '/numbers', 'Loss and who pays'],
] as const)(
  '%s %s: names everything, complains of nothing, is readable in both themes (AA) and fits a phone',
  async (locale, path, text) => {
    const { page, complaints } = await open(path, {}, { locale })
    await page.getByText(text).first().waitFor()
    expect(complaints).toEqual([])
    await expectReadable(page)
  },
)

it('a job has its figures, its span and one thing to do; filters and order live in the address', async () => {
  const { page } = await open('/jobs')
  const row = page.getByRole('row', { name: /^884213/ })
  await row.waitFor()
  expect(plain(await row.innerText())).toMatch(
    /512[\s\S]*64 nodes[\s\S]*runs[\s\S]*3\.0 %[\s\S]*10,240[\s\S]*9,933[\s\S]*Held and quiet/,
  )
  // A tier that nobody gives is a dash, not a zero.
  await row.getByText('No source gives this tier').waitFor({ state: 'attached' })
  const asked = page.waitForRequest((request) => /\/jobs\?.*low=true/.test(request.url()))
  await page.getByRole('checkbox', { name: /Low efficiency/ }).check()
  await asked
  await page.waitForURL(/low=1/)
  await page.getByRole('link', { name: 'Busy' }).click()
  await page.waitForURL(/low=1.*sort=utilization/)
  await page.getByRole('combobox', { name: 'State' }).selectOption('ended')
  await page.waitForURL(/state=ended/)
  await page.getByText('before the window').waitFor()
  await page.getByRole('spinbutton', { name: 'Devices at least' }).fill('64')
  await page.keyboard.press('Enter')
  await page.waitForURL(/devices=64/)
  await page.getByRole('link', { name: 'Clear' }).click()
  await page.waitForURL((url) => url.search === '')
})

it('tenants have what they hold and lose and how they are reached, and lead to their jobs', async () => {
  const { page } = await open('/jobs')
  await page.getByRole('link', { name: 'Tenants' }).click()
  const table = page.getByRole('table', { name: 'Tenants in this window' })
  await table.waitFor()
  const link = table.getByRole('rowheader').getByRole('link').first()
  const row = table.getByRole('row').nth(1)
  expect(await row.innerText()).toContain('no contact entered')
  await row.getByText('−8.0 points').waitFor()
  await row.getByText('No contract is entered').waitFor({ state: 'attached' })
  await link.click()
  await page.waitForURL(/\/jobs\?tenant=/)
  await page.getByText('No job fits the filter').waitFor()
})

it('a job’s page says whom to ask, what it cost, and which device is behind; its window is kept', async () => {
  const { page } = await open('/jobs?range=7d')
  await page.getByRole('link', { name: '884377', exact: true }).click()
  await page.waitForURL(/\/jobs\/884377\?cluster=east&range=7d/)
  const devices = page.getByRole('region', { name: 'Its devices, by node' })
  await devices.getByText('1 far behind the others').waitFor()
  expect(plain(await devices.innerText())).toMatch(/median 91\.0 %[\s\S]*h1-r00-n0 #5 51\.0 %/)
  await page.getByRole('slider', { name: /^Busy, active and effective/ }).waitFor()
  const hours = page.getByRole('table', { name: /of this job by state/ })
  expect(plain(await hours.getByRole('row', { name: /^Unknown/ }).innerText())).toContain(
    'not priced',
  )
  await page.getByText('None is open about this job.').waitFor()
  await page.getByRole('link', { name: /All jobs/ }).click()
  await page.waitForURL(/\/jobs\?range=7d/)
})

it('a job that is not there, no jobs, and a store that is away are said', async () => {
  const { page } = await open('/jobs/1?cluster=east')
  await page.getByText('No such job in this window').waitFor()
  const none = await open('/jobs', { loss: 'none' })
  await none.page.getByText('No jobs in this window').waitFor()
  const away = await open('/jobs', { broken: new Set(['jobs']) })
  await away.page.getByRole('alert').first().waitFor()
  expect(await away.page.getByRole('alert').first().innerText()).toContain('E_STORE_AWAY')
})
