import { describe, expect, it } from 'vitest'
import type { MeterReading } from '#schemas/reading.ts'
import { ThresholdEntry } from '../../thresholds/config.ts'
import { toTarget } from '../../targets/target.ts'
import { examine } from '../examine.ts'
import type { Facts, ReadFacts, TreeFacts } from '../facts.ts'
import { AT_MS, facts, found, read, source, target } from '../facts.testing.ts'
import type { FindingId } from '../finding.ts'

const meter = (point: string, metrics: MeterReading['metrics'], more: Partial<MeterReading> = {}) =>
  ({ meter: null, point, metrics, ...more }) satisfies MeterReading
const PDU = toTarget('pdu-1:161', {}, 'me')
const meters = (
  readings: readonly MeterReading[],
  atS = 0,
  more: Partial<ReadFacts['interpretation']> = {},
) => read([], { atS, said: { meters: readings, toolLabels: { profile: 'apc-rpdu2' }, ...more } })

/** A machine that reads one PDU, once or twice. */
function withPdu(first: ReadFacts, second: ReadFacts | null = null, more: Partial<Facts> = {}) {
  return facts({
    sources: [source('snmp', { targets: [target('snmp', first, { target: PDU, second })] })],
    ...more,
  })
}
const seenOf = (given: Facts, id: FindingId) =>
  found(examine(given), id).map(({ status, seen }) => `${status} ${seen.en}`)

describe('meters that are read', () => {
  it('things, points and the profile are said; targets are counted by points', () => {
    const given = withPdu(
      meters([meter('', { power_watts: 5 }), meter('phase/1', { power_watts: 5 })]),
    )
    expect(seenOf(given, 'meters')).toEqual(['ok 1 things, 2 points, read by apc-rpdu2'])
    expect(seenOf(given, 'targets')).toEqual([
      'ok 1 read: 2 points of meters, 2 readings, slowest 12 ms',
    ])
    expect(seenOf(facts(), 'meters')).toEqual([])
  })

  it('a listener is no failed target: doctor does not listen', () => {
    const said = { outcome: 'failed', reason: 'not_listening', detail: 'x' } as const
    const push = source('meter-push', { targets: [target('meter-push', read([], { said }))] })
    const given = facts({ sources: [push] })
    expect(seenOf(given, 'targets')).toEqual([])
    expect(found(examine(given), 'listener')).toMatchObject([{ status: 'info' }])
  })

  it('advice is that of the source: a refused login, in both languages', () => {
    const said = { outcome: 'failed', reason: 'http_401', detail: 'x' } as const
    const given = facts({
      sources: [source('redfish', { targets: [target('redfish', read([], { said }))] })],
    })
    const [finding] = found(examine(given), 'targets')
    expect(finding).toMatchObject({ status: 'problem' })
    expect(JSON.stringify(finding)).toContain('correct user and password')
    expect(JSON.stringify(finding)).toContain('更正用户名和密码')
  })
})

describe('clocks of meters', () => {
  const off = (byMs: number, more: Partial<MeterReading> = {}) =>
    seenOf(
      withPdu(meters([meter('', { power_watts: 5 }, { atMs: AT_MS + byMs, ...more })])),
      'meter-clock',
    )
  it.each([
    [8 * 3_600_000 + 20_000, '+8 h (a time zone)'],
    [-5.5 * 3_600_000, '-5.5 h (a time zone)'],
    [7 * 60_000, '+7 min'],
    [-40 * 60_000, '-40 min'],
    [-1000 * 86_400_000, '-24000 h'],
  ])('off by %d ms', (byMs, said) => {
    expect(off(byMs)).toEqual([`warning clocks differ from ours: pdu-1 ${said}`])
  })

  it('a second is no difference, and what was filed may be old but not ahead', () => {
    expect(off(1000)).toEqual([])
    expect(off(-86_400_000, { isTimeOwn: true })).toEqual([])
    expect(off(8 * 3_600_000, { isTimeOwn: true })).toHaveLength(1)
  })
})

describe('counters over two reads', () => {
  const KWH = 3.6e6
  const counted = (energy: number, watts = 6000) =>
    [meter('', { power_watts: watts, energy_joules_total: energy })] as const
  const over = (seconds: number, from: number, to: number, watts = 6000) =>
    seenOf(
      withPdu(meters(counted(from, watts)), meters(counted(to, watts), seconds)),
      'meter-counter',
    )

  it('one that stands while power should have moved it three steps', () => {
    // Steps of 1 kWh: three of them take half an hour, more than anybody watches.
    expect(over(300, 100 * KWH, 100 * KWH)).toEqual([])
    expect(over(300, 100.1 * KWH, 100.1 * KWH)).toEqual([
      'warning energy counters stand still while power flows: pdu-1 6000 W',
    ])
    expect(over(300, 100.1 * KWH, 100.1 * KWH, 0)).toEqual([])
  })

  it('the time that would tell is named', () => {
    const [finding] = found(
      examine(withPdu(meters(counted(100.1 * KWH)), meters(counted(100.1 * KWH), 3))),
      'meter-counter',
    )
    expect(finding).toMatchObject({ status: 'info', fix: { en: expect.stringContaining('185') } })
    expect(over(3, 100 * KWH, 100 * KWH, 50)).toEqual([])
  })

  it('one that falls, one that goes with power, one with a wrong scale', () => {
    expect(over(60, 100.1 * KWH, 0.1 * KWH)).toEqual([
      'warning energy counters fell: pdu-1 100 kWh → 0.1 kWh',
    ])
    expect(over(600, 100.1 * KWH, 101.1 * KWH)).toEqual([
      'ok 1 of 1 energy counters rise as power says',
    ])
    expect(over(600, 100.1 * KWH, 110.1 * KWH)).toEqual([
      'warning energy counters do not go with power: pdu-1 +10 kWh (power: 1 kWh)',
    ])
    expect(over(600, 1001.01 * KWH, 1001.11 * KWH)).toEqual([
      'warning energy counters do not go with power: pdu-1 +0.1 kWh (power: 1 kWh)',
    ])
  })

  it('the same registers twice are no frozen page', () => {
    const same = meters(counted(100 * KWH))
    expect(seenOf(withPdu(same, { ...same, atMs: AT_MS + 200_000 }), 'frozen')).toEqual([])
  })
})

describe('values', () => {
  it('impossible ones are named with an example, and more watts than volt-amperes', () => {
    const given = withPdu(
      meters([meter('', { power_watts: 6000, apparent_power_voltamperes: 600 })], 0, {
        rejected: [{ line: 'flow 4.2e9', reason: 'out_of_range' }],
        rejectedByReason: { out_of_range: 2, no_value: 9 },
      }),
    )
    expect(seenOf(given, 'meter-values')).toEqual([
      'warning refused: out_of_range 2 (flow 4.2e9); more watts than volt-amperes: pdu-1',
    ])
    expect(seenOf(withPdu(meters([meter('', { power_watts: 5 })])), 'meter-values')).toEqual([])
  })
})

describe('the tree', () => {
  const tree = (listed: TreeFacts['meters']): TreeFacts => ({
    from: 'http://s:8440',
    problem: null,
    meters: listed,
  })
  const readings = [
    meter('', { power_watts: 5 }),
    meter('outlet/1', { power_watts: 1 }),
    meter('', { power_watts: 7 }, { meter: 'pdu-9' }),
    meter('', { temperature_celsius: 20 }, { meter: 'room-1' }),
  ]

  it('what the tree does not know, what nobody delivers, what is refused', () => {
    const given = withPdu(meters(readings), null, {
      tree: tree([
        { meter: 'pdu-1', state: 'silent' },
        { meter: 'pdu-2', state: 'silent' },
        { meter: 'pdu-3', state: 'ok' },
        { meter: 'pdu-4', state: 'faulty' },
      ]),
    })
    expect(seenOf(given, 'meter-tree')).toEqual([
      'ok 1 of 4 meters of the tree were read here',
      'warning 1 read here, and not in the tree: pdu-9',
      'warning 1 in the tree, and nobody delivers them: pdu-2',
      'warning 1 refused by settling: pdu-4',
    ])
  })

  it('is not missed where no server is named, and is where one does not answer', () => {
    expect(seenOf(withPdu(meters(readings)), 'meter-tree')).toEqual([])
    const away = { from: 'http://s:8440', problem: 'nothing answers', meters: [] }
    expect(seenOf(withPdu(meters(readings), null, { tree: away }), 'meter-tree')).toEqual([
      'warning the tree of meters cannot be asked for: nothing answers',
    ])
  })
})

describe('thresholds', () => {
  const cdu = [
    meter('secondary', { supply_temperature_celsius: 40, flow_liters_per_minute: 900 }),
    meter('secondary', { rated_flow_liters_per_minute: 1000 }),
    meter('', { dew_point_celsius: 12, coolant_ph: 7.5 }),
    meter('leak/1', { leak_state: 0 }),
  ]

  it('those in force for what was read, and what has none', () => {
    expect(seenOf(withPdu(meters(cdu)), 'thresholds')).toEqual([
      'ok points watched (0 entries of your own, else defaults): supply_temperature_celsius 1, dew_point_margin 1, flow_share 1, leak 1, leak_detector_unavailable 1',
      'info without a limit: pdu-1 coolant_ph',
    ])
  })

  it('your own entries count', () => {
    const { config } = facts()
    const own = ThresholdEntry.parse({ signal: 'coolant_ph', high: { warn: [8, 7.9] } })
    const used = { ...config.used, thresholds: [own] }
    const given = withPdu(meters(cdu), null, { config: { ...config, used } })
    expect(seenOf(given, 'thresholds')).toHaveLength(1)
    expect(seenOf(given, 'thresholds')[0]).toContain('coolant_ph 1')
  })
})

it('every finding about meters has words in both languages', () => {
  const bad = withPdu(
    meters(
      [
        meter('', { power_watts: 6000, energy_joules_total: 36e7 }, { atMs: AT_MS + 3_600_000 }),
        meter('x', { coolant_ph: 7 }),
      ],
      0,
      { rejectedByReason: { jump: 1 } },
    ),
    meters([meter('', { power_watts: 6000, energy_joules_total: 1 })], 60),
    { tree: { from: 's', problem: null, meters: [{ meter: 'a', state: 'silent' }] } },
  )
  const open = examine(bad).filter(({ id }) => /^(meter|threshold|listener)/.test(id))
  expect(new Set(open.map(({ id }) => id)).size).toBeGreaterThanOrEqual(6)
  for (const finding of open) {
    expect(finding.seen.zh, finding.id).toMatch(/\p{Script=Han}/u)
    if (finding.status === 'ok') continue
    for (const { en, zh } of [finding.why, finding.fix]) {
      expect(zh, finding.id).toMatch(/\p{Script=Han}/u)
      expect(en, finding.id).not.toMatch(/\p{Script=Han}/u)
    }
  }
})
