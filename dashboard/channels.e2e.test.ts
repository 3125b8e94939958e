import { expect, it } from 'vitest'
import { OverrideRequest } from '#schemas/api-roster.ts'
import { expectReadable } from './testing/accessibility.ts'
import { useBrowser } from './testing/browser.ts'

/** Channels and the roster in a real browser; needs `npm run build` and Chromium (scripts/test.ts sees to both). */

const open = useBrowser()
/** Numbers and their units stand beside each other with a narrow space that does not break. */
const plain = (text: string) => text.replaceAll('\u202f', ' ')

const PAGES = [
  ['/alerts/channels', 'en-GB', 'trouble', 'Undelivered messages'],
  ['/alerts/channels', 'zh-CN', 'none', '没有任何渠道'],
  ['/alerts/roster', 'en-GB', 'none', 'Nobody is on call'],
  ['/alerts/roster', 'zh-CN', 'trouble', '今后四周'],
] as const

it.each(PAGES)(
  '%s in %s, %s: is complete, complains of nothing, is readable in both themes (AA) and fits a phone',
  async (path, locale, channels, text) => {
    const { page, complaints } = await open(path, { channels }, { locale })
    await page.getByText(text).first().waitFor()
    expect(complaints).toEqual([])
    await expectReadable(page)
  },
)

it('channels tell what leads there and what fails; a test says what became of it', async () => {
  const { page } = await open('/alerts/channels')
  const chat = page.getByRole('row', { name: /^ops-chat/ })
  await chat.waitFor()
  const text = plain(await chat.innerText())
  expect(text).toMatch(/variable FEISHU_HOOK[\s\S]*file \/run\/secrets\/feishu[\s\S]*line 17/)
  expect(text).toMatch(/pages that on-call did not take[\s\S]*notices to videogen-\*, atlas/)
  expect(text).toMatch(
    /refused 4 min ago[\s\S]*502[\s\S]*6 failed[\s\S]*1 undelivered[\s\S]*41 of 60/,
  )
  expect(await page.getByRole('button', { name: 'Send a test to old-hook' }).isDisabled()).toBe(
    true,
  )
  await page.getByRole('button', { name: 'Send a test to on-call' }).click()
  await page.getByText(/^Accepted after 420/).waitFor()
  await page.getByRole('button', { name: 'Send a test to ops-chat' }).click()
  await page.getByText('Not accepted: answered 502: bad gateway').waitFor()
  await page.getByRole('button', { name: /^Replay: \[WARN\]/ }).click()
  await page.getByText('1 message is tried again.').waitFor()
})

it('deliveries keep their filter in the address and go on to older ones', async () => {
  const { page } = await open('/alerts/channels?outcome=failed')
  const log = page.getByRole('region', { name: 'Deliveries' })
  await log.getByText('attempt 3').waitFor()
  expect(await log.getByRole('row').count()).toBe(2)
  await log.getByLabel('Outcome').selectOption('')
  await page.waitForURL(/\/alerts\/channels$/)
  await log.getByText('instead of on-call').waitFor()
  expect(await log.getByRole('row').count()).toBe(21)
  await log.getByRole('button', { name: 'Older' }).click()
  await expect.poll(() => log.getByRole('row').count()).toBe(41)
})

it('somebody is put on call by keyboard, in the time of the site, and taken off again', async () => {
  const { page } = await open('/alerts/roster', {}, { timezoneId: 'America/New_York' })
  await page.getByText('by rotation').first().waitFor()
  await page.getByLabel('Person').selectOption('Ada')
  await page.getByLabel('Ends').fill('2099-01-02T09:00')
  const asked = page.waitForRequest((request) => request.method() === 'POST')
  await page.getByLabel('Ends').press('Enter')
  const request = OverrideRequest.parse((await asked).postDataJSON())
  expect(request).toEqual({ person: 'Ada', to_ms: Date.parse('2099-01-02T09:00:00+08:00') })
  await page.getByText(/^Ada is on call until/).waitFor()
  await page.getByRole('button', { name: 'End the override for Ada now' }).click()
  await page.getByText('over', { exact: true }).waitFor()
})

it('a drill asks first, then tells who took it and who answered', async () => {
  const { page } = await open('/alerts/roster')
  await page.getByRole('button', { name: 'Start a drill' }).click()
  await page.getByText('This wakes who is on call.').waitFor()
  await page.getByRole('button', { name: 'Wake them' }).click()
  await page.getByText('Acknowledged by wang').waitFor()
  expect(plain(await page.getByRole('region', { name: 'Drill' }).innerText())).toMatch(
    /on-call[\s\S]*after 900 ms[\s\S]*after 1 min/,
  )
})

it('what cannot be loaded is named', async () => {
  const broken = new Set(['alerts/channels'])
  const { page } = await open('/alerts/channels', { broken })
  await page.getByRole('alert').getByText('E_STORE_AWAY').waitFor()
})
