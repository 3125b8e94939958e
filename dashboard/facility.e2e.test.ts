import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { PueAnswer } from '#schemas/api-facility.ts'
import { expectReadable, leftInEnglish } from './testing/accessibility.ts'
import { useBrowser } from './testing/browser.ts'

/** The Energy and Cooling pages in a real browser; needs `npm run build` and Chromium (scripts/test.ts sees to both). */

const open = useBrowser()
/** Numbers and their units stand beside each other with a narrow space that does not break. */
const plain = (text: string) => text.replaceAll('\u202f', ' ')

const PAGES = [
  ['/energy', 'well', 'iPUE3'],
  ['/energy', 'trouble', 'Incomplete'],
  ['/energy', 'none', 'No meters are entered'],
  ['/cooling', 'well', 'Hall 1 liquid'],
  ['/cooling', 'none', 'No cooling loops are entered'],
] as const

it.each(PAGES)(
  '%s, %s: names everything, complains of nothing, is readable in both themes (AA) and fits a phone',
  async (path, facility, text) => {
    const { page, complaints } = await open(path, { facility })
    await page.getByText(text).first().waitFor()
    expect(complaints).toEqual([])
    await expectReadable(page)
  },
)

it('the figure is the API’s, with its exact label, coverage, buckets, bounds and the faulty meter', async () => {
  const { page } = await open('/energy')
  const headline = page.getByRole('region', { name: /^iPUE3/ })
  await headline.waitFor()
  const answered = page.waitForResponse((response) => /\/pue\?.*=15m/.test(response.url()))
  await page.reload()
  const { window } = PueAnswer.parse(await (await answered).json())
  await headline.waitFor()
  const text = plain(await headline.innerText())
  const figure = window.value?.toFixed(3) ?? ''
  const covered = (Math.floor(window.coverage * 1000) / 10).toFixed(1)
  expect(text).toContain(
    `${window.name} ${figure}, coverage ${covered} %, ${window.buckets.expected} buckets, 1 left out, faulty: utility-b`,
  )
  const [, lo = '', hi = ''] = /lies between ([\d.]+) and ([\d.]+)\./.exec(text) ?? []
  expect(Number(lo)).toBeLessThanOrEqual(window.lo ?? 0)
  expect(Number(hi)).toBeGreaterThanOrEqual(window.hi ?? 9)
  expect(text).toContain('Interim: less than twelve months. IT metered at the input')
  await page.getByText('+0.006').waitFor()
  const total = page.getByRole('row', { name: /^Into the site/ })
  expect(plain(await total.innerText())).toContain(
    `${Math.round(window.kwh.total / 1000).toLocaleString('en-GB')} MWh`,
  )
  await page.getByRole('slider', { name: /^Power of the site and of IT/ }).waitFor()
})

it('what is incomplete is no figure: a word, hatched, with bounds, and no difference in money', async () => {
  const { page } = await open('/energy', { facility: 'trouble' })
  const headline = page.getByRole('region', { name: /^iPUE3/ })
  await headline.locator('.big .hatched', { hasText: 'Incomplete' }).waitFor()
  const text = plain(await headline.innerText())
  expect(text).toMatch(
    /7\d\.\d % of this window counts; a figure needs 98\.0 %\. What is known says 1/,
  )
  expect(text).toMatch(/The true value lies between 1\.\d{3} and 1\.\d{3}\./)
  const facts = page.locator('dl[aria-label="Beside the figure"]')
  expect(plain(await facts.innerText())).not.toMatch(/\$/)
  await page.getByText('not entered').first().waitFor()
  await page
    .getByText(/an assumed \$0\.08 a kWh/)
    .first()
    .waitFor()
})

it('where nothing is entered both pages say the command that enters it', async () => {
  const { page, base } = await open('/energy', { facility: 'none' })
  await page.getByText('plimsoll import facility site.yaml').waitFor()
  expect(await page.getByText('PUE by').count()).toBe(0)
  await page.goto(`${base}/cooling`)
  await page.getByText('plimsoll import facility site.yaml').waitFor()
})

it('an answer that fails is named and can be asked again; the others stay', async () => {
  const broken = new Set(['energy', 'facility/loops'])
  const { page, base } = await open('/energy', { broken })
  const alert = page.getByRole('alert')
  await alert.waitFor()
  expect(await alert.innerText()).toContain('E_STORE_AWAY')
  await page.getByRole('region', { name: /^iPUE3/ }).waitFor()
  broken.delete('energy')
  await alert.getByRole('button', { name: 'Try again' }).click()
  await page.getByRole('row', { name: /^Into the site/ }).waitFor()
  await page.goto(`${base}/cooling`)
  await alert.waitFor()
  expect(await page.getByText('no loop in alarm').count()).toBe(0)
  broken.clear()
  await alert.getByRole('button', { name: 'Try again' }).click()
  await page.getByRole('region', { name: /Hall 1 liquid/ }).waitFor()
})

it('range and cut live in the address, and a table is saved as it is, not as it is rounded', async () => {
  const { page } = await open('/energy')
  await page.getByRole('link', { name: '30 days' }).click()
  await page.waitForURL(/range=30d/)
  await page.getByRole('link', { name: 'weeks' }).click()
  await page.waitForURL(/range=30d&by=1w/)
  const table = page.getByRole('table', { name: 'PUE by weeks' })
  await expect
    .poll(() => table.getByRole('row').count())
    .toSatisfy((count: number) => count > 1 && count < 9)
  const rows = await table.getByRole('row').count()
  const saved = page.waitForEvent('download')
  await page.getByRole('button', { name: 'Save as CSV: By period' }).click()
  const download = await saved
  expect(download.suggestedFilename()).toMatch(/^plimsoll-pue-1w-\d{4}-\d\d-\d\d\.csv$/)
  const lines = readFileSync(await download.path(), 'utf8')
    .trim()
    .split('\r\n')
  expect(lines).toHaveLength(rows)
  expect(lines[0]).toContain('from,to,name,value,value_of_known,lo,hi,coverage')
  expect(lines[1]).toMatch(/iPUE3,1\.\d{6,}/)
})

it('meters: faulty and silent ones first, and the tree opens by keyboard', async () => {
  const { page } = await open('/energy')
  const trouble = page.getByRole('table', { name: 'Faulty and silent meters' })
  await trouble.waitFor()
  expect(await trouble.getByRole('row').nth(1).innerText()).toMatch(/utility-b[\s\S]*faulty/)
  expect(await trouble.getByRole('row').nth(2).innerText()).toMatch(/pdu-h1-r07-a[\s\S]*silent/)
  const tree = page.getByRole('table', { name: /^The tree of meters/ })
  expect(await tree.getByText('pdu-h1-r07-a').count()).toBe(0)
  await tree.getByRole('button', { name: 'Show what hangs on ups-a1' }).focus()
  await page.keyboard.press('Enter')
  await tree.getByText('pdu-h1-r07-a').waitFor()
  const rows = await tree.getByRole('row').allInnerTexts()
  const parent = rows.findIndex((row) => row.includes('ups-a1'))
  expect(rows[parent + 1]).toContain('pdu-h1-r07-a')
})

it('loops: the worst first with what to do, and silence is unknown, never the last good state', async () => {
  const { page } = await open('/cooling')
  const first = page.locator('section[aria-labelledby^="loop-"]').first()
  await first.waitFor()
  const text = plain(await first.innerText())
  expect(text).toMatch(/Hall 1 liquid[\s\S]*Alarm[\s\S]*since 6 min/)
  expect(text).toMatch(/Do this: Look for a stopped pump/)
  expect(text).toMatch(/12 min to slowdown at this rise/)
  expect(await first.getByRole('link', { name: 'h1-r03' }).getAttribute('href')).toBe(
    '/devices?hall=h1&rack=h1-r03',
  )
  const silent = page.getByRole('region', { name: /Hall 2 liquid/ })
  const told = plain(await silent.innerText())
  expect(told).toMatch(/cdu-6[\s\S]*Silent for 6 min: what it does is unknown/)
  expect(await silent.locator('dd.unknown.hatched').count()).toBeGreaterThan(0)
  const detector = page
    .getByRole('region', { name: /w1-liquid/ })
    .getByText('unavailable')
    .last()
  expect(await detector.locator('xpath=ancestor::li').getAttribute('class')).toMatch(/unknown/)
  const well = page.getByRole('region', { name: /West 2/ })
  expect(plain(await well.innerText())).toContain('Leak detectors: 4 dry')
  await well.locator('summary').focus()
  await page.keyboard.press('Enter')
  await well.getByText('Expected of its racks').waitFor()
})

it('loops whose answers stop are unknown, not what they were last, and are told again when answers come', async () => {
  const broken = new Set<string>()
  const { page, base } = await open('/pipeline', { broken })
  await page.clock.install({ time: Date.now() })
  await page.goto(`${base}/cooling`)
  const first = page.getByRole('region', { name: /Hall 1 liquid/ })
  await first.waitFor()
  const shade = async () => (await first.getAttribute('class')) ?? ''
  expect(await shade()).toMatch(/\balarm\b/)
  broken.add('facility/loops')
  await page.clock.fastForward(6_000)
  await page.getByRole('alert').waitFor()
  // One answer that failed is told; what was said seconds ago still holds.
  expect(await page.getByText('These states are old').count()).toBe(0)
  expect(await shade()).toMatch(/\balarm\b/)
  await page.clock.fastForward(30_000)
  await page.getByText('These states are old: how the loops are now is unknown.').waitFor()
  const shades = await page
    .locator('section[aria-labelledby^="loop-"]')
    .evaluateAll((cards) =>
      cards.map((card) =>
        ['alarm', 'warning', 'ok'].some((state) => card.classList.contains(state)),
      ),
    )
  expect(shades.length).toBeGreaterThan(2)
  expect(shades).not.toContain(true)
  broken.clear()
  await page.getByRole('alert').getByRole('button', { name: 'Try again' }).click()
  await page.getByText('These states are old').waitFor({ state: 'detached' })
  expect(await shade()).toMatch(/\balarm\b/)
})

it('a node leads to the loop of its rack', async () => {
  const { page } = await open('/nodes/h1-r01-n01')
  await page.getByRole('link', { name: 'Hall 1 liquid' }).click()
  await page.waitForURL(/\/cooling#loop-h1-liquid$/)
  await page.getByRole('region', { name: /Hall 1 liquid/ }).waitFor()
})

it.each(['/energy', '/cooling'])(
  '%s speaks Chinese, with nothing left in English',
  async (path) => {
    const { page } = await open(path, {}, { locale: 'zh-CN' })
    await page
      .getByText(path === '/energy' ? '电能去向' : '漏液检测')
      .first()
      .waitFor()
    const names =
      /^(iPUE|Hall|liquid|north|West|pump|leak|secondary|failed|unavailable|utility|offices|chiller|grid|operator|Vision|research|training|Speech|infra|pretrain|eval|sweep)$/
    expect(await leftInEnglish(page, names)).toEqual([])
  },
)
