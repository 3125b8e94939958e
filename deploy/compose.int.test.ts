import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CollectionAnswer, DeviceList } from '#schemas/api.ts'
import { gpuNode } from '../cli/page-values.testing.ts'
import {
  freePort,
  type Plimsoll,
  runPlimsoll,
  startPlimsoll,
  tempFolder,
  until,
} from '../cli/process.testing.ts'
import { SETTING_VARIABLES } from '../cli/settings.ts'
import { type Exporter, startExporter } from '../cli/site.testing.ts'
import { writeExporterPage } from '../collector/sources/dcgm-exporter/simulate.ts'
import { connectBus } from '../ingest/bus/connect.ts'
import { type NatsServer, startNatsServerFrom } from '../ingest/bus/nats-server.testing.ts'
import {
  type Compose,
  imageEnvironment,
  interpolate,
  readCompose,
  root,
} from './compose.testing.ts'

/**
 * docker-compose.yml without Docker: its shape, and each of our services started with its own command and
 * environment as a local process. `plimsoll engine` stands in for ClickHouse; nats-server runs
 * deploy/nats.conf with other ports and folder. Containers themselves are not run here.
 */

/** A password that nats-server would take for a broken number if it were not quoted. */
const ENV = {
  CLICKHOUSE_PASSWORD: 'c6f1e0b2a4d84b7c9e5f',
  NATS_INGEST_PASSWORD: '0e7741803eb52e2068873e76',
  NATS_COLLECTOR_PASSWORD: '452e90b1e5bfee4aeedc6b8c',
  NATS_QUERY_PASSWORD: '9e15d2c3b4a596870f1e2d3c',
}
const OURS = ['migrate', 'ingest', 'query', 'alerts', 'collector', 'demo'] as const
type OwnService = (typeof OURS)[number]

const compose: Compose = await readCompose()
const services = Object.entries(compose.services)

describe('docker-compose.yml', () => {
  it('names an image or a build for every service, and one tag for all of ours', () => {
    for (const [name, { image, build }] of services) expect(image ?? build, name).toBeDefined()
    const ours = services.filter(([, { build }]) => build !== undefined)
    expect(ours.map(([name]) => name).sort()).toEqual([...OURS].sort())
    expect(new Set(ours.map(([, { image }]) => image)).size).toBe(1)
    const { version }: { version: string } = JSON.parse(
      readFileSync(join(root, 'package.json'), 'utf8'),
    )
    expect(ours[0]?.[1].image).toBe(`plimsoll:${version}`)
  })

  it('depends on services that exist, with a health check where health is waited for', () => {
    for (const [name, { depends_on }] of services)
      for (const [other, { condition }] of Object.entries(depends_on)) {
        const target = compose.services[other]
        expect(target, `${name} depends on ${other}`).toBeDefined()
        if (condition === 'service_healthy') expect(target?.healthcheck, other).toBeDefined()
        if (condition === 'service_completed_successfully')
          expect(target?.restart, other).toBe('on-failure')
      }
  })

  it('declares every volume it mounts and mounts every volume it declares; mounted files exist', () => {
    const mounted = services.flatMap(([, { volumes }]) => volumes.map((line) => line.split(':')))
    const named = mounted.flatMap(([from = '']) => (from.startsWith('.') ? [] : [from]))
    expect([...new Set(named)].sort()).toEqual(Object.keys(compose.volumes).sort())
    for (const [from = '', , mode] of mounted.filter(([path = '']) => path.startsWith('.'))) {
      expect(() => readFileSync(join(root, from))).not.toThrow()
      expect(mode).toBe('ro')
    }
  })

  it('opens ports on query and demo only', () => {
    const open = services.filter(([, { ports }]) => ports.length > 0).map(([name]) => name)
    expect(open.sort()).toEqual(['demo', 'query'])
  })

  it('holds no secret: each comes from a variable that must be set, and .env names them all', async () => {
    const secrets = new Set<string>()
    for (const [name, { environment }] of services)
      for (const [variable, value] of Object.entries(environment)) {
        const isSecret = /PASSWORD|TOKEN$|SECRET|KEY/.test(variable)
        if (isSecret) expect(value, `${name} ${variable}`).toMatch(/^'?\$\{[A-Z_]+:\?[^}]+\}'?$/)
        const inUrl = /^\w+:\/\/[^/@]*:([^@]*)@/.exec(value)?.[1]
        if (inUrl !== undefined) expect(inUrl, `${name} ${variable}`).toMatch(/^\$\{[A-Z_]+\}$/)
        for (const [, used = ''] of value.matchAll(/\$\{([A-Z_]+)/g)) secrets.add(used)
      }
    const example = await readFile(join(root, 'deploy', 'env.example'), 'utf8')
    const offered = [...example.matchAll(/^([A-Z_]+)=/gm)].map(([, name = '']) => name)
    expect(new Set(offered)).toEqual(secrets)
    expect(() => interpolate('${NATS_INGEST_PASSWORD:?set it}', {})).toThrow('set it')
  })

  it('sets only variables that our settings know', async () => {
    const image = Object.keys(await imageEnvironment()).filter((name) => name !== 'NODE_ENV')
    const set = OURS.flatMap((name) => Object.keys(compose.services[name]?.environment ?? {}))
    const known = new Set(SETTING_VARIABLES)
    expect([...image, ...set].filter((name) => !known.has(name))).toEqual([])
  })
})

describe('our services as local processes', () => {
  let folder: Awaited<ReturnType<typeof tempFolder>>
  let nats: NatsServer
  let exporter: Exporter
  let natsPort = 0
  let enginePort = 0
  let queryPort = 0
  const started: Plimsoll[] = []

  beforeAll(async () => {
    folder = await tempFolder()
    const ports = await Promise.all([freePort(), freePort(), freePort()])
    natsPort = ports[0]
    enginePort = ports[1]
    queryPort = ports[2]
    nats = await startNats()
    exporter = await startExporter(() => ({ body: writeExporterPage(gpuNode('n1', 2)) }))
    const engine = startPlimsoll(['engine', '--port', String(enginePort)], {
      env: { PLIMSOLL_ENGINE_PASSWORD: ENV.CLICKHOUSE_PASSWORD, PLIMSOLL_DATA: folder.path },
    })
    started.push(engine)
    await engine.says(/engine answers url/)
  })

  afterAll(async () => {
    for (const process of started.toReversed()) if (process.isRunning()) await process.stop()
    await exporter?.stop()
    await nats?.stop()
    await folder?.remove()
  })

  /** deploy/nats.conf itself, with our ports and folder. */
  async function startNats(): Promise<NatsServer> {
    const config = await readFile(join(root, 'deploy', 'nats.conf'), 'utf8')
    let local = config
      .replace(/^port: .*$/m, `listen: "127.0.0.1:${natsPort}"`)
      .replace(/^http: .*$/m, '')
      .replace(/store_dir: .*$/m, `store_dir: "${join(folder.path, 'nats')}"`)
    expect(local).toContain('sync_interval: always')
    if (isOldNats()) {
      console.log(
        'this nats-server is older than 2.10 and does not know sync_interval: line left out',
      )
      local = local.replace(/^\s*sync_interval: .*$/m, '')
    }
    const { environment } = serviceOf('nats')
    return startNatsServerFrom(() => local, natsPort, replaced(environment))
  }

  /** What Debian 12 ships is 2.9. */
  function isOldNats(): boolean {
    const env = { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/sbin` }
    const { stdout } = spawnSync('nats-server', ['--version'], { env, encoding: 'utf8' })
    const [, major, minor] = /v(\d+)\.(\d+)/.exec(stdout) ?? []
    return Number(major) < 2 || (Number(major) === 2 && Number(minor) < 10)
  }

  function serviceOf(name: string) {
    const service = compose.services[name]
    if (service === undefined) throw new Error(`there is no service ${name}`)
    return service
  }

  /** Variables filled in, and the addresses of the other containers replaced by local ones. */
  function replaced(environment: Readonly<Record<string, string>>): Record<string, string> {
    return Object.fromEntries(
      Object.entries(environment).map(([name, value]) => [
        name,
        interpolate(value, ENV)
          .replace('@nats:4222', `@127.0.0.1:${natsPort}`)
          .replace('@clickhouse:8123', `@127.0.0.1:${enginePort}`),
      ]),
    )
  }

  /** Environment and folder of a service: image first, then service; /data is its own volume. */
  async function surroundings(name: OwnService): Promise<Record<string, string>> {
    const data = join(folder.path, `volume-${name}`)
    await mkdir(data, { recursive: true })
    const env = { ...(await imageEnvironment()), ...replaced(serviceOf(name).environment) }
    const local = Object.entries(env).map(([key, value]) => [
      key,
      value.replace(/^\/data/, data).replace(/^\/etc\/plimsoll/, join(root, 'deploy')),
    ])
    return {
      ...Object.fromEntries(local),
      ...(name === 'query' ? { PLIMSOLL_PORT: `${queryPort}` } : {}),
    }
  }

  async function start(name: OwnService, replace: (arg: string) => string = (arg) => arg) {
    const env = await surroundings(name)
    const process = startPlimsoll(serviceOf(name).command.map(replace), { env })
    started.push(process)
    return process
  }

  it('migrate makes tables and streams and ends, also the second time', async () => {
    for (const said of [/tables: applied/, /tables: up to date/]) {
      const migrate = await start('migrate')
      expect(await migrate.ended).toBe(0)
      expect(migrate.log()).toMatch(said)
      expect(migrate.log()).toContain('streams: up to date')
    }
  }, 30_000)

  it('the mounted collector configuration is fine as it is', async () => {
    const checked = await runPlimsoll(['config', 'check', join(root, 'deploy', 'collector.yaml')])
    expect(checked).toMatchObject({ code: 0 })
    expect(checked.stdout).toContain('is fine')
  })

  it('the mounted alerting file is fine as it is, and the links of alerts and query have one key', async () => {
    const checked = await runPlimsoll(['alerts', 'check'], { env: await surroundings('alerts') })
    expect(checked).toMatchObject({ code: 0 })
    const mounted = (name: OwnService) => serviceOf(name).volumes.toSorted()
    expect(mounted('alerts')).toEqual(mounted('query'))
  })

  it('query refuses 0.0.0.0 without a token and answers with one', async () => {
    const refused = await start('query')
    expect(await refused.ended).toBe(1)
    expect(refused.log()).toMatch(/^E_BIND_NEEDS_TOKEN: .*plimsoll token add/m)

    const added = await runPlimsoll(['token', 'add', '--name', 'me', '--role', 'operate'], {
      env: await surroundings('query'),
    })
    expect(added.code).toBe(0)
    token = added.stdout.trim()
    const query = await start('query')
    await query.says(/Plimsoll answers at/)
    const url = `http://127.0.0.1:${queryPort}`
    await until('readiness', async () => (await fetch(`${url}/readyz`)).status === 200)
    // As the port of a container is reached: not over loopback of the service itself.
    const outside = `http://${outerAddress()}:${queryPort}/api/v1/devices`
    const foreign = { 'x-forwarded-for': '203.0.113.7' }
    expect((await fetch(outside, { headers: foreign })).status).toBe(401)
    const login = { ...foreign, authorization: `Bearer ${token}` }
    expect((await fetch(outside, { headers: login })).status).toBe(200)
    expect(query.isRunning()).toBe(true)
  }, 40_000)

  it('ingest and the collector, as a user who may do little, bring a scrape to the API', async () => {
    const ingest = await start('ingest')
    await ingest.says(/ingest reads/)
    const config = join(folder.path, 'collector.yaml')
    const original = await readFile(join(root, 'deploy', 'collector.yaml'), 'utf8')
    const local = original
      .replace(/interval: \w+/, 'interval: 2s')
      .replace(/- h2-\S+:9400/, `- ${exporter.target}`)
    expect(local).toContain(exporter.target)
    await writeFile(config, local)
    const collector = await start('collector', (arg) =>
      arg.replace('/etc/plimsoll/collector.yaml', config),
    )
    await collector.says(/connected to the bus/)
    await until('devices in the API', async () => {
      const { devices } = DeviceList.parse(await (await ask('/api/v1/devices')).json())
      return devices.length === 2 && devices.every(({ state }) => state === 'reporting')
    })
    const pause = { source: 'cnmon', nodes: '*', minutes: 5, reason: 'a test' }
    const ordered = await ask('/api/v1/pauses', pause)
    expect(await ordered.json()).toMatchObject({ pauses: [{ who: 'me', source: 'cnmon' }] })
    await collector.says(/orders about pauses changed .*pauses=1/)
    const collection = CollectionAnswer.parse(await (await ask('/api/v1/collection')).json())
    expect(collection.totals).toMatchObject({ ok: 1, failed: 0 })
    expect(collection.targets[0]).toMatchObject({ cluster: 'main', collector: 'collector-a' })
    expect([ingest.isRunning(), collector.isRunning()]).toEqual([true, true])
    expect(collector.log()).not.toMatch(/refused something|does not take messages/)
    // SIGTERM ends them, as `docker compose stop` does; the spool is empty because ingest said so.
    expect(await collector.stop()).toBe(0)
    expect(collector.log()).toContain('left_in_spool=false')
    expect(await ingest.stop()).toBe(0)
  }, 60_000)

  it('the collector’s user may neither speak for another collector nor use the JetStream API', async () => {
    const url = replaced(serviceOf('collector').environment)['NATS_URL'] ?? ''
    const inboxPrefix = '_INBOX_collector-a'
    const connection = await connectBus({ url, name: 'test', inboxPrefix })
    const refused: string[] = []
    const listening = (async () => {
      for await (const status of connection.status())
        if (status.type === 'error') refused.push(status.error.message)
    })()
    connection.publish('telemetry.v1.main.collector-b', 'x')
    connection.publish('$JS.API.STREAM.DELETE.PLIMSOLL_TELEMETRY_V1', '')
    connection.subscribe('telemetry.v1.>', { callback: () => undefined })
    await connection.flush()
    await until('three refusals', () => refused.length >= 3, 5_000)
    await connection.close()
    await listening
    expect(refused.join('\n')).toMatch(/collector-b[^]*JS\.API[^]*telemetry\.v1\.>/)
  })

  it('the demo refuses 0.0.0.0 without a token before it makes anything', async () => {
    const demo = await start('demo')
    expect(await demo.ended).toBe(1)
    expect(demo.log()).toContain('E_BIND_NEEDS_TOKEN')
  }, 20_000)

  /** An address of this machine that others could use; loopback where it has no other. */
  function outerAddress(): string {
    const all = Object.values(networkInterfaces()).flatMap((list) => list ?? [])
    return (
      all.find(({ family, internal }) => family === 'IPv4' && !internal)?.address ?? '127.0.0.1'
    )
  }

  let token = ''
  const ask = (path: string, order?: object) =>
    fetch(`http://127.0.0.1:${queryPort}${path}`, {
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(order === undefined ? {} : { method: 'POST', body: JSON.stringify(order) }),
    })
})
