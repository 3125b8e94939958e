import { expect, it } from 'vitest'
import { expectReadable } from './testing/accessibility.ts'
import { useBrowser } from './testing/browser.ts'

/** Loss and owners in a real browser; needs `npm run build` and Chromium (scripts/test.ts sees to both). */

const openPage = useBrowser()
const open: typeof openPage = (path, options = {}, look = {}) =>
  openPage(path, { loss: 'well', ...options }, look)
/** Numbers and their units stand beside each other with a narrow space that does not break. */
const plain = (text: string) => text.replaceAll('\u202f', ' ')
const amount = (text: string | undefined) => Number((text ?? '').replaceAll(/[^\d]/g, ''))

it.each([
  ['en-GB', '/loss', 'Held and idle now'],
  ['zh-CN', '/loss?by=job&line=node', '当前占用而闲置'],
] as const)(
  '%s: names everything, complains of nothing, is readable in both themes (AA) and fits a phone',
  async (locale, path, text) => {
    const { page, complaints } = await open(path, {}, { locale })
    await page.getByText(text).first().waitFor()
    await page.getByRole('table').nth(2).waitFor()
    expect(complaints).toEqual([])
    await expectReadable(page)
  },
)

it('hours sum as printed down to busy, and the dollars of each payer down to their total', async () => {
  const { page } = await open('/loss')
  const table = page.getByRole('table', { name: /from capacity to busy/ })
  await table.waitFor()
  const rows = await table
    .locator('tbody tr')
    .evaluateAll((all) =>
      all.map((row) => [...row.children].map((cell) => cell.textContent?.trim() ?? '')),
    )
  const hours = new Map(rows.map((cells) => [cells[0] ?? '', cells[2] ?? '']))
  const taken = rows.slice(
    1,
    rows.findIndex(([name]) => name === 'Busy'),
  )
  const sum = taken.reduce(
    (left, cells) => left + (cells[2]?.startsWith('+') ? 1 : -1) * amount(cells[2]),
    amount(hours.get('Capacity')),
  )
  expect(sum).toBe(amount(hours.get('Busy')))
  for (const column of [3, 4]) {
    const total = rows.find(([name]) => name === 'Lost, all lines')?.[column]
    const lines = rows.filter(([name]) => name !== 'Lost, all lines')
    const dollars = lines.filter((cells) => cells[column]?.startsWith('$'))
    expect(dollars.reduce((all, cells) => all + amount(cells[column]), 0)).toBe(amount(total))
  }
  const unknown = table.getByRole('row', { name: /^Unknown/ })
  expect(await unknown.innerText()).toContain('not priced')
  expect(await unknown.locator('.hatched').count()).toBe(2)
  const head = plain(await page.locator('dl[aria-label="Lost in this window"]').innerText())
  expect(head).toMatch(/assumed price[\s\S]*coverage 94\.7 %/)
  expect(await page.getByRole('link', { name: 'assumed price' }).first().getAttribute('href')).toBe(
    '/settings#prices-title',
  )
})

it('window, group, order and filter live in the address; a week is the site’s', async () => {
  const { page } = await open('/loss')
  await page.getByRole('table', { name: 'Loss by Tenant' }).waitFor()
  await page.getByRole('combobox', { name: 'Week' }).selectOption({ index: 2 })
  await page.waitForURL(/week=\d{4}-W\d{2}/)
  await page.getByRole('link', { name: 'Job', exact: true }).click()
  await page.waitForURL(/by=job/)
  const asked = page.waitForRequest((request) => /\/loss\?.*sort=-gpu_hours/.test(request.url()))
  await page.getByRole('link', { name: 'Lost hours' }).click()
  const query = new URL((await asked).url()).searchParams
  expect(Number(query.get('to')) - Number(query.get('from'))).toBe(168 * 3_600_000)
  expect(new Date(Number(query.get('from'))).toISOString()).toMatch(/T16:00:00\.000Z$/)
  expect(query.get('group_by')).toBe('cluster,job,tenant')
  await page.getByRole('link', { name: '884213' }).first().waitFor()
  await page.getByRole('combobox', { name: 'Order' }).selectOption('since')
  await page.waitForURL(/week=.*by=job.*order=since/)
})

it('a line opens into its devices by keyboard, names the owner, and all lines are saved as CSV', async () => {
  const { page } = await open('/loss')
  const line = page.getByRole('button', { name: 'Devices of 884213' })
  await line.focus()
  await page.keyboard.press('Enter')
  await page.getByText('and 448 more devices').waitFor()
  expect(await line.getAttribute('aria-expanded')).toBe('true')
  const row = page.getByRole('row').filter({ has: line })
  expect(plain(await row.innerText())).toMatch(/512[\s\S]*on 64 nodes[\s\S]*\$1,024/)
  expect(await row.getByRole('link', { name: /videogen\.example/ }).getAttribute('href')).toBe(
    'mailto:on-call@videogen.example',
  )
  const saved = page.waitForEvent('download')
  await page.getByRole('button', { name: 'Save as CSV: Held and idle now' }).click()
  expect((await saved).suggestedFilename()).toMatch(/^plimsoll-idle-job-.*\.csv$/)
})

it('nothing, and a store that is away, are said; what was there stays', async () => {
  const { page, base } = await open('/loss', { loss: 'none' })
  await page.getByText('Nothing is held and idle').waitFor()
  await page.getByText('Nothing in this window').first().waitFor()
  expect(await page.getByRole('table').count()).toBe(0)
  const broken = new Set(['loss'])
  const other = await open('/loss', { broken })
  await other.page.getByRole('alert').first().waitFor()
  await other.page.getByRole('link', { name: '884213' }).waitFor()
  broken.clear()
  await other.page.getByRole('button', { name: 'Try again' }).first().click()
  await other.page.getByRole('table', { name: /from capacity/ }).waitFor()
  expect(base).toBeDefined()
})
