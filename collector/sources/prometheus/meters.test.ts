import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { readMeters } from '../../meter-samples.ts'
import { T0, targetRead } from '../../read.testing.ts'
import { toTarget } from '../../targets/target.ts'
import { interpretPage } from './interpret.ts'
import { createMappingStore } from './load-mapping.ts'
import { unitInName } from './meter-rules.ts'
import { parseMapping } from './parse-mapping.ts'

const HEAD = 'name: mine\nmeters:\n  metrics:\n'
const mistakesIn = (rule: string) => parseMapping(`${HEAD}    - ${rule}\n`, 'mine.yaml').mistakes

/** A page read by a mapping of one's own. */
function read(mapping: string, lines: readonly string[]) {
  const parsed = parseMapping(mapping, 'mine.yaml')
  expect(parsed.mistakes).toEqual([])
  const page = new TextEncoder().encode(`${lines.join('\n')}\n`)
  const mappings = parsed.mapping === null ? [] : [parsed.mapping]
  const { meters = [], ...rest } = interpretPage(page, mappings)
  const points = Object.fromEntries(
    meters.map(({ meter, point, metrics }) => [`${meter ?? ''}/${point}`, metrics]),
  )
  return { ...rest, meters, points }
}
const POWER = '{ from: p, to: power_watts, unit: W, factor: 1'

describe('a rule for meters', () => {
  it.each([
    [
      'a name that says no unit, without a factor',
      '{ from: rPDU2DeviceStatusPower, to: power_watts, unit: W }',
      'factor: is missing: "rPDU2DeviceStatusPower" says no unit',
    ],
    [
      'one such name among others',
      '{ from: [a_watts, a_power], to: power_watts, unit: W }',
      '"a_power" says no unit',
    ],
    [
      'a unit against the name',
      '{ from: a_watts, to: power_watts, unit: kW }',
      '"a_watts" is in W by its name',
    ],
    [
      'a unit of another kind',
      '{ from: a_watts, to: energy_joules_total, unit: W }',
      'W is no unit of energy_joules_total, which is in joules',
    ],
    [
      'a metric of a device',
      '{ from: a, to: busy_ratio, unit: ratio, factor: 1 }',
      'no metric "busy_ratio" of meters',
    ],
    ['a step of nothing', '{ from: a, to: power_watts, unit: W, factor: 0 }', 'factor'],
    ['a stray otherwise', `${POWER}, otherwise: 3 }`, 'otherwise: stands beside `values` only'],
    ['an unknown key', `${POWER}, scale: 3 }`, 'scale'],
  ])('%s is refused with file and line', (_what, rule, said) => {
    const [mistake = ''] = mistakesIn(rule)
    expect(mistake).toMatch(/^mine\.yaml:4:\d+: meters\.metrics\[0\]/)
    expect(mistake).toContain(said)
  })

  it('needs no factor where the name, the digits or the codes say it', () => {
    expect(mistakesIn('{ from: a_watts, to: power_watts, unit: W }')).toEqual([])
    expect(mistakesIn('{ from: a_kwh_total, to: energy_joules_total, unit: kWh }')).toEqual([])
    expect(mistakesIn('{ from: a, to: power_watts, unit: W, digits: d }')).toEqual([])
    expect(mistakesIn('{ from: a, to: leak_state, unit: code, values: { "0": 0 } }')).toEqual([])
    expect(parseMapping('name: m\n', 'm.yaml').mistakes[0]).toContain('needs one, or `meters`')
  })

  it.each([
    ['x_watts', 'W'],
    ['x_joules_total', 'J'],
    ['x_kilowatt_hours', 'kWh'],
    ['x_watt_hours_total', 'Wh'],
    ['ipmi_temperature_celsius', 'C'],
    ['upsAdvBatteryRunTimeRemaining_seconds', 's'],
    ['megawatts', null],
    ['lgpPduPsEntryPwrTotal', null],
  ])('the name %s says %s', (name, unit) => {
    expect(unitInName(name)).toBe(unit)
  })
})

describe('meters of a page', () => {
  it('the example for users is one that works, with the labels of federated pages', () => {
    const readme = readFileSync(new URL('README.md', import.meta.url), 'utf8')
    const example = /```yaml\n(name: raritan-px3[^]*?)```/.exec(readme)?.[1] ?? ''
    const sensor = (type: number, more: string) =>
      `measurementsInletSensorValue{inletId="1",sensorType="${type}",${more}}`
    const { points, rejectedByReason } = read(example, [
      `${sensor(5, 'rack="r01",feed="a",instance="10.0.0.7:161"')} 3305`,
      `${sensor(8, 'rack="r01",feed="a",instance="10.0.0.7:161"')} 28764512`,
      `${sensor(5, 'rack="r02",instance="pdu-r02-a:161"')} 2100`,
      `${sensor(5, 'rack="r03"')} 7`,
      'room_leak{sensor="1",instance="cdu-3"} 1',
      'room_leak{sensor="2",instance="cdu-3"} 9',
    ])
    expect(points).toEqual({
      'r01-a/inlet/1': { power_watts: 3305, energy_joules_total: 28_764_512 * 3600 },
      'pdu-r02-a/inlet/1': { power_watts: 2100 },
      'cdu-3/leak/1': { leak_state: 2 },
      'cdu-3/leak/2': { leak_state: 3 },
    })
    expect(rejectedByReason).toEqual({ no_meter: 1 })
  })

  it('several rows of one point: the same, a sum that is whole, or none', () => {
    const rules = [
      `${POWER}, point: a }`,
      `${POWER}, point: b, where: { line: "?*" }, combine: sum }`,
      '{ from: c, to: current_amperes, unit: A, factor: 0.1, combine: max }',
    ]
    const mapping = `${HEAD}${rules.map((rule) => `    - ${rule}\n`).join('')}`
    const lines = ['p{line="1"} 100', 'p{line="2"} 200', 'c{line="1"} 94', 'c{line="2"} 101']
    const whole = read(mapping, lines)
    expect(whole.points).toEqual({
      '/b': { power_watts: 300 },
      '/': { current_amperes: 10.1 },
    })
    expect(whole.rejectedByReason).toEqual({ ambiguous_rows: 1 })
    expect(read(mapping, [...lines, 'p{line="3"} NaN']).points['/b']).toBeUndefined()
  })

  it('impossible values are refused, never clipped, and -1 can be no value', () => {
    const mapping = `${HEAD}    - ${POWER}, point: "o/{o}", missing: [-1] }\n`
    const { points, rejectedByReason } = read(mapping, [
      'p{o="1"} -1',
      'p{o="2"} -2',
      'p{o="3"} 0',
      'p{o="4"} 4.2e9',
      'p{o="###"} 5',
      'p 6',
    ])
    expect(points).toEqual({ '/o/3': { power_watts: 0 } })
    expect(rejectedByReason).toEqual({ out_of_range: 2, no_meter: 2 })
  })

  it('digits that are none refuse the number', () => {
    const mapping = `${HEAD}    - { from: p, to: power_watts, unit: W, digits: d, point: "o/{o}" }\n`
    const { points, rejectedByReason } = read(mapping, [
      'p{o="1"} 1234',
      'd{o="1"} 2',
      'p{o="2"} 1234',
      'd{o="2"} 0.5',
      'p{o="3"} 1234',
      'd{o="3"} 99',
      'p{o="4"} 1234',
    ])
    expect(points).toEqual({ '/o/1': { power_watts: 12.34 } })
    expect(rejectedByReason).toEqual({ no_digits: 3 })
  })

  it('more points than a target may have are refused', () => {
    const mapping = `${HEAD}    - ${POWER}, point: "o/{o}" }\n`
    const { meters, rejectedByReason } = read(
      mapping,
      Array.from({ length: 600 }, (_, at) => `p{o="${at}"} ${at}`),
    )
    expect(meters).toHaveLength(512)
    expect(rejectedByReason).toEqual({ too_many_meters: 88 })
  })

  it("without a name of its own a reading is the target's, at the target's time", () => {
    const { mapping } = createMappingStore().find('snmp-exporter-apc')
    const page = new TextEncoder().encode(
      'rPDU2DeviceStatusPower{rPDU2DeviceStatusIndex="1"} 613\nrPDU2PhaseStatusPower{rPDU2PhaseStatusIndex="1"} 210\n',
    )
    const said = interpretPage(page, mapping === null ? [] : [mapping])
    const address = 'http://snmp-exporter:9116/snmp?module=apcups&target=10.20.0.7'
    const target = toTarget(address, { node: 'pdu-h1-r01-a' }, 'me')
    const { samples, rejected } = readMeters(targetRead(T0, [], { target, said }))
    expect(rejected).toEqual({})
    expect(samples).toMatchObject([
      { meter: 'pdu-h1-r01-a', at_ms: T0, values: { power_watts: 6130 } },
      { meter: 'pdu-h1-r01-a/phase/1', values: { power_watts: 2100 } },
    ])
  })
})
