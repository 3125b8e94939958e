import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { z } from 'zod'

/** TEST ONLY. What each page of the built dashboard costs in JavaScript, from the build itself and without a browser. */

const dashboard = join(import.meta.dirname, '..')
const GENERATED = '.svelte-kit/generated/build/client-optimized'

const Manifest = z.record(
  z.string(),
  z.looseObject({ file: z.string(), imports: z.array(z.string()).default([]) }),
)
type Manifest = z.infer<typeof Manifest>

export interface PageCost {
  /** As the router has it: `/devices/[id]`. */
  readonly route: string
  /** Gzipped bytes of everything it needs. */
  readonly bytes: number
  /** Of that, what the first page has not loaded already. */
  readonly more: number
}

/** Costs of every route, the first page (`/`) first. Throws where there is no build. */
export function pageCosts(): readonly PageCost[] {
  const manifest = Manifest.parse(
    JSON.parse(
      readFileSync(join(dashboard, '.svelte-kit/output/client/.vite/manifest.json'), 'utf8'),
    ),
  )
  const app = readFileSync(join(dashboard, GENERATED, 'app.js'), 'utf8')
  const always = Object.keys(manifest).filter(
    (key) => /client\/(client-)?entry\.js$/.test(key) || key === `${GENERATED}/app.js`,
  )
  const layout = `${GENERATED}/nodes/0.js`
  const filesOf = (node: string) =>
    closure(manifest, [...always, layout, `${GENERATED}/nodes/${node}.js`])
  const first = filesOf(nodeOf(app, '/'))
  const routes = [...app.matchAll(/"(\/[^"]*)":\s*\[~?(\d+)/g)].map(
    ([, route = '', node = '']) => ({ route, node }),
  )
  return routes
    .map(({ route, node }) => {
      const files = filesOf(node)
      return { route, bytes: sizeOf(files), more: sizeOf(files.difference(first)) }
    })
    .toSorted((a, b) => Number(b.route === '/') - Number(a.route === '/'))
}

function nodeOf(app: string, route: string): string {
  const found = new RegExp(`"${route}":\\s*\\[~?(\\d+)`).exec(app)?.[1]
  if (found === undefined) throw new Error(`the build has no route ${route}`)
  return found
}

function closure(manifest: Manifest, keys: readonly string[]): ReadonlySet<string> {
  const files = new Set<string>()
  const visit = (key: string) => {
    const chunk = manifest[key]
    if (chunk === undefined) throw new Error(`the manifest has no ${key}`)
    if (files.has(chunk.file)) return
    files.add(chunk.file)
    for (const next of chunk.imports) visit(next)
  }
  for (const key of keys) visit(key)
  return files
}

const sizes = new Map<string, number>()
function sizeOf(files: ReadonlySet<string>): number {
  let sum = 0
  for (const file of files) {
    const path = join(dashboard, 'build', file)
    if (!sizes.has(path) && existsSync(path)) sizes.set(path, gzipSync(readFileSync(path)).length)
    sum += sizes.get(path) ?? 0
  }
  return sum
}

/** Built scripts in which a text stands. */
export function filesWith(text: string): readonly string[] {
  const folder = join(dashboard, 'build/_app')
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(
    (name) => name.endsWith('.js') && readFileSync(join(folder, name), 'utf8').includes(text),
  )
}
