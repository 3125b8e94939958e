import { cp, mkdir, readFile, symlink } from 'node:fs/promises'
import { spawn, spawnSync } from 'node:child_process'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { z } from 'zod'
import { ParseResult } from '#schemas/parse-result.ts'
import { parseInvocation } from '../cli/command.ts'
import { COMMANDS } from '../cli/commands.ts'
import { freePort, tempFolder } from '../cli/process.testing.ts'
import { startExporter } from '../cli/site.testing.ts'
import { parseConfig } from '../collector/config-file.ts'
import { loadSources } from '../collector/sources.ts'

/**
 * How collectors reach the nodes, without Docker, systemd or Kubernetes: the files are read, their commands are
 * checked against our own options, and what the image holds is put into a folder and started there.
 */

const root = join(import.meta.dirname, '..')
const { version } = z
  .object({ version: z.string() })
  .parse(JSON.parse(await readFile(join(root, 'package.json'), 'utf8')))
const text = (path: string) => readFile(join(root, 'deploy', path), 'utf8')

/** A `plimsoll …` command line as our own parser takes it; throws for an option that does not exist. */
function understood(words: readonly string[]): void {
  const [name = '', ...rest] = words
  const spec = COMMANDS.find((command) => command.name === name)
  if (spec === undefined) throw new Error(`there is no command ${name}`)
  parseInvocation(spec, rest, { env: {}, print: () => undefined })
}

describe('the systemd unit', () => {
  it('starts a command that exists and bounds memory and CPU', async () => {
    const unit = await text('systemd/plimsoll-collector.service')
    const value = (key: string) => new RegExp(`^${key}=(.*)$`, 'm').exec(unit)?.[1] ?? ''
    understood(value('ExecStart').split(' ').slice(1))
    expect(value('MemoryMax')).toMatch(/^\d+M$/)
    expect(value('CPUQuota')).toMatch(/^\d+%$/)
    expect(Number.parseInt(value('TimeoutStopSec'), 10)).toBeGreaterThan(7)
    // Its keys: where systemd is installed, it says which of them it does not know.
    const path = join(root, 'deploy/systemd/plimsoll-collector.service')
    const { stderr } = spawnSync('systemd-analyze', ['verify', path], { encoding: 'utf8' })
    const ours = (stderr ?? '').split('\n').filter((line) => line.includes('plimsoll-collector'))
    expect(ours.filter((line) => !line.includes('is not executable'))).toEqual([])
  })
})

const Container = z.object({
  image: z.string(),
  args: z.array(z.string()),
  resources: z.object({ limits: z.object({ cpu: z.string(), memory: z.string() }) }),
  securityContext: z.object({
    runAsNonRoot: z.literal(true),
    allowPrivilegeEscalation: z.literal(false),
    readOnlyRootFilesystem: z.literal(true),
  }),
  volumeMounts: z.array(z.object({ name: z.string(), mountPath: z.string() })),
})
const Pod = z.object({
  hostNetwork: z.literal(true),
  automountServiceAccountToken: z.literal(false),
  containers: z.tuple([Container]),
  volumes: z.array(z.object({ name: z.string() })),
})
const DaemonSet = z.object({
  kind: z.literal('DaemonSet'),
  spec: z.object({ template: z.object({ spec: Pod }) }),
})
const ConfigMap = z.object({
  kind: z.literal('ConfigMap'),
  data: z.object({ 'collector.yaml': z.string() }),
})

describe('the Kubernetes DaemonSet', async () => {
  const documents = parseAllDocuments(await text('kubernetes/collector.yaml')).map(
    (document): unknown => document.toJS(),
  )
  const one = <T>(schema: z.ZodType<T>): T => {
    const found = documents.flatMap((document) => schema.safeParse(document).data ?? [])
    expect(found).toHaveLength(1)
    return schema.parse(found[0])
  }

  it('runs our command without privilege, bounded, with every mount declared', () => {
    const { containers, volumes } = one(DaemonSet).spec.template.spec
    const [container] = containers
    understood(container.args)
    expect(container.image).toBe(`plimsoll-collector:${version}`)
    const declared = new Set(volumes.map(({ name }) => name))
    for (const { name } of container.volumeMounts) expect(declared).toContain(name)
  })

  it('carries a configuration that the collector takes', async () => {
    const config = parseConfig(one(ConfigMap).data['collector.yaml'], {
      sources: await loadSources(),
      host: 'node-1',
      file: 'collector.yaml',
    })
    expect(config.nats?.url).toContain('nats://')
  })
})

describe('the collector image', () => {
  let folder: Awaited<ReturnType<typeof tempFolder>>
  beforeAll(async () => {
    folder = await tempFolder()
    for (const path of await copiedPaths()) await place(path, folder.path)
  }, 30_000)
  afterAll(() => folder.remove())

  /** What the Dockerfile puts into the image, relative to the root. */
  async function copiedPaths(): Promise<string[]> {
    const lines = (await text('collector/Dockerfile')).split('FROM')[2]?.split('\n') ?? []
    return lines.flatMap((line) => {
      const words = line.split(' ')
      if (words[0] !== 'COPY') return []
      const paths = words.slice(1, -1).filter((word) => !word.startsWith('--'))
      return paths.map((path) => path.replace('/app/', ''))
    })
  }

  async function place(path: string, into: string): Promise<void> {
    await mkdir(dirname(join(into, path)), { recursive: true })
    if (path.startsWith('node_modules/')) await symlink(join(root, path), join(into, path))
    else await cp(join(root, path), join(into, path), { recursive: true })
  }

  const run = (args: readonly string[], input = '') =>
    spawnSync(join(folder.path, 'bin/plimsoll'), args, {
      input,
      encoding: 'utf8',
      env: { ...process.env, NODE_COMPILE_CACHE: join(folder.path, 'cache') },
    })

  it('fills the cache of stripped types as the user it runs as: Node keeps one per user id', async () => {
    const lines = (await text('collector/Dockerfile')).split('\n')
    const user = lines.findIndex((line) => line.startsWith('USER '))
    const warm = lines.findIndex((line) => line.includes('bin/plimsoll collector'))
    expect(user).toBeGreaterThan(0)
    expect(warm).toBeGreaterThan(user)
  })

  it('holds neither engine nor web server', async () => {
    const paths = await copiedPaths()
    expect(paths.filter((path) => /chdb|fastify|clickhouse|dashboard|query/.test(path))).toEqual([])
  })

  it('checks a configuration and reads captured output', async () => {
    const page =
      'DCGM_FI_DEV_GPU_UTIL{gpu="0",UUID="GPU-11111111-2222-3333-4444-555555555555"} 50\n'
    const parsed = run(['parse', 'dcgm-exporter'], page)
    expect(parsed.stderr).toBe('')
    expect(ParseResult.parse(JSON.parse(parsed.stdout)).devices).toHaveLength(1)
  })

  it('collects: with nothing else in its folder it reads an exporter and spools', async () => {
    const page =
      'DCGM_FI_DEV_GPU_UTIL{gpu="0",UUID="GPU-11111111-2222-3333-4444-555555555555"} 50\n'
    const exporter = await startExporter(() => ({ body: page }))
    const nats = `nats://127.0.0.1:${await freePort()}`
    const data = join(folder.path, 'data')
    const args = ['collector', '--target', exporter.target, '--nats', nats, '--data', data]
    const child = spawn(join(folder.path, 'bin/plimsoll'), args, {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const said = await new Promise<string>((resolve) => {
      let log = ''
      child.stderr.on('data', (bytes: Buffer) => {
        log += bytes.toString()
        if (log.includes('targets ok=1')) resolve(log)
      })
      child.on('exit', () => resolve(log))
    })
    expect(said).toContain('targets ok=1')
    child.kill('SIGTERM')
    await new Promise((resolve) => child.once('exit', resolve))
    await exporter.stop()
  }, 40_000)
})
