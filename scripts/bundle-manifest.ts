import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'

/** What the dashboard was built into: which files each of its pages needs, by Vite's manifest and SvelteKit's table of routes. */

const GENERATED = '.svelte-kit/generated/build/client-optimized'
const LAYOUT = `${GENERATED}/nodes/0.js`

const Manifest = z.record(
  z.string(),
  z.looseObject({
    file: z.string(),
    imports: z.array(z.string()).default([]),
    css: z.array(z.string()).default([]),
  }),
)
type Manifest = z.infer<typeof Manifest>

export interface PageFiles {
  /** As the router has it: `/devices/[id]`. */
  readonly route: string
  /** Scripts and styles of the start and of the page, below the build's folder. */
  readonly files: ReadonlySet<string>
}

/** Files of the start, which every page needs, and of every route. `dashboard` is its folder. Throws where there is no build. */
export function builtPages(dashboard: string): {
  readonly start: ReadonlySet<string>
  readonly pages: readonly PageFiles[]
} {
  const manifest = Manifest.parse(
    JSON.parse(
      readFileSync(join(dashboard, '.svelte-kit/output/client/.vite/manifest.json'), 'utf8'),
    ),
  )
  const app = readFileSync(join(dashboard, GENERATED, 'app.js'), 'utf8')
  const always = Object.keys(manifest).filter(
    (key) => /client\/(client-)?entry\.js$/.test(key) || key === `${GENERATED}/app.js`,
  )
  const start = closure(manifest, [...always, LAYOUT])
  const pages = [...app.matchAll(/"(\/[^"]*)":\s*\[~?(\d+)/g)].map(([, route = '', node = '']) => ({
    route,
    files: closure(manifest, [...always, LAYOUT, `${GENERATED}/nodes/${node}.js`]),
  }))
  return { start, pages }
}

/** Files that some entries load before they run. */
function closure(manifest: Manifest, keys: readonly string[]): ReadonlySet<string> {
  const seen = new Set<string>()
  const files = new Set<string>()
  const visit = (key: string) => {
    const chunk = manifest[key]
    if (chunk === undefined) throw new Error(`the manifest has no ${key}`)
    if (seen.has(key)) return
    seen.add(key)
    for (const file of [chunk.file, ...chunk.css]) files.add(file)
    for (const next of chunk.imports) visit(next)
  }
  for (const key of keys) visit(key)
  return files
}
