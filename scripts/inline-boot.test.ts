import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import { pageTable, withBoot } from './inline-boot.ts'

const boot = readFileSync(join(import.meta.dirname, '../dashboard/static/boot.js'), 'utf8')
const HTML = '<head><script src="/boot.js"></script></head>'
const file = (name: string) => `_app/immutable/${name}`
const start = new Set([file('start.js'), file('start.css')])
const page = (route: string, names: readonly string[]) => ({
  route,
  files: new Set([...start, ...names.map(file)]),
})
const table = pageTable(start, [
  page('/', ['fleet.js', 'fleet.css', 'shared.js']),
  page('/devices/[id]', ['device.js', 'shared.js']),
  page('/devices', ['devices.js']),
])

/** What the script in the page asks for at an address. */
function askedAt(pathname: string): readonly string[] {
  const code = /<script>([\s\S]*)<\/script>/.exec(withBoot(HTML, boot, table))?.[1] ?? ''
  const links: { rel?: string; href?: string }[] = []
  runInNewContext(code, {
    Intl,
    location: { pathname },
    navigator: { language: 'en' },
    localStorage: { getItem: () => null },
    document: {
      documentElement: { dataset: {} },
      createElement: () => ({}),
      head: { append: (link: object) => links.push(link) },
    },
  })
  return links.map(({ rel, href }) => `${rel} ${href}`)
}

describe('files of a page', () => {
  it('are asked for before the start runs, without those that the start has', () => {
    expect(askedAt('/')).toEqual([
      'modulepreload /_app/immutable/fleet.js',
      'preload /_app/immutable/fleet.css',
      'modulepreload /_app/immutable/shared.js',
    ])
  })

  it('are found for a page with a name in its address, and none for an address that is no page', () => {
    expect(askedAt('/devices/9d2a')).toEqual([
      'modulepreload /_app/immutable/device.js',
      'modulepreload /_app/immutable/shared.js',
    ])
    expect(askedAt('/devices')).toEqual(['modulepreload /_app/immutable/devices.js'])
    expect(askedAt('/gone')).toEqual([])
  })
})

it('a page or a script that is not as it is known fails the build', () => {
  expect(() => withBoot('<head></head>', boot, table)).toThrow('index.html')
  expect(() => withBoot(HTML, 'nothing', table)).toThrow('boot.js')
})
