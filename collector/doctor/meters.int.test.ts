import { createServer, type Server } from 'node:http'
import { access, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { freePort, runPlimsoll, tempFolder } from '../../cli/process.testing.ts'
import { startModbusServer, wordKey } from '../modbus-server.testing.ts'
import { createMapStore } from '../sources/modbus/load-map.ts'
import { simulateRegisters } from '../sources/modbus/simulate.ts'
import { type Bmc, startBmc } from '../sources/redfish/bmc.testing.ts'
import { CDU } from '../sources/redfish/reads.testing.ts'
import { redfishTree } from '../sources/redfish/simulate.ts'

/** The command as a person runs it beside cooling units, exports and a server. */

let folder: Awaited<ReturnType<typeof tempFolder>>
const servers: Server[] = []
const bmcs: Bmc[] = []
beforeAll(async () => {
  folder = await tempFolder()
})
afterEach(async () => {
  for (const bmc of bmcs.splice(0)) await bmc.stop()
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
})
afterAll(() => folder.remove())

const Report = z.object({
  findings: z.array(
    z.object({
      id: z.string(),
      status: z.string(),
      subject: z.string(),
      seen: z.string(),
      fix: z.string().optional(),
    }),
  ),
  sources: z.array(
    z.object({ name: z.string(), targets: z.array(z.object({ meters: z.number() })) }),
  ),
})

async function doctor(config: string, args: readonly string[] = [], env = {}) {
  const file = join(folder.path, 'collector.yaml')
  await writeFile(file, config)
  const watch = args.includes('--watch') ? [] : ['--watch', '1']
  const options = ['--config', file, '--data', folder.path, '--json', ...watch, ...args]
  const { stdout } = await runPlimsoll(['doctor', ...options], { env })
  const report = Report.parse(JSON.parse(stdout))
  const about = (id: string) => report.findings.filter((finding) => finding.id === id)
  return { ...report, about }
}

async function bmc(login: { user: string; password: string } | null = null): Promise<Bmc> {
  const started = await startBmc(redfishTree({ cdus: [CDU] }), { login })
  bmcs.push(started)
  return started
}

/** A server that knows this tree. */
async function treeServer(meters: readonly { meter: string; state: string }[]): Promise<string> {
  const common = {
    name: '',
    parent: '',
    role: 'cooling',
    level: 'plant',
    feed: '',
    hall: '',
    rack: '',
    loop: '',
    category: null,
    since: '2026-01-01T00:00:00.000Z',
    values: {},
    last_at: null,
    age_seconds: null,
    points: 0,
    energy: null,
    children: null,
  }
  const answer = {
    definition: '1',
    simulated: false,
    at: '2026-03-01T00:00:00.000Z',
    site: 'harbour',
    it_level: 'rack',
    contracted_mw: null,
    meters: meters.map((meter) => ({ ...common, ...meter })),
    unlisted: [],
    unlisted_total: 0,
    states: { ok: 0, silent: 0, faulty: 0, unlisted: 0 },
    totals: null,
  }
  const server = createServer((request, response) => {
    const isAllowed = request.headers.authorization === 'Bearer plm_of_the_server'
    response.writeHead(isAllowed ? 200 : 401, { 'content-type': 'application/json' })
    response.end(JSON.stringify(isAllowed ? answer : {}))
  })
  servers.push(server)
  const port = await freePort()
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  return `http://127.0.0.1:${port}`
}

describe('a cooling unit by Redfish', () => {
  it('is asked only: the subscription of the collector beside us stays as it is', async () => {
    const device = await bmc()
    const own = { Destination: 'http://collector:9443/events', Context: 'of-the-collector' }
    device.subscriptions.set('/redfish/v1/EventService/Subscriptions/7', own)
    const { about, sources } = await doctor(
      [
        'sources:',
        '  redfish:',
        '    events: { listen: "127.0.0.1:0", public_url: "http://collector:9443/events" }',
        `    targets: [{ address: "${device.url}", meter: cdu-3 }]`,
      ].join('\n'),
    )
    expect(about('targets')).toMatchObject([{ status: 'ok', subject: 'redfish' }])
    expect(about('meters')).toMatchObject([{ seen: expect.stringContaining('1 things') }])
    expect(about('thresholds')[0]?.seen).toContain('leak')
    expect(sources[0]?.targets[0]?.meters).toBeGreaterThan(5)
    expect([...device.subscriptions.keys()]).toEqual(['/redfish/v1/EventService/Subscriptions/7'])
    expect(device.asked.filter((line) => !line.startsWith('GET'))).toEqual([])
  })

  it('that refuses the login is a problem with advice, and the tree is compared', async () => {
    const device = await bmc({ user: 'watch', password: 'right' })
    const server = await treeServer([{ meter: 'cdu-3', state: 'silent' }])
    const config = [
      'sources:',
      '  redfish:',
      '    user: watch',
      '    password_env: CDU_PASSWORD',
      `    targets: [{ address: "${device.url}", meter: cdu-3 }]`,
    ].join('\n')
    const env = { CDU_PASSWORD: 'wrong', PLIMSOLL_TOKEN: 'plm_of_the_server' }
    const { about } = await doctor(config, ['--server', server], env)
    const [failed] = about('targets')
    expect(failed).toMatchObject({ status: 'problem', subject: 'redfish' })
    expect(failed?.fix).toContain('correct user and password')
    expect(about('meter-tree').map(({ seen }) => seen)).toEqual([
      '0 of 1 meters of the tree were read here',
      '1 in the tree, and nobody delivers them: cdu-3',
    ])
  })

  it('that is slow is read when it gets the time, however short its ticks are', async () => {
    const device = await bmc()
    device.manners.delayMs = 1100
    const config = `sources:\n  redfish:\n    interval: 2s\n    targets: [{ address: "${device.url}", meter: cdu-3 }]\n`
    const hurried = await doctor(config, ['--watch', '0', '--timeout', '4'])
    expect(hurried.about('targets')).toMatchObject([
      { status: 'problem', fix: expect.stringContaining('--timeout 60') },
    ])
    const { about } = await doctor(config, ['--watch', '0', '--timeout', '14'])
    expect(about('targets')).toMatchObject([{ status: 'ok', subject: 'redfish' }])
  })

  it('a server that refuses is said, and stops nothing', async () => {
    const device = await bmc()
    const server = await treeServer([])
    const config = `sources:\n  redfish:\n    targets: [{ address: "${device.url}", meter: cdu-3 }]\n`
    const { about } = await doctor(config, ['--server', server], { PLIMSOLL_TOKEN: 'plm_x' })
    expect(about('meter-tree')).toMatchObject([
      { status: 'warning', seen: expect.stringContaining('answered 401') },
    ])
    expect(about('meters')).toHaveLength(1)
  })
})

describe('an energy meter by Modbus', () => {
  it('whose counter stands still at 40 MW, read by its map', async () => {
    const map = createMapStore()
      .builtIn()
      .find(({ name }) => name === 'energy-meter')
    if (map === undefined) throw new Error('the map is built in')
    const server = await startModbusServer({})
    const values = new Map([
      [' power_watts', 40e6],
      [' energy_joules_total', 7200 * 3.6e6],
    ])
    for (const { unit, function: func, address, value } of simulateRegisters(map, values))
      server.words.set(wordKey(func, unit, address), value)
    const { about } = await doctor(
      [
        'sources:',
        '  modbus:',
        '    map: energy-meter',
        `    targets: [{ address: "127.0.0.1:${server.port}", meter: feed-a }]`,
      ].join('\n'),
    )
    await server.stop()
    expect(about('meters').map(({ seen }) => seen)).toEqual([
      expect.stringMatching(/^1 things, \d+ points, read by energy-meter$/),
    ])
    expect(about('meter-counter').map(({ seen }) => seen)).toEqual([
      'energy counters stand still while power flows: feed-a 40000000 W',
    ])
  })
})

describe('an export of a building system', () => {
  it('is looked at without moving what a collector remembers; a zone is said in hours', async () => {
    const exports = join(folder.path, 'exports')
    const positions = join(folder.path, 'positions.json')
    await mkdir(exports)
    const ahead = new Date(Date.now() + 8 * 3_600_000).toISOString().slice(0, 19)
    await writeFile(
      join(exports, 'a.csv'),
      `time,meter,power_watts [kW]\n${ahead}+00:00,chiller-1,5\n2026-01-01T00:00:00Z,chiller-1,-5\n`,
    )
    const { about } = await doctor(
      [
        'sources:',
        `  meter-csv: { path: "${exports}", positions: "${positions}" }`,
        '  meter-push: { listen: "127.0.0.1:9165" }',
      ].join('\n'),
    )
    expect(about('meter-clock').map(({ seen }) => seen)).toEqual([
      'clocks differ from ours: chiller-1 +8 h (a time zone)',
    ])
    expect(about('meter-values')[0]?.seen).toContain('out_of_range 1')
    expect(about('source').find(({ subject }) => subject === 'meter-push')).toMatchObject({
      status: 'problem',
      fix: expect.stringContaining('16 characters'),
    })
    await expect(access(positions)).rejects.toThrow('ENOENT')
  })
})
