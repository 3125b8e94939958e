/**
 * Builds the dashboard into dashboard/build, only when its sources are not the ones it was built from (a hash over every
 * source file is stored beside the build) or a compressed file is missing. Prints one line. `--force` builds anyway.
 */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { builtPages } from './bundle-manifest.ts'
import { compressAssets, isCompressed } from './compress-assets.ts'
import { pageTable, withBoot } from './inline-boot.ts'

const root = join(import.meta.dirname, '..')
const dashboard = join(root, 'dashboard')
const stampPath = join(dashboard, 'build', '.built-from')

/** Everything that can change the build: the app, the contracts it imports, the versions it is built with. */
const SOURCES = ['dashboard/src', 'dashboard/static', 'schemas']
const FILES = [
  'dashboard/vite.config.ts',
  'dashboard/chunks.ts',
  'scripts/bundle-manifest.ts',
  'scripts/compress-assets.ts',
  'scripts/inline-boot.ts',
  'package-lock.json',
  'docs/errors.md',
  'docs/pipeline.md',
]

function filesUnder(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.endsWith('.test.ts'))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
}

function sourcesHash(): string {
  const hash = createHash('sha256')
  const files = [
    ...SOURCES.flatMap((folder) => filesUnder(join(root, folder))),
    ...FILES.map((file) => join(root, file)).filter((file) => existsSync(file)),
  ]
  for (const file of files) {
    hash.update(`${relative(root, file)}\0`)
    hash.update(readFileSync(file))
  }
  return hash.digest('hex')
}

function isBuiltFrom(hash: string): boolean {
  return (
    existsSync(join(dashboard, 'build', 'index.html')) &&
    existsSync(stampPath) &&
    readFileSync(stampPath, 'utf8') === hash &&
    isCompressed(join(dashboard, 'build'))
  )
}

/** One request less before anything is drawn, and the page's own files beside those of the start. */
function inlineBoot(): void {
  const build = join(dashboard, 'build')
  const { start, pages } = builtPages(dashboard)
  const index = join(build, 'index.html')
  const boot = readFileSync(join(build, 'boot.js'), 'utf8')
  writeFileSync(index, withBoot(readFileSync(index, 'utf8'), boot, pageTable(start, pages)))
  rmSync(join(build, 'boot.js'))
}

async function main(): Promise<number> {
  const hash = sourcesHash()
  if (!process.argv.includes('--force') && isBuiltFrom(hash)) {
    console.log('dashboard: up to date')
    return 0
  }
  process.stdout.write('dashboard: building ... ')
  const startedMs = performance.now()
  // SvelteKit resolves its options and its routes from the working directory.
  const vite = join(root, 'node_modules', 'vite', 'bin', 'vite.js')
  const built = spawnSync(process.execPath, [vite, 'build', '--logLevel', 'warn'], {
    cwd: dashboard,
    encoding: 'utf8',
  })
  if (built.status !== 0) {
    console.log('failed')
    console.error(`${built.stdout}${built.stderr}`)
    return 1
  }
  inlineBoot()
  await compressAssets(join(dashboard, 'build'))
  writeFileSync(stampPath, hash)
  console.log(`done in ${((performance.now() - startedMs) / 1000).toFixed(1)} s`)
  return 0
}

process.exitCode = await main()
