import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { describe, expect, it } from 'vitest'

/**
 * The house rules of DESIGN section 1 and STYLE section 3, checked on every file: who may import whom,
 * where each library lives, how long a file may be, and that nothing silences the compiler.
 */

const root = import.meta.dirname

function trackedFiles(): string[] {
  const listed = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
  })
  return listed.split('\n').filter((path) => path !== '' && existsSync(join(root, path)))
}

const sources = trackedFiles().filter(
  (path) => /\.(ts|svelte)$/.test(path) && !path.endsWith('.d.ts'),
)
const isTest = (path: string) => /\.(test|testing)\.ts$/.test(path) || path.includes('/testing/')

/** A file without its comments, so that prose is not taken for code. */
function code(path: string): string {
  return readFileSync(join(root, path), 'utf8').replaceAll(
    /\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/.*$/gm,
    '',
  )
}

interface Import {
  readonly from: string
  readonly to: string
}

function imports(path: string): Import[] {
  const text = code(path)
  const found: Import[] = []
  const pattern =
    /^\s*import\s*['"]([^'"]+)['"]|^(?:\s*(?:import|export)\b[^'"]*?|\})\s*from\s*['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]\s*\)/gm
  for (const match of text.matchAll(pattern)) {
    const to = match[1] ?? match[2] ?? match[3]
    if (to !== undefined) found.push({ from: path, to: resolveImport(path, to) })
  }
  return found
}

/** A path relative to the root for our own files, the bare specifier for packages. */
function resolveImport(path: string, specifier: string): string {
  if (specifier.startsWith('#schemas/')) return specifier.slice(1)
  if (specifier.startsWith('#lib/')) return `dashboard/src/lib/${specifier.slice(5)}`
  if (specifier.startsWith('.')) return normalize(join(dirname(path), specifier))
  return specifier
}

const all = sources.flatMap(imports)
const roleOf = (path: string) =>
  /^(schemas|collector|ingest|query|alerts|report|dashboard|demo|cli)\//.exec(path)?.[1] ?? null

/** role -> roles it may import besides itself. cli and demo stand with main.ts: they wire the rest. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  schemas: [],
  collector: ['schemas'],
  ingest: ['schemas'],
  query: ['schemas'],
  alerts: ['schemas'],
  report: ['schemas'],
  dashboard: ['schemas'],
  demo: ['schemas', 'collector', 'ingest'],
  cli: ['schemas', 'collector', 'ingest', 'query', 'alerts', 'report', 'demo'],
}

/** Each outside library has one home; a second importer is a second place to fix when it changes. */
const HOMES: Readonly<Record<string, RegExp>> = {
  '@nats-io/transport-node': /^ingest\/bus\//,
  '@nats-io/jetstream': /^ingest\/bus\//,
  '@clickhouse/client': /^ingest\/store\//,
  chdb: /^ingest\/engine\//,
  uplot: /^dashboard\/src\/lib\/chart\//,
  fastify: /^query\//,
  msgpackr: /^schemas\/wire/,
  'net-snmp': /^collector\/host-snmp/,
  nodemailer: /^alerts\/deliver\/relay/,
  'write-excel-file/node': /^report\/formats\/xlsx/,
  'modbus-serial': /^collector\/host-modbus/,
  'node:child_process': /^(collector\/host|ingest\/engine\/|scripts\/|cli\/)/,
}

describe('import directions', () => {
  it('a role imports contracts and itself, never a sibling', () => {
    const wrong = all.filter(({ from, to }) => {
      const [role, target] = [roleOf(from), roleOf(to)]
      if (role === null || target === null || role === target || isTest(from)) return false
      return !(ALLOWED[role] ?? []).includes(target)
    })
    expect(wrong).toEqual([])
  })

  it('schemas import zod and nothing else; only the wire codec may use msgpackr and zlib', () => {
    const wrong = all.filter(
      ({ from, to }) =>
        from.startsWith('schemas/') &&
        !isTest(from) &&
        !to.startsWith('schemas/') &&
        to !== 'zod' &&
        !(from.startsWith('schemas/wire') && (to === 'msgpackr' || to === 'node:zlib')),
    )
    expect(wrong).toEqual([])
  })

  it('a source imports contracts, the source contract, text formats, vendor tables and its own folder', () => {
    const wrong = all.filter(({ from, to }) => {
      const folder = /^collector\/sources\/[^/]+\//.exec(from)?.[0]
      if (folder === undefined || isTest(from)) return false
      const shared = /^collector\/(source|field-io)\.ts$|^collector\/(formats|vendors)\//.test(to)
      const own = to.startsWith(folder) || shared
      return roleOf(to) !== null && !own && !to.startsWith('schemas/')
    })
    expect(wrong).toEqual([])
  })

  it('every library has one home', () => {
    const wrong = all.filter(({ from, to }) => {
      const home = HOMES[to]
      return home !== undefined && !home.test(from) && !isTest(from) && !from.startsWith('bench/')
    })
    expect(wrong).toEqual([])
  })

  it('main.ts loads each command lazily, so a collector never loads fastify or the database', () => {
    const eager = readFileSync(join(root, 'main.ts'), 'utf8').match(/^import .*$/gm) ?? []
    expect(eager.filter((line) => /\.\/(collector|ingest|query|demo)\//.test(line))).toEqual([])
  })
})

describe('the manner', () => {
  it('no file is longer than 400 lines', () => {
    const long = sources
      .map((path) => [path, readFileSync(join(root, path), 'utf8').split('\n').length - 1] as const)
      .filter(([, lines]) => lines > 400)
    expect(long).toEqual([])
  })

  it('nothing silences the compiler or the linter', () => {
    const escape =
      /(:\s*any\b|\bas any\b|<any>|@ts-ignore|@ts-expect-error|@ts-nocheck|as unknown as|(ox|es)lint-disable)/
    const wrong = sources
      .filter((path) => path !== 'architecture.test.ts')
      .filter((path) => escape.test(code(path)))
    expect(wrong).toEqual([])
  })

  it('no test is switched off or singled out', () => {
    const wrong = sources
      .filter((path) => isTest(path) && path !== 'architecture.test.ts')
      .filter((path) =>
        /\b(it|test|describe)\.(skip|todo|only)\(|\bx(it|describe)\(/.test(
          readFileSync(join(root, path), 'utf8'),
        ),
      )
    expect(wrong).toEqual([])
  })

  it('no folder is a dumping ground', () => {
    const wrong = sources.filter((path) =>
      /(^|\/)(utils?|helpers?|common|shared|misc)(\/|\.)/.test(path),
    )
    expect(wrong).toEqual([])
  })

  it('one package, one manifest, and a lock file without download hosts', () => {
    expect(trackedFiles().filter((path) => path.endsWith('package.json'))).toEqual(['package.json'])
    expect(readFileSync(join(root, 'package-lock.json'), 'utf8')).not.toMatch(/"resolved": "http/)
  })
})
