import { expect, it } from 'vitest'
import { expectReadable } from './testing/accessibility.ts'
import { useBrowser } from './testing/browser.ts'

/** Settings, inventory and the audit log in a real browser; needs `npm run build` and Chromium (scripts/test.ts sees to both). */

const open = useBrowser()
const plain = (text: string) => text.replaceAll('\u202f', ' ')

const PAGES = [
  ['/settings', 'en-GB', 'Heartbeat'],
  ['/settings?show=open', 'zh-CN', '效率基准'],
  ['/inventory', 'en-GB', 'worse than chance'],
  ['/inventory?show=drift', 'zh-CN', '多于偶然'],
  ['/alerts/audit', 'zh-CN', '所查看的每一行'],
] as const

it.each(PAGES)(
  '%s in %s: is complete, complains of nothing, is readable in both themes (AA) and fits a phone',
  async (path, locale, text) => {
    const { page, complaints } = await open(path, {}, { locale })
    await page.getByText(text).first().waitFor()
    expect(complaints).toEqual([])
    await expectReadable(page)
  },
)

it('the set-up list begins with what is missing, and says where the rest comes from', async () => {
  const { page } = await open('/settings')
  const list = page.getByRole('table', { name: 'What a site should look at' })
  await list.waitFor()
  await page.getByText('8 of 17 set').waitFor()
  const rows = await list.getByRole('row').allInnerTexts()
  expect(rows[1]).toMatch(/^Heartbeat[\s\S]*missing/)
  const all = plain(rows.join('\n'))
  expect(all).toMatch(/Channels[\s\S]*3 channels[\s\S]*locked: \/etc\/plimsoll\/alerts.yaml:12/)
  expect(all).toMatch(/Contacts of tenants[\s\S]*4 of 9/)
  expect(all).toMatch(/Electricity[\s\S]*\$0.08\/kWh assumed/)
  await page.getByRole('link', { name: 'open ones' }).click()
  await page.waitForURL(/show=open/)
  await expect.poll(() => list.getByRole('row').count()).toBe(10)
  expect(plain(await page.getByRole('region', { name: 'Prices' }).innerText())).toContain(
    '13.50 CNY',
  )
})

it('a price is typed, read once more in words, and entered; what is wrong is said before', async () => {
  const { page } = await open('/settings')
  const prices = page.getByRole('region', { name: 'Prices' })
  await prices.getByRole('button', { name: 'New price…' }).click()
  const form = prices.getByRole('form', { name: 'Price of a device hour' })
  await form.getByLabel('Model').fill('H100 SXM5 80GB')
  await form.getByRole('button', { name: 'Review…' }).click()
  await prices.getByText('Enter a price of 0 or more.').waitFor()
  await form.getByLabel('Per device hour').fill('2.6')
  await form.getByRole('button', { name: 'Review…' }).click()
  const asked = plain(await prices.getByRole('group').innerText())
  expect(asked).toMatch(/H100 SXM5 80GB, any pool: 2\.60 USD an hour since ever\./)
  expect(asked).toMatch(/It replaces 2\.40 USD in force then/)
  const sent = page.waitForRequest((request) => request.url().endsWith('/api/v1/settings/prices'))
  await prices.getByRole('button', { name: 'Enter it' }).click()
  expect((await sent).postDataJSON()).toMatchObject({
    base: 7,
    change: { kind: 'set', line: { from_ms: 0, pool: '', per_hour: 2.6, currency: 'USD' } },
  })
  await prices.getByText('Entered. The page shows what is in force now.').waitFor()
})

it('the audit log keeps its question in the address and goes on to older lines', async () => {
  const { page } = await open('/alerts/audit')
  const table = page.getByRole('table', { name: 'Changes, newest first' })
  await table.waitFor()
  expect(await table.getByRole('row').count()).toBe(26)
  await page.getByRole('button', { name: 'Older' }).click()
  await expect.poll(() => table.getByRole('row').count()).toBe(51)
  await page.getByLabel('Who').fill('lin')
  await page.getByLabel('Who').press('Enter')
  await page.waitForURL(/who=lin/)
  await expect.poll(() => table.getByRole('row').count()).toBe(21)
})

it('the inventory marks what never came and what differs, with bounds, and keeps its question in the address', async () => {
  const { page } = await open('/inventory')
  const hall = page.getByRole('row', { name: /h2/ })
  await hall.waitFor()
  expect(plain(await hall.innerText())).toMatch(/64[\s\S]*8[\s\S]*n133[\s\S]*16[\s\S]*n\[201-202\]/)
  expect(await hall.getByRole('link').getAttribute('href')).toBe(
    '/devices?model=H100+SXM5+80GB&hall=h2&pool=train',
  )
  const odd = page.getByRole('row', { name: /550\.127\.08/ })
  expect(plain(await odd.innerText())).toMatch(
    /odd one out[\s\S]*n\[017-024\][\s\S]*7\.81[\s\S]*4\.27 to 13[\s\S]*worse than chance/,
  )
  await page.getByRole('link', { name: 'only what differs' }).click()
  await page.getByRole('link', { name: '90 days' }).click()
  await page.waitForURL(/days=90&show=drift/)
  await expect.poll(() => page.getByText('12.8').count()).toBe(0)
  const saved = page.waitForEvent('download')
  await page.getByRole('button', { name: 'Save as CSV: Versions' }).click()
  expect((await saved).suggestedFilename()).toMatch(/^plimsoll-versions-/)
})
