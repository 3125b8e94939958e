import { expect, it } from 'vitest'
import { expectReadable } from './testing/accessibility.ts'
import { useBrowser } from './testing/browser.ts'

/** The Pipeline page in a real browser; needs `npm run build` and Chromium (scripts/test.ts sees to both). */

const open = useBrowser()

const PAGES = [
  ['/pipeline', 'well', 'Everything arrives'],
  ['/pipeline', 'trouble', 'ingest-b'],
  ['/pipeline/guide', 'well', 'plimsoll_ingest_lag_seconds'],
] as const

it.each(PAGES)(
  '%s, %s: names everything, complains of nothing, is readable in both themes (AA) and fits a phone',
  async (path, pipeline, text) => {
    const { page, complaints } = await open(path, { pipeline })
    await page.getByText(text).first().waitFor()
    await expectReadable(page)
    expect(complaints).toEqual([])
  },
)

it('a silent process is told first, and its figures are never shown as of now', async () => {
  const { page } = await open('/pipeline', { pipeline: 'trouble' })
  const status = page.getByRole('status').filter({ hasText: 'Not well' })
  await status.waitFor()
  expect(await status.innerText()).toContain('ingest-b/shard 2 has been silent for 5 min')
  const row = page.getByRole('row', { name: /ingest-b/ })
  expect(await row.innerText()).toContain('Last word; says nothing of now.')
  expect(await row.getByRole('cell').nth(3).innerText()).toContain('—')
  const worst = page
    .getByRole('table', { name: /worst first/ })
    .getByRole('row')
    .nth(1)
  expect(await worst.innerText()).toMatch(/h1-r01[\s\S]*silent/)
  await page.getByRole('link', { name: /explained here.*ingest_silent/ }).click()
  await page.waitForURL(/\/pipeline\/guide#processes$/)
  await page.getByRole('heading', { level: 2, name: 'Processes' }).waitFor()
})

it('while the store does not answer the page says so and since when what it shows is', async () => {
  const { page } = await open('/pipeline', { pipeline: 'store_away' })
  await page.getByText(/The store does not answer: what comes from it is 1.min old/).waitFor()
})

it('a line over the hour says its last, least and most, and has a hole where nobody reported', async () => {
  const { page } = await open('/pipeline')
  const line = page.getByRole('img', { name: /^Lag, last hour: now .* least .* most/ })
  await line.waitFor()
  expect(await line.locator('path.line').count()).toBe(2)
})

it('speaks Chinese', async () => {
  const { page } = await open('/pipeline', { pipeline: 'trouble' }, { locale: 'zh-CN' })
  await page.getByRole('heading', { level: 1, name: '数据管道' }).waitFor()
  await page.getByText('ingest-b/shard 2 已 5 分钟 没有消息').first().waitFor()
  await page.getByText('进程是否在运行').waitFor()
})
