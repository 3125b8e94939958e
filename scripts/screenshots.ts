/**
 * Small pictures of every page in both themes for docs/images, and docs/screens.md which shows them, from a demo that
 * runs: `bin/node24 scripts/screenshots.ts http://127.0.0.1:7780 [page ...]`. Larger ones of the first pages are for README.
 */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Browser, chromium } from 'playwright-core'

interface Shot {
  /** Also the file's name. */
  readonly name: string
  readonly path: string
  /** The first link of each kind is followed in turn: to a device, a job, an alert of the demo at hand. */
  readonly follow?: readonly string[]
}

const JOB = 'main table a[href^="/jobs/"]'
const DEVICE = 'main a[href^="/devices/"]'
const NODE = 'main a[href^="/nodes/"]'
const PAGES: readonly Shot[] = [
  { name: 'fleet', path: '/' },
  { name: 'wall', path: '/wall' },
  { name: 'loss', path: '/loss' },
  { name: 'jobs', path: '/jobs' },
  { name: 'job', path: '/jobs', follow: [JOB] },
  { name: 'thermal', path: '/thermal' },
  { name: 'energy', path: '/energy' },
  { name: 'cooling', path: '/cooling' },
  { name: 'alerts', path: '/alerts' },
  { name: 'alert', path: '/alerts', follow: ['main a[href^="/alerts/"]:has-text("[PAGE]")'] },
  { name: 'alerts-rules', path: '/alerts/rules' },
  { name: 'alerts-backtest', path: '/alerts/backtest' },
  { name: 'alerts-messages', path: '/alerts/messages' },
  { name: 'alerts-silences', path: '/alerts/silences' },
  { name: 'alerts-channels', path: '/alerts/channels' },
  { name: 'alerts-roster', path: '/alerts/roster' },
  { name: 'alerts-audit', path: '/alerts/audit' },
  { name: 'reports', path: '/reports' },
  { name: 'explore', path: '/explore' },
  { name: 'devices', path: '/devices' },
  { name: 'device', path: '/devices', follow: [DEVICE] },
  { name: 'node', path: '/devices', follow: [DEVICE, NODE] },
  { name: 'measured', path: '/measured?range=1h' },
  { name: 'numbers', path: '/numbers' },
  { name: 'inventory', path: '/inventory' },
  { name: 'collection', path: '/collection' },
  { name: 'pipeline', path: '/pipeline' },
  { name: 'settings', path: '/settings' },
  { name: 'kiosk', path: '/kiosk' },
]
const THEMES = ['light', 'dark'] as const
const IN_README: ReadonlySet<string> = new Set(['fleet', 'wall'])
const SETTLED_MS = 6_000
/** For a demo on a machine that has other work. */
const PATIENCE_MS = 120_000
const docs = join(import.meta.dirname, '../docs')
const folder = join(docs, 'images')

async function main(base: string, only: readonly string[]): Promise<void> {
  await mkdir(folder, { recursive: true })
  const executablePath = process.env['CHROMIUM'] ?? '/usr/bin/chromium'
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] })
  const shots = PAGES.filter(({ name }) => only.length === 0 || only.includes(name))
  for (const shot of shots)
    for (const theme of THEMES) {
      await take(browser, base, { shot, theme })
      console.log(`${shot.name} ${theme}`)
    }
  await browser.close()
  await writeFile(join(docs, 'screens.md'), overview())
}

async function take(
  browser: Browser,
  base: string,
  { shot, theme }: { readonly shot: Shot; readonly theme: (typeof THEMES)[number] },
): Promise<void> {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 860 },
    deviceScaleFactor: IN_README.has(shot.name) ? 1 : 0.5,
    colorScheme: theme,
    locale: 'en-GB',
  })
  const page = await context.newPage()
  page.setDefaultTimeout(PATIENCE_MS)
  await page.goto(base + shot.path)
  for (const link of shot.follow ?? []) {
    const from = page.url()
    await page.locator(link).first().click()
    await page.waitForURL((url) => url.href !== from)
  }
  // Figures come in one after the other; a live page is never idle.
  await page.waitForTimeout(SETTLED_MS)
  await page.locator('.skeleton:visible').first().waitFor({ state: 'detached' })
  await page.screenshot({ path: join(folder, `${shot.name}-${theme}.png`) })
  await context.close()
}

function overview(): string {
  const rows = PAGES.map(({ name }) => {
    const title = name.replace('-', ', ').replace(/^./, (letter) => letter.toUpperCase())
    const pictures = THEMES.map((theme) => `![${name}, ${theme}](images/${name}-${theme}.png)`)
    return `| ${title} | ${pictures.join(' | ')} |`
  })
  return `# Screens

Every page of the demo (2,048 simulated devices), made by \`bin/node24 scripts/screenshots.ts <address of a demo>\`.

| page | light | dark |
|---|---|---|
${rows.join('\n')}
`
}

const [base, ...only] = process.argv.slice(2)
if (base === undefined) {
  console.error(
    'give the address of a running demo: bin/node24 scripts/screenshots.ts http://127.0.0.1:7780',
  )
  process.exitCode = 1
} else await main(base, only)
