import { describe, expect, it } from 'vitest'
import { expectReadable, leftInEnglish } from './testing/accessibility.ts'
import { goTo, useBrowser } from './testing/browser.ts'

/**
 * The built dashboard in a real browser, against made-up answers that follow the contract. Needs
 * `npm run build` and Chromium; scripts/test.ts sees to both.
 */

const open = useBrowser()

const PAGES = [
  ['/', 'Fleet busy'],
  ['/devices', '2,048 devices'],
  ['/devices/9000000000000003', 'Faults and events'],
  ['/collection', 'What is read in an output?'],
  ['/nodes/h1-r01-n01', 'Links and ports'],
  ['/errors', 'E_STORE_AWAY'],
  ['/measured?cluster=east&pool=train', 'The ladder'],
] as const

describe('every page', () => {
  it.each(PAGES)(
    '%s names everything, asks no other host, complains of nothing, is readable in both themes (AA) and fits a phone',
    async (path, text) => {
      const { page, complaints } = await open(path)
      await page.getByText(text).first().waitFor()
      await page.getByText('Simulated').first().waitFor()
      await expectReadable(page)
      expect(complaints).toEqual([])
    },
  )
})

describe('the first page', () => {
  it('says utilization, its bounds, coverage and zone in words; the chart is drawn, and read by arrow keys', async () => {
    const { page } = await open('/')
    const now = page.getByRole('region', { name: /Fleet busy/ })
    await now.waitFor()
    const text = (await now.innerText()).replaceAll('\u202f', ' ')
    expect(text).toMatch(/\d\d\.\d\s*%/)
    expect(text).toMatch(
      /The true value lies between \d\d\.\d % and \d\d\.\d %: \d\d\.\d % of device time is known/,
    )
    expect(text).toMatch(/OK|Ticket|Watch|Warn|Danger|No verdict/)
    await page.getByText('2,021 of 2,048').waitFor()
    const chart = page.getByRole('slider', { name: /^Utilization, last 24 hours/ })
    await chart.waitFor()
    const painted = await chart.locator('canvas').evaluate((canvas) => {
      if (!(canvas instanceof HTMLCanvasElement)) return 0
      const { data } = canvas.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height) ?? {
        data: [],
      }
      return data.filter((value, at) => at % 4 === 3 && value > 0).length
    })
    expect(painted).toBeGreaterThan(5_000)
    await chart.focus()
    const before = await chart.getAttribute('aria-valuetext')
    await page.keyboard.press('Home')
    await expect.poll(() => chart.getAttribute('aria-valuetext')).not.toBe(before)
    expect(await chart.getAttribute('aria-valuenow')).toBe('0')
  })

  it('a missing figure is a dash with its reason, never a zero', async () => {
    const { page } = await open('/?by=hall')
    const row = page.getByRole('row', { name: /w2/ })
    await row.waitFor()
    const power = row.getByRole('cell').last()
    expect(await power.innerText()).toContain('—')
    expect(await power.locator('.missing').getAttribute('title')).toBe(
      'no device in this group reports power',
    )
    await page.goto(`${page.url().split('?')[0]}devices?node=h1-r01-n06`)
    const silent = page.getByRole('row', { name: /silent/ })
    await silent.waitFor()
    expect(await silent.innerText()).not.toMatch(/\b0(\.0)?\s?%/)
  })

  it('range, grouping and sorting live in the address, and back works', async () => {
    const { page } = await open('/')
    await page.getByRole('link', { name: '7 days' }).click()
    await page.getByRole('slider', { name: /last 7 days/ }).waitFor()
    await page.getByRole('link', { name: 'Model' }).click()
    await page.getByRole('row', { name: /Ascend 910C/ }).waitFor()
    expect(page.url()).toMatch(/range=7d&by=model/)
    await page.reload()
    await page.getByRole('row', { name: /Ascend 910C/ }).waitFor()
    await page.getByRole('row', { name: /H200/ }).getByRole('link').first().click()
    await page.getByText('512 devices').waitFor()
    await page.goBack()
    await page.getByRole('slider', { name: /last 7 days/ }).waitFor()
  })

  it('the incident is played from the banner and its caption is shown on every page', async () => {
    const { page } = await open('/')
    await page.getByRole('button', { name: 'Play the incident' }).click()
    await page.getByText('A coolant loop in hall h1').waitFor()
    await goTo(page, 'Collection')
    await page.getByRole('heading', { level: 1, name: 'Collection' }).waitFor()
    expect(await page.getByText('A coolant loop in hall h1').isVisible()).toBe(true)
  })
})

/** Models and tenants are called the same in every language. */
const NAMES = /^(Ascend|Core|Plimsoll|[Vv]ideogen|east|pretrain|rank|search|west)$/

describe('language and colours', () => {
  it('switch without a reload and are remembered', async () => {
    const { page } = await open('/')
    await page.getByRole('button', { name: '切换到中文' }).click()
    await page.getByText('机群忙碌率').waitFor()
    expect(await page.evaluate(() => document.documentElement.lang)).toBe('zh-CN')
    await page.getByRole('button', { name: /^配色/ }).click()
    await page.getByRole('button', { name: /^配色/ }).click()
    expect(await page.evaluate(() => document.documentElement.dataset['theme'])).toBe('dark')
    await page.reload()
    await page.getByText('机群忙碌率').waitFor()
    expect(await page.evaluate(() => document.documentElement.dataset['theme'])).toBe('dark')
  })

  it('a Chinese browser gets Chinese from the first page on, with nothing left in English', async () => {
    const { page } = await open('/', {}, { locale: 'zh-CN' })
    await page.getByText('机群忙碌率').waitFor()
    await page.getByRole('row', { name: /east/ }).waitFor()
    expect(await leftInEnglish(page, NAMES)).toEqual([])
  })
})

describe('when something is wrong', () => {
  it('a failed answer names its code, leads to its page and can be asked again', async () => {
    const broken = new Set(['fleet/series'])
    const { page } = await open('/', { broken })
    const alert = page.getByRole('alert')
    await alert.waitFor()
    expect(await alert.innerText()).toContain('E_STORE_AWAY')
    expect(await alert.getByRole('link').getAttribute('href')).toBe('/errors#e_store_away')
    broken.clear()
    await alert.getByRole('button', { name: 'Try again' }).click()
    await page.getByRole('slider', { name: /^Utilization/ }).waitFor()
    expect(await page.getByRole('alert').count()).toBe(0)
  })

  it('a lost live stream is said in words, and the figures stay', async () => {
    const { page, stopServer } = await open('/')
    await page.getByText('2,021 of 2,048').waitFor()
    await stopServer()
    await page
      .getByText(/Connection lost/)
      .first()
      .waitFor()
    expect(await page.getByText('2,021 of 2,048').isVisible()).toBe(true)
  })

  it('an unknown device and an unknown address say so', async () => {
    const { page, base } = await open('/devices/1')
    await page.getByText('E_DEVICE_UNKNOWN').waitFor()
    await page.goto(`${base}/nowhere`)
    await page.getByText('There is no page at this address.').waitFor()
  })

  it('a session is asked for, a wrong token refused, and the page asked for comes next', async () => {
    const { page } = await open('/collection', { loginNeeded: true })
    await page.getByLabel('Token').fill('wrong')
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByText('This token is not accepted').waitFor()
    await page.getByLabel('Token').fill('stub-token')
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByRole('heading', { level: 1, name: 'Collection' }).waitFor()
    await page.getByRole('button', { name: 'Sign out' }).waitFor()
  })
})

describe('the collection page', () => {
  it('lists what failed first, why and what to do; missing fields open by keyboard, with the version they were last seen under', async () => {
    const { page } = await open('/collection')
    const table = page.getByRole('table', { name: 'Targets: failed first' })
    const first = table.getByRole('row').nth(1)
    await first.waitFor()
    const text = await first.innerText()
    expect(text).toContain('failed')
    expect(text).toContain('timeout')
    expect(text).toContain('The target did not answer in time')
    const vanished = page.locator('summary', { hasText: '1 vanished' })
    await vanished.focus()
    await page.keyboard.press('Enter')
    await page.getByText(/last seen 2.d ago, version 4\.4\.1/).waitFor()
  })

  it('a filter lives in the address, and a source leads to its targets', async () => {
    const { page } = await open('/collection')
    await page.getByRole('link', { name: 'npu-smi' }).click()
    await page.waitForURL(/source=npu-smi/)
    expect(await page.getByLabel('Source').first().inputValue()).toBe('npu-smi')
    await page.getByLabel('only with trouble').check()
    await page.waitForURL(/troubled=true/)
  })

  it('the matrix says which metric each source and each model gives; a pasted output shows what was rejected and why', async () => {
    const { page } = await open('/collection')
    const matrix = page.getByRole('table', { name: /^Coverage matrix/ })
    await matrix.waitFor()
    const energy = matrix.getByRole('row', { name: /^Energy/ })
    expect(await energy.innerText()).toContain('expected and absent on 12 targets')
    expect(await matrix.getByRole('row').count()).toBeGreaterThan(50)
    await page.getByRole('link', { name: 'by model' }).click()
    await matrix.getByRole('columnheader', { name: /Ascend 910B/ }).waitFor()
    await page.getByLabel('Output', { exact: true }).fill('DCGM_FI_DEV_GPU_UTIL{gpu="0"} 98')
    await page.getByRole('button', { name: 'Read it' }).click()
    await page.getByText('Read as dcgm-exporter: 1 device').waitFor()
    await page.getByText('out_of_range').last().waitFor()
    const row = page.getByRole('row', { name: /GPU-1f6f0a5e/ })
    expect((await row.innerText()).replaceAll('\u202f', ' ')).toContain('98.0 %')
  })
})

describe('the page of a node', () => {
  it('is reached from a target and tells what jobs wait for, links with flaps, and versions with dates', async () => {
    const { page } = await open('/collection')
    await page.getByRole('link', { name: 'h1-r01-n01', exact: true }).click()
    await page.getByRole('heading', { level: 1, name: 'h1-r01-n01' }).waitFor()
    const port = page.getByRole('row', { name: /mlx5_2\/1/ }).first()
    expect(await port.innerText()).toMatch(/down[\s\S]*14[\s\S]*862/)
    const old = page.getByRole('row', { name: /535\.216\.03/ })
    expect(await old.innerText()).not.toContain('now')
    await page.getByRole('slider', { name: /^Load, 1 min/ }).waitFor()
    await page.getByRole('link', { name: '#0' }).first().click()
    await page.getByRole('heading', { name: 'Faults and events' }).waitFor()
  })

  it('events say in Chinese what happened and what to do next', async () => {
    const { page } = await open('/nodes/h1-r01-n01', {}, { locale: 'zh-CN' })
    await page.getByText('链路 mlx5_2/1 断开').waitFor()
    await page.getByText('检查线缆、光模块和对端交换机端口。').waitFor()
    await page.getByText('下一步怎么做').waitFor()
  })

  it('a name nobody knows is said so', async () => {
    const { page } = await open('/nodes/nope')
    await page.getByText('E_NODE_UNKNOWN').waitFor()
  })
})

describe('the device page', () => {
  it('charts what moves, with cursors that move together; tells what stands still, and lists what is missing with its reason', async () => {
    const { page } = await open('/devices/9000000000000003')
    await page.getByRole('slider', { name: /^Temperature: latest/ }).waitFor()
    expect(await page.getByRole('slider').count()).toBeGreaterThan(10)
    const chart = page.getByRole('slider', { name: /^Busy: latest/ })
    const other = page.getByRole('slider', { name: /^Temperature: latest/ })
    // One that is not drawn yet has no cursor to move.
    const pressed = async () => {
      await chart.focus()
      await page.keyboard.press('Home')
      return other.evaluate((slider) => [slider.ariaValueNow, slider.ariaValueMin])
    }
    await expect
      .poll(pressed, { timeout: 10_000 })
      .toSatisfy(([now, min]) => now === min && (min === '0' || min === '1'))
    await page.getByText('80.0').first().waitFor()
    await page.getByText(/Not measured on this device/).click()
    expect(await page.getByText('needs DCGM profiling fields').first().isVisible()).toBe(true)
  })

  it('a silent device is unknown since its last sample, not idle', async () => {
    const { page } = await open('/devices/9000000000000041')
    await page.getByText('the device is unknown since, not idle').waitFor()
  })
})
