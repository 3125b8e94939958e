import { describe, expect, it } from 'vitest'
import type { DeviceReading } from '#schemas/reading.ts'
import { EventRecord } from '#schemas/records.ts'
import { createEventEdges } from './events.ts'
import { reading } from './example-source.testing.ts'
import { createMerger } from './merge.ts'
import { T0, targetRead } from './read.testing.ts'
import { toTarget } from './targets/target.ts'

function world() {
  const told: EventRecord[] = []
  const edges = createEventEdges({
    emit: (event) => told.push(EventRecord.parse(event)),
    describeFault: (_, type, code) =>
      type === 'xid' && code === '79'
        ? {
            class: 'bus',
            severity: 'fatal',
            action: { en: 'Drain the node.', zh: '' },
            name: { en: 'off the bus', zh: '掉卡' },
          }
        : null,
  })
  const merger = createMerger({
    config: { cluster: 'c', labels: { hall: '', rack: '', pool: '' }, nodeLabels: new Map() },
    orderOf: () => 0,
    onPinChange: () => undefined,
  })
  let tick = T0
  const events = (
    devices: readonly DeviceReading[],
    more: Parameters<typeof targetRead>[2] = {},
  ) => {
    const read = targetRead((tick += 10_000), devices, more)
    edges.observe(read, merger.accept(read))
    return told.splice(0)
  }
  const see = (...read: Parameters<typeof events>) =>
    events(...read).map(({ type, code, edge }) => `${type} ${code} ${edge}`)
  return { see, events, told, edges }
}
const gpu = (metrics: object, more: object = {}) => reading({ keys: ['uuid:1'], metrics, ...more })
const other = reading({ keys: ['uuid:2'] })

describe('XID', () => {
  it('a sticky value is told once, however long it stays', () => {
    const { see } = world()
    expect(see([gpu({ xid_code: 0 })])).toEqual([])
    expect(see([gpu({ xid_code: 31 })])).toEqual(['xid 31 open'])
    for (let i = 0; i < 50; i++) expect(see([gpu({ xid_code: 31 })])).toEqual([])
  })

  it('one that was there at first sight is no fault of now: it is noted once, its time unknown', () => {
    const { see, told } = world()
    expect(see([gpu({ xid_code: 31 })])).toEqual(['xid_at_start 31 point'])
    for (let i = 0; i < 50; i++) expect(see([gpu({ xid_code: 31 })])).toEqual([])
    // 0 or absent between is not its end, and it is still the same one after.
    expect(see([gpu({})])).toEqual([])
    expect(see([gpu({ xid_code: 31 })])).toEqual([])
    expect(see([gpu({ xid_code: 79 })])).toEqual(['xid 31 closed', 'xid 79 open'])
    expect(told).toEqual([])
  })

  it('one at first sight is information, however bad the fault itself would be', () => {
    const { events } = world()
    expect(events([gpu({ xid_code: 79 })])).toMatchObject([
      { type: 'xid_at_start', code: '79', edge: 'point', severity: 'info' },
    ])
  })

  it('the first value after none or 0 is a fault of now', () => {
    for (const before of [{}, { xid_code: 0 }, { xid_code: null }]) {
      const { see } = world()
      expect(see([gpu(before)])).toEqual([])
      expect(see([gpu({ xid_code: 79 })])).toEqual(['xid 79 open'])
    }
  })

  it('a restarted driver ends one from before, and the same code is then a new fault', () => {
    const { see } = world()
    see([gpu({ xid_code: 31, energy_joules_total: 9000 })])
    expect(see([gpu({ xid_code: 31, energy_joules_total: 12 })])).toEqual([
      'xid 31 closed',
      'xid 31 open',
    ])
  })

  it('another value ends the one before; 0 or absent ends nothing', () => {
    const { see } = world()
    see([gpu({ xid_code: 31 })])
    expect(see([gpu({ xid_code: 0 })])).toEqual([])
    expect(see([gpu({})])).toEqual([])
    expect(see([gpu({ xid_code: 31 })])).toEqual([])
    expect(see([gpu({ xid_code: 43 })])).toEqual(['xid 31 closed', 'xid 43 open'])
  })

  it('a driver restart closes it: another version, or a counter that fell', () => {
    const { see } = world()
    see([gpu({ xid_code: 31, energy_joules_total: 9000 }, { labels: { driver_version: '570' } })])
    expect(
      see([gpu({ xid_code: 0, energy_joules_total: 12 }, { labels: { driver_version: '570' } })]),
    ).toEqual(['xid 31 closed'])
    see([gpu({ xid_code: 48, energy_joules_total: 13 }, { labels: { driver_version: '570' } })])
    expect(see([gpu({}, { labels: { driver_version: '580' } })])).toEqual(['xid 48 closed'])
  })

  it('every edge is told in both languages', () => {
    const { events } = world()
    events([gpu({ health_code: 0 }), other])
    const told = [
      ...events([gpu({ xid_code: 31, health_code: 2 }), other]),
      ...events([other]),
      ...events([other]),
      ...events([gpu({ xid_code: 48, health_code: 0 }, { failed: 'zero_filled' }), other]),
    ]
    expect(told.length).toBeGreaterThan(3)
    for (const { message, message_zh } of told) {
      expect(message).not.toBe('')
      expect(message_zh).toMatch(/\p{Script=Han}/u)
    }
  })

  it('the source says how bad it is and what to do', () => {
    const { see, told, edges } = world()
    see([gpu({})])
    const read = targetRead(T0 + 100_000, [])
    edges.observe(read, {
      rows: [],
      replaced: [],
      rejected: {},
      examples: [],
      seen: [{ key: 'uuid:1', node: 'n1', reading: gpu({}), metrics: { xid_code: 79 } }],
    })
    expect(told[0]).toMatchObject({
      severity: 'fatal',
      message: 'off the bus',
      device_key: 'uuid:1',
    })
  })
})

describe('health and single devices', () => {
  it('alarm opens, critical replaces it, OK closes, unknown changes nothing', () => {
    const { see } = world()
    expect(see([gpu({ health_code: 1 })])).toEqual([])
    expect(see([gpu({ health_code: 2 })])).toEqual(['health alarm open'])
    expect(see([gpu({ health_code: null })])).toEqual([])
    expect(see([gpu({ health_code: 3 })])).toEqual(['health alarm closed', 'health critical open'])
    expect(see([gpu({ health_code: 1 })])).toEqual([])
    expect(see([gpu({ health_code: 0 })])).toEqual(['health critical closed'])
  })

  it('a device that cannot be read is told once, and again when it can', () => {
    const { see } = world()
    expect(see([gpu({}, { failed: 'zero_filled' })])).toEqual([
      'device_unreadable zero_filled open',
    ])
    expect(see([gpu({}, { failed: 'zero_filled' })])).toEqual([])
    expect(see([gpu({})])).toEqual(['device_unreadable zero_filled closed'])
  })

  it('a tool that could read none of its devices says so about each, and about nothing else', () => {
    const { see } = world()
    see([gpu({}), other])
    const said = { said: { outcome: 'failed', reason: 'zero_filled', detail: 'x' } } as const
    expect(see([gpu({}, { failed: 'zero_filled' })], said)).toEqual([
      'device_unreadable zero_filled open',
    ])
    expect(see([gpu({}, { failed: 'zero_filled' })], said)).toEqual([])
    expect(see([gpu({}), other])).toEqual(['device_unreadable zero_filled closed'])
  })

  it('a device that vanished from a target that reports is missing, after two reads', () => {
    const { see } = world()
    see([gpu({}), other])
    expect(see([other])).toEqual([])
    expect(see([other])).toEqual(['device_missing  open'])
    expect(see([other])).toEqual([])
    expect(see([gpu({}), other])).toEqual(['device_missing  closed'])
  })

  it('a target that fails or shows nothing says nothing about its devices', () => {
    const { see } = world()
    see([gpu({}), other])
    for (let i = 0; i < 5; i++) expect(see([], { said: { outcome: 'failed' } })).toEqual([])
    for (let i = 0; i < 5; i++) expect(see([])).toEqual([])
  })

  it('a replaced device is not missing, nor is a slice of another layout', () => {
    const { see } = world()
    const bus = '0000:01:00.0'
    const slice = reading({
      keys: ['mig:1/3'],
      parent: 'uuid:2',
      partition: { id: '3', profile: '1g.10gb', share: 1 / 7 },
    })
    see([gpu({}, { bus }), other, slice])
    const swapped = reading({ keys: ['uuid:9'], bus })
    for (let i = 0; i < 4; i++) expect(see([swapped, other])).toEqual([])
  })

  it('a device that moved to another target is not missing there', () => {
    const { see } = world()
    see([gpu({}), other])
    const elsewhere = { target: toTarget('n2:9400', {}, 'me'), source: 'b' }
    see([gpu({})], elsewhere)
    expect(see([other])).toEqual([])
    see([gpu({})], elsewhere)
    expect(see([other])).toEqual([])
  })
})

describe('what the output itself states', () => {
  const stated = (code: string, edge: EventRecord['edge'] = 'open'): EventRecord => ({
    kind: 'event',
    at_ms: 0,
    node: '',
    device_key: 'uuid:1',
    source: 'a',
    type: 'fault',
    code,
    severity: 'critical',
    edge,
    message: 'said by the tool',
  })

  it('is told when it appears and closed when it is gone, not with every read', () => {
    const { see } = world()
    expect(see([gpu({})], { said: { events: [stated('8C03A000')] } })).toEqual([
      'fault 8C03A000 open',
    ])
    expect(see([gpu({})], { said: { events: [stated('8C03A000')] } })).toEqual([])
    expect(see([gpu({})], { said: { outcome: 'failed' } })).toEqual([])
    expect(see([gpu({})])).toEqual(['fault 8C03A000 closed'])
    expect(see([gpu({})], { said: { events: [stated('x', 'point')] } })).toEqual(['fault x point'])
    expect(see([gpu({})])).toEqual([])
  })

  it('class and advice of the source travel unchanged; the end says only that it is over', () => {
    const { events } = world()
    const advice = {
      message_zh: '工具所述',
      fault_class: 'hardware',
      action: 'Replace the card.',
      action_zh: '更换该卡。',
    } as const
    const [open] = events([gpu({})], { said: { events: [{ ...stated('1'), ...advice }] } })
    expect(open).toMatchObject({ ...advice, message: 'said by the tool' })
    const [over] = events([gpu({})])
    expect(over).toMatchObject({ edge: 'closed', fault_class: 'hardware', message_zh: '不再上报' })
    expect(over).not.toHaveProperty('action')
    const long = { ...stated('2'), message: 'x'.repeat(5000), action: 'y'.repeat(5000) }
    expect(events([gpu({})], { said: { events: [long] } })[0]?.action).toHaveLength(1024)
  })
})
