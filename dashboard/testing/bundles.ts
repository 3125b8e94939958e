import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { builtPages } from '../../scripts/bundle-manifest.ts'

/** TEST ONLY. What each page of the built dashboard costs in JavaScript, from the build itself and without a browser. */

const dashboard = join(import.meta.dirname, '..')

export interface PageCost {
  /** As the router has it: `/devices/[id]`. */
  readonly route: string
  /** Gzipped bytes of everything it needs, with the scripts in index.html. */
  readonly bytes: number
  /** Of that, what the first page has not loaded already. */
  readonly more: number
}

/** Costs of every route, the first page (`/`) first. Throws where there is no build. */
export function pageCosts(): readonly PageCost[] {
  const { pages } = builtPages(dashboard)
  const first = filesOf('/')
  const inline = inlineSize()
  return pages
    .map(({ route, files }) => ({
      route,
      bytes: inline + sizeOf(files),
      more: sizeOf(files.difference(first)),
    }))
    .toSorted((a, b) => Number(b.route === '/') - Number(a.route === '/'))
}

/** Scripts and styles that a page needs. */
export function filesOf(route: string): ReadonlySet<string> {
  const found = builtPages(dashboard).pages.find((page) => page.route === route)
  if (found === undefined) throw new Error(`the build has no page ${route}`)
  return found.files
}

function inlineSize(): number {
  const html = readFileSync(join(dashboard, 'build/index.html'), 'utf8')
  const scripts = [...html.matchAll(/<script>([\s\S]*?)<\/script>/g)].map(([, code = '']) => code)
  return gzipSync(scripts.join('\n')).length
}

const sizes = new Map<string, number>()
function sizeOf(files: ReadonlySet<string>): number {
  let sum = 0
  for (const file of files) {
    if (!file.endsWith('.js')) continue
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
