import { mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ParseResult } from '#schemas/parse-result.ts'
import { writeExporterPage } from '../collector/sources/dcgm-exporter/simulate.ts'
import { connectBus } from '../ingest/bus/connect.ts'
import { startNatsServer } from '../ingest/bus/nats-server.testing.ts'
import { ensureStreams } from '../ingest/bus/streams.ts'
import { COMMANDS } from './commands.ts'
import { gpuNode, readPage } from './page-values.testing.ts'
import { freePort, runPlimsoll, startPlimsoll, tempFolder } from './process.testing.ts'

/** The command as a person types it: what it prints where, and its exit code. */

let folder: Awaited<ReturnType<typeof tempFolder>>
beforeAll(async () => {
  folder = await tempFolder()
})
afterAll(() => folder.remove())

const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined }
const inFolder = (name: string) => join(folder.path, name)
const DOCS = /^ {2}more: docs\/errors\.md#(e_[a-z_]+)$/m

describe('help', () => {
  it.each(COMMANDS.map(({ name }) => name))('plimsoll %s --help ends with 0', async (name) => {
    const help = await runPlimsoll([name, '--help'])
    expect(help).toMatchObject({ code: 0, stderr: '' })
    expect(help.stdout).toContain(`plimsoll ${name}`)
    const command = COMMANDS.find((each) => each.name === name)
    for (const option of Object.keys(command?.options ?? {}))
      expect(help.stdout).toContain(`--${option}`)
  })

  it('without a command the overview is printed, and that is a usage error', async () => {
    const [bare, asked] = [await runPlimsoll([]), await runPlimsoll(['--help'])]
    expect([bare.code, asked.code]).toEqual([2, 0])
    expect(bare.stdout).toBe(asked.stdout)
    for (const { name } of COMMANDS) expect(bare.stdout).toContain(`  ${name} `)
  })
})

describe('mistakes', () => {
  it.each([
    ['an unknown command', ['colect']],
    ['an unknown option', ['all', '--prot', '1']],
    ['a word too many', ['collector', '--target', 'a:9400', 'b:9400']],
    ['a missing argument', ['token', 'revoke']],
    ['a number out of range', ['demo', '--devices', '1']],
    ['targets in two places', ['collector', '--config', 'x.yaml', '--target', 'a:9400']],
    ['a role without what it needs', ['ingest']],
  ])('%s is one line, its page and exit code 2', async (_, args) => {
    const result = await runPlimsoll(args)
    expect(result).toMatchObject({ code: 2, stdout: '' })
    expect(result.stderr.trimEnd().split('\n')).toHaveLength(2)
    expect(result.stderr).toMatch(/^E_USAGE: \S/)
    expect(DOCS.exec(result.stderr)?.[1]).toBe('e_usage')
  })

  it('every page that an error names is there', async () => {
    const page = await readFile(join(import.meta.dirname, '..', 'docs', 'errors.md'), 'utf8')
    expect(page.toLowerCase()).toContain('## e_usage')
  })
})

describe('parse', () => {
  const page = writeExporterPage(gpuNode('h1-r01-n01', 2))

  it('gives JSON of the contract when piped, the source detected', async () => {
    const result = await runPlimsoll(['parse'], { input: page })
    expect(result).toMatchObject({ code: 0, stderr: '' })
    const parsed = ParseResult.parse(JSON.parse(result.stdout))
    expect(parsed).toMatchObject({ source: 'dcgm-exporter', outcome: 'ok', rejected: [] })
    const expected = readPage(page)
    expect(parsed.devices.map(({ uuid }) => uuid)).toEqual([...expected.keys()])
    for (const { uuid = '', metrics } of parsed.devices) {
      const known = Object.entries(metrics).filter(([, value]) => value !== null)
      expect(Object.fromEntries(known)).toEqual(expected.get(uuid))
    }
  })

  it('gives a table on demand, and reads a file', async () => {
    await writeFile(inFolder('page.prom'), page)
    const result = await runPlimsoll(['parse', '--table', '--file', inFolder('page.prom')])
    expect(result.code).toBe(0)
    expect(result.stdout).toMatch(/dcgm-exporter: ok, 2 devices[^]*GPU-[^]*300\.1 W/)
    expect(() => JSON.parse(result.stdout)).toThrow(SyntaxError)
  })

  it.each([
    ['nothing', ''],
    ['text of another tool', 'Filesystem 1K-blocks Used\n/dev/vda 1 2\n'],
    ['bytes', '\u0000\u0001\u0002'],
  ])('of %s says that nobody knows it', async (_, input) => {
    const result = await runPlimsoll(['parse'], { input })
    expect(result).toMatchObject({ code: 1, stdout: '' })
    expect(result.stderr).toMatch(/^E_PARSE_UNKNOWN: .*dcgm-exporter, .*npu-smi-watch, npu-smi, /)
  })

  it('of a file that is not there is a usage error', async () => {
    const result = await runPlimsoll(['parse', '--file', inFolder('nowhere')])
    expect(result).toMatchObject({ code: 2, stdout: '' })
  })
})

describe('config check', () => {
  it('says what a good file means', async () => {
    const file = inFolder('good.yaml')
    await writeFile(
      file,
      "sources:\n  dcgm-exporter:\n    targets: ['h2-r[01-02]-n[01-04]:9400']\n",
    )
    const result = await runPlimsoll(['config', 'check', file])
    expect(result).toMatchObject({ code: 0, stderr: '' })
    expect(result.stdout).toMatch(/8 targets[^]*h2-r02-n04[^]*is fine/)
  })

  it('names file and line of every mistake', async () => {
    const file = inFolder('bad.yaml')
    await writeFile(file, 'sources:\n  dcgm-exporter:\n    interval: 7s\n    intervall: 5s\n')
    const result = await runPlimsoll(['config', 'check', file])
    expect(result).toMatchObject({ code: 1, stdout: '' })
    expect(result.stderr).toContain('E_CONFIG_INVALID')
    expect(result.stderr).toContain(`${file}:3:`)
    expect(result.stderr).toMatch(/bad\.yaml:4:\d+: .*intervall.*did you mean "interval"/)
  })

  it('of a file that is not there names it', async () => {
    const result = await runPlimsoll(['config', 'check', inFolder('nowhere.yaml')])
    expect(result).toMatchObject({ code: 1 })
    expect(result.stderr).toMatch(/^E_CONFIG_MISSING: .*nowhere\.yaml/)
  })
})

describe('token', () => {
  it('is shown once, stored hashed for its owner only, listed and revoked', async () => {
    const token = (...args: string[]) => runPlimsoll(['token', ...args, '--data', folder.path])
    const added = await token('add', '--name', 'alice', '--role', 'operate', '--days', '7')
    expect(added.code).toBe(0)
    const secret = added.stdout.trim()
    expect(secret).toMatch(/^\S{32,}$/)
    const file = inFolder('access/tokens.json')
    expect(await readFile(file, 'utf8')).not.toContain(secret)
    expect((await stat(file)).mode & 0o077).toBe(0)
    expect((await token('add', '--name', 'alice')).code).not.toBe(0)
    const listed = await token('list')
    expect(listed.stdout).toMatch(/^alice\toperate\t\S+\texpires 20\d\d-\S+\tnever used\n$/)
    expect(listed.stdout).not.toContain(secret)
    expect(await token('revoke', 'alice')).toMatchObject({ code: 0, stdout: 'revoked alice\n' })
    expect((await token('list')).stdout).toBe('')
    expect(await token('revoke', 'alice')).toMatchObject({ code: 2 })
  })
})

describe('a role that cannot start ends with its reason', () => {
  it('a second collector on one spool', async () => {
    // No bus either: a collector starts and spools without one.
    const bus = `nats://127.0.0.1:${await freePort()}`
    const args = ['collector', '--target', '127.0.0.1:1', '--nats', bus]
    args.push('--data', inFolder('spooled'))
    const first = startPlimsoll(args)
    try {
      await first.says(/collector started/)
      const second = await runPlimsoll(args)
      expect(second.code).toBe(1)
      expect(second.stderr).toMatch(/^E_SPOOL_LOCKED: /m)
      expect(await first.stop()).toBe(0)
      // Its end gives the spool back.
      const third = startPlimsoll(args)
      await third.says(/collector started/)
      expect(await third.stop()).toBe(0)
    } finally {
      await first.kill()
    }
  }, 30_000)

  it('an engine on the data of a demo: it would be served as real', async () => {
    const dataDir = inFolder('stamped')
    await mkdir(dataDir)
    await writeFile(join(dataDir, 'SIMULATED.json'), '{}')
    const [port, env] = [await freePort(), { PLIMSOLL_ENGINE_PASSWORD: 'a-long-enough-password' }]
    const args = ['engine', '--port', String(port), '--data', dataDir]
    const refused = await runPlimsoll(args, { env })
    expect(refused.code).toBe(1)
    expect(refused.stderr).toMatch(/^E_DATA_SIMULATED: .*stamped/m)
  })

  it('ingest before migrate says what to run', async () => {
    const [port, password] = [await freePort(), 'a-long-enough-password']
    const [nats, env] = [await startNatsServer(), { PLIMSOLL_ENGINE_PASSWORD: password }]
    const data = ['--data', inFolder('empty')]
    const engine = startPlimsoll(['engine', '--port', String(port), ...data], { env })
    try {
      await engine.says(/engine answers url/)
      const store = `http://default:${password}@127.0.0.1:${port}/plimsoll`
      const places = ['--nats', nats.url, '--clickhouse', store]
      const noStreams = await runPlimsoll(['ingest', ...places])
      expect(noStreams.code).toBe(1)
      expect(noStreams.stderr).toMatch(/^E_BUS_AWAY: .*plimsoll migrate/m)
      const bus = await connectBus({ url: nats.url, name: 'test' })
      await ensureStreams(bus, { maxAgeMs: 3_600_000, maxBytes: 2 ** 31 }, quiet)
      await bus.close()
      const noTables = await runPlimsoll(['ingest', ...places])
      expect(noTables.code).toBe(1)
      expect(noTables.stderr).toMatch(/^E_STORE_EMPTY: .*plimsoll migrate/m)
      expect(DOCS.exec(noTables.stderr)?.[1]).toBe('e_store_empty')
    } finally {
      await engine.stop()
      await nats.stop()
    }
  }, 30_000)

  it('of two ingests on one stream none: the second is its spare and takes over', async () => {
    const [port, password] = [await freePort(), 'a-long-enough-password']
    const [nats, env] = [await startNatsServer(), { PLIMSOLL_ENGINE_PASSWORD: password }]
    const data = ['--data', inFolder('shared')]
    const engine = startPlimsoll(['engine', '--port', String(port), ...data], { env })
    const started = [engine]
    try {
      await engine.says(/engine answers url/)
      const store = `http://default:${password}@127.0.0.1:${port}/plimsoll`
      const places = ['--nats', nats.url, '--clickhouse', store]
      expect(await runPlimsoll(['migrate', ...places])).toMatchObject({ code: 0 })
      const first = startPlimsoll(['ingest', ...places])
      started.unshift(first)
      await first.says(/ingest reads/)
      const second = startPlimsoll(['ingest', ...places])
      started.unshift(second)
      await second.says(/waits as a spare/)
      expect(first.isRunning()).toBe(true)
      await first.stop()
      await second.says(/took over/)
    } finally {
      for (const process of started) await process.stop()
      await nats.stop()
    }
  }, 60_000)

  it('ingest without a bus, and status without a server', async () => {
    const port = await freePort()
    const store = `http://default:x@127.0.0.1:${port}/plimsoll`
    const bus = `nats://127.0.0.1:${port}`
    const ingest = await runPlimsoll(['ingest', '--nats', bus, '--clickhouse', store])
    expect(ingest.code).toBe(1)
    expect(ingest.stderr).toMatch(/^E_(BUS|STORE)_AWAY: /m)
    const status = await runPlimsoll(['status', `http://127.0.0.1:${port}`])
    expect(status.code).toBe(3)
    expect(status.stderr).toMatch(/^E_STORE_AWAY: nothing answers at/)
  }, 30_000)
})
