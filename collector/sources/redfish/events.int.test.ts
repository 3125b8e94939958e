import { afterEach, describe, expect, it } from 'vitest'
import type { Interpretation } from '#schemas/reading.ts'
import type { SourceTarget } from '../../source.ts'
import { type Bmc, startBmc } from './bmc.testing.ts'
import { readPush } from './pushed.ts'
import { CDU, fieldWorld } from './reads.testing.ts'
import { redfishTree } from './simulate.ts'
import { createRedfishSource } from './source.ts'

const open: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const stop of open.splice(0).toReversed()) await stop()
})

const V1 = '/redfish/v1'
const DETECTOR = `${V1}/ThermalEquipment/CDUs/1/LeakDetection/LeakDetectors/1`
const PUMP = `${V1}/ThermalEquipment/CDUs/1/Pumps/1`
const LEAK = {
  MessageId: 'Environmental.1.1.0.LeakDetectedCritical',
  MessageSeverity: 'Critical',
  Message: "Leak detector '1' reports a critical level leak.",
  OriginOfCondition: { '@odata.id': DETECTOR },
}

/** The source listening on a free port, with one cooling unit subscribed to. */
async function subscribed() {
  const bmc: Bmc = await startBmc(redfishTree({ cdus: [CDU] }))
  const world = fieldWorld()
  const source = createRedfishSource({
    secrets: { environment: {}, readText: async () => '' },
    nowMs: () => Date.now(),
    random: () => 0.5,
    token: () => 'token-of-ours',
  })
  const events = { listen: '127.0.0.1:0', public_url: 'http://collector-1:9443/events' }
  const config = source.config.parse({ events })
  const target = { address: bmc.url, node: 'cdu-3' }
  const said: { readonly target: SourceTarget; readonly read: Interpretation }[] = []
  const troubles: string[] = []
  let port = 0
  const field = world.io.field
  const hear: NonNullable<typeof field>['hear'] = async (place, onPush) => {
    if (field === undefined) throw new Error('no field')
    const ear = await field.hear(place, onPush)
    port = ear.port
    return ear
  }
  const io = { ...world.io, ...(field === undefined ? {} : { field: { ...field, hear } }) }
  const ear = await source.listen?.({
    io,
    config,
    targets: () => [target],
    nowMs: () => Date.now(),
    said: (from, read) => void said.push({ target: from, read }),
    trouble: (detail) => void troubles.push(detail),
  })
  const memory = new Map<string, unknown>()
  const read = (atMs: number) =>
    source.read({ io, target, config, nowMs: 1_800_000_000_000 + atMs, timeoutMs: 5000, memory })
  await read(0)
  open.push(
    () => bmc.stop(),
    async () => world.stop(),
    async () => ear?.stop(),
  )
  const push = (body: unknown, method = 'POST') =>
    fetch(`http://127.0.0.1:${port}/events`, {
      method,
      ...(method === 'POST' ? { body: JSON.stringify(body) } : {}),
    })
  return { bmc, source, memory, said, troubles, push, read }
}

const points = ({ meters = [] }: Interpretation) =>
  Object.fromEntries(meters.map(({ point, metrics }) => [point, metrics]))

describe('a subscription', () => {
  it('is made once with a token, left-overs of ours go, and it ends with the target', async () => {
    const { bmc, read, source, memory } = await subscribed()
    expect([...bmc.subscriptions.values()]).toMatchObject([
      {
        Destination: 'http://collector-1:9443/events',
        Context: 'token-of-ours',
        Protocol: 'Redfish',
      },
    ])
    await read(30_000)
    expect(bmc.asked.filter((line) => line.startsWith('POST'))).toHaveLength(1)
    source.close?.(memory)
    await expect.poll(() => bmc.subscriptions.size).toBe(0)
  })

  it('a leak counts at once, and what it is about is asked for at once', async () => {
    const { bmc, push, said } = await subscribed()
    bmc.tree = redfishTree({ cdus: [{ ...CDU, leaks: [{ id: '1', state: 'critical' }] }] })
    const answer = await push({ Context: 'token-of-ours', Events: [LEAK] })
    expect(answer.status).toBe(204)
    await expect.poll(() => said.length).toBe(2)
    expect(said.map(({ target }) => target.node)).toEqual(['cdu-3', 'cdu-3'])
    expect(said.map(({ read }) => points(read))).toEqual([
      { 'leak/1': { leak_state: 2 } },
      { 'leak/1': { leak_state: 2 } },
    ])
    expect(said[0]?.read.events).toMatchObject([
      { node: 'cdu-3', type: 'redfish_event', severity: 'critical', edge: 'point' },
    ])
    expect(bmc.asked.at(-1)).toBe(`GET ${DETECTOR}`)
  })

  it('an event of a pump brings its state', async () => {
    const { push, said } = await subscribed()
    const event = { MessageId: 'Power.1.0.X', OriginOfCondition: { '@odata.id': PUMP } }
    await push({ Context: 'token-of-ours', Events: [event] })
    await expect.poll(() => said.length).toBe(2)
    expect(points(said[1]?.read ?? expect.fail())).toMatchObject({ 'pump/1': { pump_state: 0 } })
  })

  it('a push without our token, or that is none, is refused and said', async () => {
    const { push, said, troubles } = await subscribed()
    expect((await push({ Context: 'guess', Events: [LEAK] })).status).toBe(403)
    expect((await push({ Events: [LEAK] })).status).toBe(403)
    expect((await push('text')).status).toBe(400)
    expect((await push(null, 'GET')).status).toBe(405)
    expect((await push({ Context: 'x'.repeat(300_000) })).status).toBe(413)
    expect(said).toEqual([])
    expect(troubles).toHaveLength(1)
  })

  it('a device that keeps talking is slowed down', async () => {
    const { push } = await subscribed()
    const statuses = await Promise.all(
      Array.from({ length: 130 }, async () => (await push({ Context: 'token-of-ours' })).status),
    )
    expect(statuses.filter((status) => status === 429)).toHaveLength(10)
  })
})

it('an origin on another host is not asked for, and notes without weight are left out', () => {
  const elsewhere = { '@odata.id': 'http://10.0.0.1/redfish/v1/Chassis/1/Sensors/x' }
  const pushed = readPush(
    {
      Events: [
        { ...LEAK, OriginOfCondition: elsewhere },
        { MessageId: 'Base.1.0.SessionCreated', MessageSeverity: 'OK' },
      ],
    },
    { node: 'cdu-3', atMs: 1 },
  )
  expect(pushed.meters).toEqual([])
  expect(pushed.events).toHaveLength(1)
})
