import { createSocket } from 'node:dgram'
import * as library from 'net-snmp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Interpretation, MeterReading } from '#schemas/reading.ts'
import type { FieldIo } from '../../field-io.ts'
import { createSnmp } from '../../host-snmp.ts'
import { COMMUNITY, freeUdpPort, type Snmpd, startSnmpd, V3_USER } from '../../snmpd.testing.ts'
import type { ListenContext, SourceIo } from '../../source.ts'
import { SnmpConfig } from './options.ts'
import { createSecrets } from './secrets.ts'
import { apcPduVariables, type SimulatedVariable, upsVariables } from './simulate.ts'
import { createSnmpSource } from './source.ts'

const ENV: Readonly<Record<string, string>> = {
  PLIMSOLL_SNMP_COMMUNITY: COMMUNITY,
  AUTH: V3_USER.auth.key,
  PRIV: V3_USER.priv.key,
}
const secrets = createSecrets({
  env: (name) => ENV[name],
  file: () => Promise.reject(new Error('no files here')),
  nowMs: () => performance.now(),
})
const snmp = createSnmp()
const nowhere = () => Promise.reject(new Error('SNMP only'))
const field: FieldIo = { snmp, modbus: { read: nowhere }, request: nowhere, hear: nowhere }
const io: SourceIo = {
  run: nowhere,
  stream: () => 'busy',
  get: nowhere,
  hasCommand: () => Promise.resolve(false),
  field,
}
const agents: Snmpd[] = []
async function agent(variables: readonly SimulatedVariable[]): Promise<number> {
  const started = await startSnmpd(variables)
  agents.push(started)
  return started.port
}
afterAll(async () => {
  snmp.stop()
  await Promise.all(agents.map((one) => one.stop()))
})

/** A reader of one target, with the memory that the runner would keep. */
function reader(port: number, options: object = {}, host = '127.0.0.1') {
  const source = createSnmpSource(secrets, () => 0)
  const config = SnmpConfig.parse(options)
  const target = { address: `snmp://${host}:${port}/`, node: 'pdu-1' }
  const memory = new Map<string, unknown>()
  const read = (nowMs = 30_000, timeoutMs = 8000) =>
    source.read({ io, target, config, nowMs, timeoutMs, memory })
  return { source, config, target, memory, read }
}
const byPoint = (read: { readonly meters?: readonly MeterReading[] }) =>
  Object.fromEntries((read.meters ?? []).map(({ point, metrics }) => [point, metrics]))

const PDU = { name: 'a', powerWatts: 6600, energyKwh: 1234.56, volts: 230, phases: 3 }
const V3 = {
  version: 3,
  user: {
    name: V3_USER.name,
    auth: { protocol: 'sha256', key_env: 'AUTH' },
    priv: { protocol: 'aes', key_env: 'PRIV' },
  },
}

describe('a PDU behind a real snmpd', () => {
  let port: number
  beforeAll(async () => {
    port = await agent(apcPduVariables(PDU))
  })

  it('has nothing due between full reads, because nothing of it is fast', async () => {
    const { source, read, ...kept } = reader(port, { full_every: '30s' })
    const isDue = (nowMs: number) => source.isDue?.({ ...kept, nowMs })
    expect(isDue(30_000)).toBe(true)
    await read(30_000)
    expect([isDue(32_000), isDue(60_000), isDue(3_632_000)]).toEqual([false, true, true])
  })

  it.each([
    ['version 2c', {}],
    ['version 1', { version: 1 }],
    ['version 3', V3],
    [
      'a rule for this target',
      { version: 3, user: { name: 'x' }, access: [{ targets: ['pdu-*'], version: '2c' }] },
    ],
  ])('%s: level by level, so that nothing sums twice', async (_, options) => {
    const { read } = reader(port, options)
    const first = await read()
    expect([first.outcome, first.detail]).toEqual(['ok', null])
    expect(byPoint(first)).toEqual({
      '': { power_watts: 6600, energy_joules_total: 1234.5 * 3.6e6 },
      ...Object.fromEntries(
        [1, 2, 3].map((phase) => [
          `phase/${phase}`,
          { current_amperes: 9.6, voltage_volts: 230, power_watts: 2200 },
        ]),
      ),
    })
    expect(first.toolLabels).toEqual({ profile: 'apc-rpdu2', tool_version: 'Simulated rack PDU' })
    expect(byPoint(await read(60_000))).toEqual(byPoint(first))
  })

  it('says what is missing and what to do: secret, community, silence, address', async () => {
    const noSecret = await reader(port, { community_env: 'NOT_SET' }).read()
    expect([noSecret.reason, noSecret.detail]).toEqual([
      'no_secret',
      'The community is not set: variable NOT_SET is empty or missing.',
    ])
    const wrong = await reader(port, { community_env: 'AUTH' }).read(30_000, 500)
    expect([wrong.outcome, wrong.reason]).toEqual(['failed', 'timeout'])
    expect(wrong.detail).toContain('community is wrong')
    expect(JSON.stringify([noSecret, wrong])).not.toContain(V3_USER.auth.key)
    const closed = await reader(await freeUdpPort()).read()
    expect(closed.reason).toBe('refused')
  })

  it('a slow device and a silent one hold up nobody', async () => {
    const silent = createSocket('udp4')
    await new Promise<void>((resolve) => silent.bind(0, '0.0.0.0', () => resolve()))
    const began = performance.now()
    const hanging = Promise.all(
      Array.from({ length: 20 }, (_, at) =>
        reader(silent.address().port, {}, `127.0.1.${at + 1}`).read(30_000, 2500),
      ),
    )
    const reads = await Promise.all(
      Array.from({ length: 50 }, (_, at) => reader(port, {}, `127.0.2.${at + 1}`).read()),
    )
    const tookMs = performance.now() - began
    expect(reads.map(({ outcome }) => outcome)).toEqual(Array.from({ length: 50 }, () => 'ok'))
    expect(tookMs).toBeLessThan(2500)
    expect((await hanging).map(({ reason }) => reason)).toEqual(
      Array.from({ length: 20 }, () => 'timeout'),
    )
    silent.close()
  })
})

describe('other devices behind a real snmpd', () => {
  it('a UPS of RFC 1628: sides are sums of lines, and there is no energy', async () => {
    const ups = {
      name: 'u',
      inputWatts: [100, 110, 120],
      outputWatts: [90, 95, 99],
      minutesRemaining: 7,
    }
    const found = byPoint(await reader(await agent(upsVariables(ups))).read())
    expect(found['input']).toEqual({ power_watts: 330 })
    expect(found['output']).toEqual({ power_watts: 284, frequency_hertz: 50 })
    expect(found['battery']).toEqual({ battery_runtime_seconds: 420 })
    expect(JSON.stringify(found)).not.toContain('energy')
  })

  it('a machine with SNMP that is no meter', async () => {
    const read = await reader(await agent([])).read()
    expect([read.outcome, read.reason]).toEqual(['failed', 'no_profile'])
  })
})

const CDU = '1.3.6.1.4.1.55555'
const CDU_PROFILE = {
  name: 'acme-cdu',
  probe: `${CDU}.1.1`,
  columns: [
    {
      oid: `${CDU}.1.1`,
      to: 'flow_liters_per_minute',
      unit: 'L/min',
      scale: 0.1,
      point: 'primary',
    },
    {
      oid: `${CDU}.1.2`,
      to: 'supply_temperature_celsius',
      unit: 'C',
      scale: 0.1,
      point: 'primary',
    },
    {
      oid: `${CDU}.2.1`,
      to: 'leak_state',
      unit: 'code',
      point: 'leak/{1}',
      values: { 0: 0, 1: 2 },
      otherwise: 3,
      invalid: [],
    },
  ],
}
const CDU_VARIABLES: readonly SimulatedVariable[] = [
  { oid: `${CDU}.1.1.0`, type: 'INTEGER', value: 4105 },
  { oid: `${CDU}.1.2.0`, type: 'INTEGER', value: 321 },
  { oid: `${CDU}.2.1.1`, type: 'INTEGER', value: 0 },
  { oid: `${CDU}.2.1.2`, type: 'INTEGER', value: 5 },
]

describe('a cooling unit by a profile of the site', () => {
  let port: number
  beforeAll(async () => {
    port = await agent(CDU_VARIABLES)
  })

  it('between full reads only leak and flow are read; each says for how long it speaks', async () => {
    const { read } = reader(port, { profiles: [CDU_PROFILE], full_every: '30s' })
    const flow = { point: 'primary', meter: null, metrics: { flow_liters_per_minute: 410.5 } }
    const leaks = [
      { point: 'leak/1', meter: null, metrics: { leak_state: 0 } },
      { point: 'leak/2', meter: null, metrics: { leak_state: 3 } },
    ]
    const full = await read(60_000)
    expect(full.meters).toEqual([
      flow,
      { ...flow, metrics: { supply_temperature_celsius: 32.1 }, stepMs: 30_000 },
      ...leaks,
    ])
    expect((await read(62_000)).meters).toEqual([flow, ...leaks])
    expect((await read(90_000)).meters).toHaveLength(4)
  })

  it('a trap becomes an event and readings, and what is fast is read at once', async () => {
    const listenPort = await freeUdpPort()
    const { source, config, target, read } = reader(port, {
      profiles: [CDU_PROFILE],
      traps: { listen: `127.0.0.1:${listenPort}` },
    })
    await read()
    const said: Interpretation[] = []
    const troubles: string[] = []
    let wake = () => undefined as void
    const context: ListenContext<SnmpConfig> = {
      io,
      config,
      targets: () => [target],
      nowMs: () => 100_000,
      said: (_, interpretation) => {
        said.push(interpretation)
        wake()
      },
      trouble: (detail) => {
        troubles.push(detail)
        wake()
      },
    }
    const ear = await source.listen?.(context)
    const until = async (isThere: () => boolean) => {
      while (!isThere()) await new Promise<void>((resolve) => (wake = resolve))
    }
    const send = (community: string) => {
      const session = library.createSession('127.0.0.1', community, {
        version: library.Version2c,
        trapPort: listenPort,
      })
      const varbinds = [{ oid: `${CDU}.2.1.2`, type: library.ObjectType.Integer, value: 1 }]
      session.trap(`${CDU}.0.9`, varbinds, () => session.close())
    }
    send(COMMUNITY)
    await until(() => said.length >= 2)
    expect(said[0]?.meters).toEqual([{ point: 'leak/2', meter: null, metrics: { leak_state: 2 } }])
    expect(said[0]?.events).toMatchObject([
      { type: 'trap', code: `${CDU}.0.9`, severity: 'warning', edge: 'point', node: 'pdu-1' },
    ])
    expect(said[0]?.events[0]?.message).toBe(`trap ${CDU}.0.9; ${CDU}.2.1.2 = 1`)
    // What the device itself says when asked at once.
    expect(byPoint(said[1] ?? {})).toMatchObject({ 'leak/2': { leak_state: 3 } })
    send('stranger')
    await until(() => troubles.length >= 1)
    expect(troubles).toEqual([
      'traps were refused: 1 with an unknown community or user (last from 127.0.0.1)',
    ])
    expect(said).toHaveLength(2)
    await ear?.stop()
  })

  it('without a secret it does not listen, and says so', async () => {
    const { source, config, target } = reader(port, {
      community_env: 'NOT_SET',
      traps: { listen: '127.0.0.1:9' },
    })
    const troubles: string[] = []
    const context = {
      io,
      config,
      targets: () => [target],
      nowMs: () => 0,
      said: () => undefined,
      trouble: (detail: string) => void troubles.push(detail),
    }
    await expect(source.listen?.(context)).rejects.toThrow('no community or user is set')
    expect(troubles).toEqual(['The community is not set: variable NOT_SET is empty or missing.'])
  })
})
