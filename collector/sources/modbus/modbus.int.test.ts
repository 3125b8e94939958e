import { afterEach, describe, expect, it } from 'vitest'
import type { Interpretation } from '#schemas/reading.ts'
import { createModbus } from '../../host-modbus.ts'
import { type ModbusServer, startModbusServer, wordKey } from '../../modbus-server.testing.ts'
import type { SourceIo } from '../../source.ts'
import { toTarget } from '../../targets/target.ts'
import { parseYamlText } from '../../formats/yaml-text.ts'
import { createMapStore } from './load-map.ts'
import { RegisterMapFile } from './register-map.ts'
import { simulateRegisters } from './simulate.ts'
import { createModbusSource } from './source.ts'

/** The source against the library's own server. */

const open: { stop(): unknown }[] = []
afterEach(async () => {
  for (const one of open.splice(0)) await one.stop()
})

const T0 = 1_800_000_000_000

/** A device of a map with these values, and a way to read it. */
async function device(options: Record<string, unknown>, path = '') {
  const store = createMapStore()
  const source = createModbusSource(store, () => 0)
  const server = await startModbusServer({})
  const modbus = createModbus()
  open.push(server, modbus)
  const memory = new Map<string, unknown>()
  const io: SourceIo = {
    run: () => Promise.reject(new Error('no commands here')),
    stream: () => 'busy',
    get: () => Promise.reject(new Error('no pages here')),
    hasCommand: () => Promise.resolve(false),
    field: {
      modbus,
      snmp: {
        get: () => Promise.reject(new Error('no SNMP here')),
        walk: () => Promise.reject(new Error('no SNMP here')),
        traps: () => Promise.reject(new Error('no SNMP here')),
        addressOf: () => null,
      },
      request: () => Promise.reject(new Error('no requests here')),
      hear: () => Promise.reject(new Error('no ears here')),
    },
  }
  const target = toTarget(
    `127.0.0.1:${server.port}${path}`,
    { node: 'cdu-1' },
    'me',
    source.address,
  )
  const config = source.config.parse(options)
  const read = (nowMs = T0): Promise<Interpretation> =>
    source.read({ io, target, config, nowMs, timeoutMs: 5000, memory })
  const isDue = (nowMs: number) => source.isDue?.({ target, config, nowMs, memory })
  return { server, read, store, isDue }
}

const EXAMPLE = new Map([
  ['secondary supply_temperature_celsius', 27.5],
  ['secondary return_temperature_celsius', 41.2],
  ['secondary flow_liters_per_minute', 1234.5],
  ['secondary heat_removed_watts', 733_000],
  ['secondary supply_pressure_pascals', 345_000],
  ['filter/1 filter_pressure_drop_pascals', 42_000],
  ['reservoir/1 reservoir_level_ratio', 0.88],
  ['pump/1 pump_speed_ratio', 0.805],
  ['pump/1 pump_state', 0],
  ['pump/1 energy_joules_total', 3.6e10],
  ['leak/1 leak_state', 0],
])

function fill(
  server: ModbusServer,
  store: ReturnType<typeof createMapStore>,
  name: string,
  values: ReadonlyMap<string, number>,
) {
  const map = store.builtIn().find((one) => one.name === name)
  if (map === undefined) throw new Error(`no map ${name}`)
  for (const word of simulateRegisters(map, values))
    server.words.set(wordKey(word.function, word.unit, word.address), word.value)
}

const flat = (read: Interpretation): Record<string, number | null | undefined> =>
  Object.fromEntries(
    (read.meters ?? []).flatMap(({ point, metrics }) =>
      Object.entries(metrics).map(([metric, value]) => [`${point} ${metric}`, value]),
    ),
  )

describe('the source against a real server', () => {
  it('reads a whole unit to the values it has; gaps the device refuses are asked around', async () => {
    const { server, read, store } = await device({ map: 'example-cdu' })
    fill(server, store, 'example-cdu', EXAMPLE)
    const first = await read()
    expect(first.outcome).toBe('ok')
    expect(first.rejectedByReason['not_read']).toBeGreaterThan(0)
    const second = await read(T0 + 30_000)
    expect(flat(second)).toEqual(Object.fromEntries(EXAMPLE))
    expect(second.rejectedByReason).toEqual({})
    expect(second.toolLabels).toEqual({ map: 'example-cdu' })
  })

  it('the unit stands in the address, the map in a rule', async () => {
    const rule = { targets: ['cdu-*'], map: 'energy-meter', unit_id: 9 }
    const { server, read } = await device({ devices: [rule] }, '/4')
    for (let address = 0; address < 24; address++) server.words.set(wordKey(3, 4, address), 0)
    server.words.set(wordKey(3, 4, 17), 5002)
    expect(flat(await read())).toMatchObject({ ' frequency_hertz': 50.02 })
  })

  it('a swapped float and a jump are refused and said; a real step is believed some reads later', async () => {
    const { server, read, store } = await device({ map: 'example-cdu' })
    fill(server, store, 'example-cdu', EXAMPLE)
    await read()
    await read(T0 + 30_000)
    const at = (address: number) => wordKey(4, 1, address)
    const [low, high] = [server.words.get(at(10)) ?? 0, server.words.get(at(11)) ?? 0]
    server.words.set(at(10), high).set(at(11), low)
    const swapped = await read(T0 + 60_000)
    expect(flat(swapped)).not.toHaveProperty('secondary flow_liters_per_minute')
    expect(swapped.rejected[0]?.line).toMatch(/flow_liters_per_minute .*word/)
    server.words.set(at(10), low).set(at(11), high)
    server.words.set(at(1), 820)
    const outcomes: unknown[] = []
    for (let round = 3; round < 7; round++)
      outcomes.push(flat(await read(T0 + round * 30_000))['secondary return_temperature_celsius'])
    expect(outcomes).toEqual([undefined, undefined, 82, 82])
  })

  it('an energy counter may start anew, and may not leap', async () => {
    const { server, read, store } = await device({ map: 'example-cdu' })
    fill(server, store, 'example-cdu', EXAMPLE)
    await read()
    const energy = async (words: readonly [number, number]) => {
      server.words.set(wordKey(3, 1, 100), words[0]).set(wordKey(3, 1, 101), words[1])
      return flat(await read())['pump/1 energy_joules_total']
    }
    expect(await energy([1, 0x86a5])).toBe(3.6e10 + 5 * 360_000)
    expect(await energy([0x86a5, 1])).toBeUndefined()
    expect(await energy([1, 0x86a6])).toBe(3.6e10 + 6 * 360_000)
    expect(await energy([0, 12])).toBe(12 * 360_000)
  })

  it('fast ticks read leak, pump and flow only, and say what each value speaks for', async () => {
    const { server, read, store } = await device({ map: 'example-cdu', full_every: '30s' })
    fill(server, store, 'example-cdu', EXAMPLE)
    await read(T0)
    const full = await read(T0 + 30_000)
    expect(
      full.meters?.find(({ metrics }) => 'supply_temperature_celsius' in metrics)?.stepMs,
    ).toBe(30_000)
    server.asked.length = 0
    const fast = await read(T0 + 31_000)
    expect(Object.keys(flat(fast)).sort()).toEqual([
      'leak/1 leak_state',
      'pump/1 pump_speed_ratio',
      'pump/1 pump_state',
      'secondary flow_liters_per_minute',
    ])
    expect(server.asked.length).toBe(5)
    expect(fast.meters?.every(({ stepMs }) => stepMs === undefined)).toBe(true)
  })

  it('a meter without anything fast is left alone between its full reads', async () => {
    const { server, read, isDue } = await device({ map: 'energy-meter', full_every: '30s' })
    expect(isDue(T0)).toBe(true)
    for (let address = 0; address < 24; address++) server.words.set(wordKey(3, 1, address), 0)
    expect((await read(T0)).outcome).toBe('ok')
    server.asked.length = 0
    const between = await read(T0 + 2000)
    expect([between.outcome, between.meters ?? []]).toEqual(['ok', []])
    expect(server.asked).toEqual([])
    expect([isDue(T0 + 2000), isDue(T0 + 30_000)]).toEqual([false, true])
    await read(T0 + 30_000)
    expect(server.asked.length).toBeGreaterThan(0)
  })

  it('says why there is nothing', async () => {
    expect((await (await device({})).read()).reason).toBe('no_map')
    const empty = await device({ map: 'energy-meter' })
    const refused = await empty.read()
    expect(refused).toMatchObject({ outcome: 'failed', reason: 'exception_2' })
    await empty.server.stop()
    expect((await empty.read()).reason).toMatch(/refused|closed_early/)
  })
})

it('a configuration with a map that is wrong names file, line and point', () => {
  const { mistakes } = parseYamlText('name: x\npoints: []\n', 'acme.yaml', RegisterMapFile, 1000)
  expect(mistakes[0]).toMatch(/^acme\.yaml:2:9: points: /)
  const source = createModbusSource()
  const refusals = (options: unknown) =>
    source.config
      .safeParse(options)
      .error?.issues.map(({ message }) => message)
      .join()
  expect(refusals({ maps: ['/nowhere/acme.yaml'] })).toMatch(/\/nowhere\/acme\.yaml cannot be read/)
  expect(refusals({ map: 'acme' })).toContain(
    'there is no map "acme"; known: energy-meter, example-cdu',
  )
})
