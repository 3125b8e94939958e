/**
 * Small pictures of every page in both themes for docs/images, from a demo that runs: `bin/node24 scripts/screenshots.ts
 * http://127.0.0.1:7780`. Two larger ones of the first pages are for README.
 */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { chromium } from 'playwright-core'

const PAGES = {
  fleet: '/',
  wall: '/wall',
  loss: '/loss',
  jobs: '/jobs',
  thermal: '/thermal',
  energy: '/energy',
  cooling: '/cooling',
  alerts: '/alerts',
  'alerts-rules': '/alerts/rules',
  'alerts-channels': '/alerts/channels',
  'alerts-roster': '/alerts/roster',
  reports: '/reports',
  explore: '/explore',
  devices: '/devices',
  inventory: '/inventory',
  collection: '/collection',
  pipeline: '/pipeline',
  settings: '/settings',
  kiosk: '/kiosk',
} as const
const IN_README: ReadonlySet<string> = new Set(['fleet', 'wall'])
const SETTLED_MS = 6_000
const folder = join(import.meta.dirname, '../docs/images')

async function main(base: string): Promise<void> {
  await mkdir(folder, { recursive: true })
  const executablePath = process.env['CHROMIUM'] ?? '/usr/bin/chromium'
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] })
  for (const colorScheme of ['light', 'dark'] as const)
    for (const [name, path] of Object.entries(PAGES)) {
      const scale = IN_README.has(name) ? 1 : 0.5
      const context = await browser.newContext({
        viewport: { width: 1280, height: 860 },
        deviceScaleFactor: scale,
        colorScheme,
        locale: 'en-GB',
      })
      const page = await context.newPage()
      await page.goto(base + path)
      // Figures come in one after the other; a live page is never idle.
      await page.waitForTimeout(SETTLED_MS)
      await page.screenshot({ path: join(folder, `${name}-${colorScheme}.png`) })
      await context.close()
      console.log(`${name} ${colorScheme}`)
    }
  await browser.close()
}

const [base] = process.argv.slice(2)
if (base === undefined) {
  console.error(
    'give the address of a running demo: bin/node24 scripts/screenshots.ts http://127.0.0.1:7780',
  )
  process.exitCode = 1
} else await main(base)
