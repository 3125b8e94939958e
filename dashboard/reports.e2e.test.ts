import { expect, it } from 'vitest'
import { expectReadable } from './testing/accessibility.ts'
import { useBrowser } from './testing/browser.ts'

/** Reports in a real browser; needs `npm run build` and Chromium (scripts/test.ts sees to both). */

const open = useBrowser()
const plain = (text: string) => text.replaceAll('\u202f', ' ')

it.each([
  ['en-GB', '/reports', 'Bring rack h2-r17 back'],
  ['zh-CN', '/reports?week=2026-W46', '本版更改'],
] as const)(
  '%s: is complete, complains of nothing, is readable in both themes (AA) and fits a phone',
  async (locale, path, text) => {
    const { page, complaints } = await open(path, {}, { locale })
    await page.getByText(text).first().waitFor()
    expect(complaints).toEqual([])
    await expectReadable(page)
  },
)

it('reads the report that the address names, with its digits, and leads to exactly its files', async () => {
  const { page } = await open('/reports')
  const read = page.locator('section[aria-labelledby="read-title"]')
  await read.getByText('Why it moved').waitFor()
  const text = plain(await read.innerText())
  expect(text).toMatch(/Week 47 of 2026[\s\S]*draft[\s\S]*16\s–\s22 Nov 2026/)
  expect(text).toMatch(/302,400 GPU-hours[\s\S]*\$604,800[\s\S]*2 h 35 min[\s\S]*-\$319,200/)
  expect(text).toMatch(/Sold\s*—\s*not entered[\s\S]*\$82,000\s*\$41,000[\s\S]*partly/)
  await page.getByText('Sent by itself on Mondays at 08:07').waitFor()
  const running = page.locator('section[aria-labelledby="running-title"]')
  expect(plain(await running.innerText())).toMatch(/draft[\s\S]*68\.1 %[\s\S]*98\.1 %/)
  await page.getByRole('link', { name: '2026-W46 Revision 1' }).click()
  await page.waitForURL(/week=2026-W46&revision=1/)
  await read.getByText('issued, revision 1').waitFor()
  const files = await read
    .getByRole('table', { name: 'Files of this report' })
    .getByRole('link')
    .evaluateAll((all) => all.map((link) => [link.textContent, link.getAttribute('href')]))
  expect(files).toHaveLength(1 + 3 + 3 + 3)
  expect(files).toContainEqual([
    'plimsoll-2026-W46-r1-zh.csv.zip',
    '/api/v1/reports/2026-W46?format=csv&lang=zh&revision=1',
  ])
  await read.getByText('As a page').click()
  expect(await read.locator('iframe').getAttribute('sandbox')).toBe('')
})

it('issues once, by keyboard, after saying what happens, and the archive has it', async () => {
  const { page } = await open('/reports')
  const posted: string[] = []
  page.on('request', (request) => {
    if (request.method() === 'POST') posted.push(new URL(request.url()).pathname)
  })
  await page.getByRole('button', { name: 'Issue now…' }).press('Enter')
  await page.getByText('This sends nothing').waitFor()
  await page.keyboard.press('Escape')
  expect(posted).toEqual([])
  await page.getByRole('button', { name: 'Issue now…' }).press('Enter')
  await page.keyboard.press('Enter')
  await page.getByRole('status').getByText('Issued as revision 1.').waitFor()
  await page.getByRole('link', { name: '2026-W47 Revision 1' }).waitFor()
  await page.getByText('issued, revision 1').first().waitFor()
  expect(posted).toEqual(['/api/v1/reports/2026-W47'])
})

it('says who got it and why not, and sends it once after asking, by keyboard', async () => {
  const { page } = await open('/reports?week=2026-W46')
  const panel = page.locator('section[aria-labelledby="sending-title"]')
  await panel.getByText('Reached nobody').waitFor()
  const rows = (await panel.getByRole('row').allInnerTexts()).map((row) =>
    row.replaceAll(/\s+/g, ' '),
  )
  expect(rows[1]).toMatch(/mail:boss@site\.example 1 accepted 16 Nov 2026.* accepted/)
  expect(rows[2]).toMatch(/chat:ops 1 given up .* code 19021: sign match fail/)
  const posted: unknown[] = []
  page.on('request', (request) => {
    if (request.method() === 'POST')
      posted.push([new URL(request.url()).pathname, request.postData()])
  })
  await panel.getByRole('button', { name: 'Send now…' }).press('Enter')
  await panel.getByText('to 2 recipients of the alerting file').waitFor()
  expect(posted).toEqual([])
  await page.keyboard.press('Enter')
  await panel.getByRole('status').getByText('Ordered for 2 recipients').waitFor()
  await panel.getByText('Asked for by ann').first().waitFor()
  expect(posted).toEqual([['/api/v1/reports/2026-W46/send', '{"again":false}']])
})

it('says what is not there, who may not issue, and that the server is away', async () => {
  const { page } = await open('/reports', { reports: 'none', role: 'read' })
  await page.getByText('Nothing was issued yet').waitFor()
  await page.getByText('Nobody gets reports').waitFor()
  await page.getByText('Nothing is settled of this period yet').waitFor()
  const button = page.getByRole('button', { name: 'Issue now…' })
  await button.waitFor()
  expect(await button.isDisabled()).toBe(true)
  await page.getByText('needs the role operate; yours is read').waitFor()
  const other = await open('/reports', { broken: new Set(['reports']) })
  await other.page.getByRole('alert').getByText('E_STORE_AWAY').waitFor()
})
