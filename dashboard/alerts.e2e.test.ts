import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { SilenceRequest } from '#schemas/api-alerts.ts'
import { expectReadable, leftInEnglish } from './testing/accessibility.ts'
import { useBrowser } from './testing/browser.ts'

/** The pages of alerts in a real browser; needs `npm run build` and Chromium (scripts/test.ts sees to both). */

const open = useBrowser()
/** Numbers and their units stand beside each other with a narrow space that does not break. */
const plain = (text: string) => text.replaceAll('\u202f', ' ')
const fingerprint = (n: number) => String(n).padStart(32, '0')

const PAGES = [
  ['/alerts', 'trouble', 'Fleet busy 58.4'],
  ['/alerts', 'none', 'No alert is open.'],
  ['/alerts', 'silent', 'has been silent'],
  [`/alerts/${fingerprint(1)}`, 'trouble', 'Fires as Page'],
  ['/alerts/rules', 'trouble', 'covers nothing of huawei'],
  ['/alerts/backtest', 'trouble', 'Could be judged'],
  ['/alerts/silences', 'trouble', 'New silence'],
  ['/alerts/messages', 'trouble', 'The exact request'],
] as const

it.each(PAGES)(
  '%s, %s: names everything, complains of nothing, is readable in both themes (AA) and fits a phone',
  async (path, alerts, text) => {
    const { page, complaints } = await open(path, { alerts })
    await page.getByText(text).first().waitFor()
    expect(complaints).toEqual([])
    await expectReadable(page)
  },
)

it('open alerts say who has them; untold ones stand apart, and what they would have done', async () => {
  const { page } = await open('/alerts')
  const told = page.getByRole('region', { name: /^Open/ })
  await told.waitFor()
  expect(await told.getByRole('listitem').count()).toBe(4)
  const first = plain(await told.getByRole('listitem').first().innerText())
  expect(first).toMatch(/\[PAGE\] Fleet busy 58\.4 %[\s\S]*\$16,600\/h[\s\S]*99\.2 % reporting/)
  expect(first).toMatch(/nobody has it[\s\S]*Why job 884213[\s\S]*Do 412 waiting accelerators/)
  expect(plain(await told.innerText())).toMatch(/wang has it, until/)
  const observing = page.getByRole('region', { name: /^Observing/ })
  expect(await observing.innerText()).toContain('would have paged 3 times in 7 days')
  expect(await observing.getByRole('button').count()).toBe(0)
  const quiet = page.getByRole('region', { name: /^Nobody is told/ })
  expect(await quiet.innerText()).toContain('explained by: Coolant flow falls')
})

it('an alert is acknowledged by keyboard, and Escape leaves the form where it was', async () => {
  const { page } = await open('/alerts')
  const button = page.getByRole('button', { name: /^Acknowledge: \[PAGE\]/ })
  await button.focus()
  await page.keyboard.press('Enter')
  await page.getByLabel('What you do about it').waitFor()
  await page.keyboard.press('Escape')
  await expect.poll(() => button.evaluate((one) => one === document.activeElement)).toBe(true)
  await page.keyboard.press('Enter')
  await page.getByLabel('What you do about it').fill('calling the owner')
  await page.keyboard.press('Enter')
  await page
    .getByRole('status')
    .filter({ hasText: /^Acknowledged until/ })
    .waitFor()
  await page.getByText(/^lin has it, until/).waitFor()
  await page.getByText('“calling the owner”').waitFor()
  expect(await button.count()).toBe(0)
})

it('a silence of an alert is of that alert only, and has a reason and an end', async () => {
  const { page } = await open('/alerts')
  await page.getByRole('button', { name: /^Silence: \[TICKET\]/ }).click()
  const form = page.getByRole('form', { name: /^Silence/ })
  const confirm = form.getByRole('button', { name: 'Silence', exact: true })
  const asked = page.waitForRequest((request) => request.method() === 'POST')
  await confirm.click()
  expect(
    await form.getByLabel('Why, and who was asked').evaluate((one) => one.matches(':invalid')),
  ).toBe(true)
  await form.getByLabel('Why, and who was asked').fill('it is replaced tonight')
  await form.getByLabel('Ends').selectOption('8h')
  await confirm.click()
  const request = SilenceRequest.parse((await asked).postDataJSON())
  expect(request.matchers?.map(({ label }) => label)).toEqual(['rule', 'node', 'rack', 'vendor'])
  expect(Math.abs(request.to_ms - Date.now() - 8 * 3_600_000)).toBeLessThan(60_000)
  await page
    .getByRole('status')
    .filter({ hasText: /^Silent until/ })
    .waitFor()
  await page.getByRole('link', { name: 'Silences' }).click()
  await page.getByText('it is replaced tonight').waitFor()
})

it('silences are made by labels and ended now', async () => {
  const { page } = await open('/alerts/silences')
  const submit = page.getByRole('button', { name: 'Silence', exact: true })
  await submit.waitFor()
  expect(await submit.isDisabled()).toBe(true)
  await page.getByLabel('Label').selectOption('rack')
  await page.getByLabel('Value').fill('h1-r0[1-4]')
  await page.getByLabel('Comparison').selectOption('like')
  await page.getByLabel('Why, and who was asked').fill('pipes are flushed')
  await submit.click()
  const row = page.getByRole('row', { name: /rack ~ h1-r0\[1-4\]/ })
  await row.waitFor()
  expect(plain(await row.innerText())).toMatch(/3 h 59 min left|4 h left/)
  await row.getByRole('button', { name: /^End now/ }).click()
  await row.getByText('over').waitFor()
})

it('a window to come is typed by the clock of the site, and listed as such', async () => {
  const { page } = await open('/alerts/silences')
  const submit = page.getByRole('button', { name: 'Silence', exact: true })
  await page.getByLabel('Label').selectOption('hall')
  await page.getByLabel('Value').fill('h2')
  await page.getByLabel('Why, and who was asked').fill('switchgear is serviced')
  await page.getByLabel('Kind').selectOption('maintenance')
  await page.getByLabel(/^Begins/).fill('2031-05-04T22:00')
  await page.getByLabel('Ends').selectOption('at')
  await page.getByLabel('Ends at').fill('2031-05-04T21:00')
  expect(await submit.isDisabled()).toBe(true)
  await page.getByLabel('Ends at').fill('2031-05-05T06:30')
  const asked = page.waitForRequest((request) => request.method() === 'POST')
  await submit.click()
  const request = SilenceRequest.parse((await asked).postDataJSON())
  expect([request.from_ms, request.to_ms, request.kind]).toEqual([
    Date.UTC(2031, 4, 4, 14),
    Date.UTC(2031, 4, 4, 22, 30),
    'maintenance',
  ])
  await page
    .getByRole('status')
    .filter({ hasText: /^Silent from .* to / })
    .waitFor()
  const row = page.getByRole('row', { name: /hall = h2|Hall = h2/i })
  expect(plain(await row.innerText())).toMatch(/to come[\s\S]*for 8 h 30 min/)
})

it('an alert tells its timeline with what did not arrive, draws its value and saves itself', async () => {
  const { page, base } = await open(`/alerts/${fingerprint(1)}`)
  const timeline = page.getByRole('list', { name: 'Timeline' })
  await timeline.waitFor()
  const text = await timeline.innerText()
  expect(text).toMatch(
    /The condition is true[\s\S]*Fires as Page[\s\S]*Told on oncall-phone, to Lin/,
  )
  expect(text).toMatch(/Not delivered on ops-chat[\s\S]*given up · 5 attempts[\s\S]*answered 502/)
  await page.getByRole('slider', { name: /^Value over time/ }).waitFor()
  const saved = page.waitForEvent('download')
  await page.getByRole('button', { name: 'Save as Markdown' }).click()
  const download = await saved
  expect(download.suggestedFilename()).toMatch(/^plimsoll-alert-zone_danger-\d{4}-\d\d-\d\d\.md$/)
  const file = readFileSync(await download.path(), 'utf8')
  expect(file).toContain('- **Cost**: $12,460')
  expect(file).toContain('Not delivered on ops-chat')
  await page.goto(`${base}/alerts/grp_${fingerprint(3)}`)
  await page.getByRole('heading', { name: 'Alerts of one message' }).waitFor()
  await page.getByRole('link', { name: /Uncorrected memory errors/ }).click()
  await page.waitForURL(new RegExp(`/alerts/${fingerprint(3)}$`))
})

it('while nobody evaluates nothing is said to be well, on any page', async () => {
  const { page, base } = await open('/alerts', { alerts: 'silent' })
  await page.getByRole('alert').waitFor()
  expect(plain(await page.getByRole('alert').innerText())).toContain('silent for 3 min')
  expect(await page.getByText('No alert is open.').count()).toBe(0)
  await page.goto(`${base}/pipeline`)
  await page.getByRole('banner').getByText('Alerts unknown').waitFor()
})

it('an answer that fails is named and can be asked again, and never reads as well', async () => {
  const broken = new Set(['alerts'])
  const { page } = await open('/alerts', { broken })
  const alert = page.getByRole('alert')
  await alert.waitFor()
  expect(await alert.innerText()).toContain('E_STORE_AWAY')
  expect(await page.getByText('No alert is open.').count()).toBe(0)
  broken.clear()
  await alert.getByRole('button', { name: 'Try again' }).click()
  await page.getByRole('region', { name: /^Open/ }).waitFor()
})

it('every page counts open pages in the header; the range of what fired lives in the address', async () => {
  const { page } = await open('/pipeline')
  await page.getByRole('banner').getByRole('link', { name: '1 page' }).click()
  await page.waitForURL(/\/alerts$/)
  const table = page.getByRole('table', { name: 'What fired' })
  await table.waitFor()
  const rows = await table.getByRole('row').count()
  await page.getByRole('link', { name: '7 days' }).click()
  await page.waitForURL(/range=7d/)
  await expect.poll(() => table.getByRole('row').count()).toBe(rows + 1)
  await page.getByText(/^The journal here begins/).waitFor()
})

it('rules that cannot speak come first, are counted and found', async () => {
  const { page } = await open('/alerts/rules')
  const table = page.getByRole('table', { name: 'Rules' })
  await table.waitFor()
  expect(await table.getByRole('row').nth(1).innerText()).toMatch(/covers nothing/)
  await page.getByLabel('Only rules with a fault (3)').check()
  await expect.poll(() => table.getByRole('row').count()).toBe(4)
  await page.getByLabel('Find a rule').fill('pue')
  await expect.poll(() => table.getByRole('row').count()).toBe(2)
  expect(await table.innerText()).toContain('the store did not answer within 10 s')
})

it.each([
  '/alerts',
  `/alerts/${fingerprint(2)}`,
  '/alerts/rules',
  '/alerts/backtest',
  '/alerts/silences',
])('%s speaks Chinese, with nothing left in English', async (path) => {
  const { page } = await open(path, {}, { locale: 'zh-CN' })
  await page.getByRole('heading', { level: 1 }).waitFor()
  const names =
    /^(wang|liquid|nvidia|huawei|videogen|oncall|phone|chat|Markdown|zone|danger|warn|fleet|halls|coolant|flow|uncorrected|condensation|high|forecast|power|pump|room|Fleet|Asia|Shanghai)$/
  const given =
    /on my way to the pump room|filter of cdu-6 is changed, agreed with training|the store did not answer within 10 s|the receiver answered 502 five times/g
  expect(await leftInEnglish(page, names, given)).toEqual([])
})

it('a backtest is started, says what it found, and is accepted only after a question', async () => {
  const { page } = await open('/alerts/backtest')
  await page.getByText('precision 0.75, 0.8 is asked for').waitFor()
  await page.getByText('3 earlier ones are not listed.').waitFor()
  await page.getByText('it compares every device with itself').waitFor()
  const rule = page.getByRole('combobox').first()
  expect(await rule.locator('option').allInnerTexts()).toEqual(['Utilization will fall'])
  const asked = page.waitForRequest((request) => request.method() === 'POST')
  await page.getByRole('combobox').nth(1).selectOption('7')
  await page.getByRole('button', { name: 'Try it' }).click()
  const { searchParams } = new URL((await asked).url())
  expect(Number(searchParams.get('to')) - Number(searchParams.get('from'))).toBe(7 * 86_400_000)
  await page.getByRole('heading', { name: 'Utilization will fall' }).nth(1).waitFor()
  await page.getByRole('button', { name: 'Accept: let it page' }).first().click()
  await page.getByRole('button', { name: 'Yes, let it page' }).click()
  await page.getByText('“Utilization will fall” pages from now on.').waitFor()
  await page.getByRole('button', { name: 'Let it observe again' }).first().waitFor()
  const untried = page.getByRole('region', { name: 'Rules that cannot be tried' })
  await untried.getByText(/It observes since .* would have paged 2 times/).waitFor()
  await untried.getByRole('button', { name: 'Accept: let it page' }).click()
  await untried.getByRole('button', { name: 'Yes, let it page' }).click()
  await page.getByText('“Many devices went idle” pages from now on.').waitFor()
  await untried.getByText('It pages.').waitFor()
})
