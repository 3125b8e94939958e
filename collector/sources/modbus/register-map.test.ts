import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { parseYamlText } from '../../formats/yaml-text.ts'
import { createMapStore } from './load-map.ts'
import { planRanges } from './plan.ts'
import { RegisterMapFile } from './register-map.ts'
import source from './source.ts'

const parse = (text: string) => parseYamlText(text, 'm.yaml', RegisterMapFile, 100_000)
const withPoint = (point: string) => parse(`name: a\npoints:\n  - ${point}\n`)
const mistakesOf = (point: string) => withPoint(point).mistakes.join('\n')

describe('register maps', () => {
  it('all that come with the source are whole', () => {
    const folder = join(import.meta.dirname, 'maps')
    const names = createMapStore()
      .builtIn()
      .map(({ name }) => `${name}.yaml`)
    expect(names.sort()).toEqual(readdirSync(folder).sort())
  })

  it('the manual counts from one', () => {
    const { value } = withPoint(
      '{ metric: temperature_celsius, manual: "30491", type: int16, unit: C, scale: 0.1 }',
    )
    expect(value?.points[0]).toMatchObject({ function: 4, address: 490 })
    expect(
      mistakesOf(
        '{ metric: temperature_celsius, manual: "40101", function: 3, address: 101, type: int16, unit: C }',
      ),
    ).toContain('m.yaml:3:')
  })

  it('says what is wrong, and where', () => {
    const cases: readonly (readonly [string, RegExp])[] = [
      ['{ metric: power, address: 0, function: 3, type: int16, unit: W }', /no metric "power"/],
      ['{ metric: power_watts, type: int16, unit: W }', /is missing: give function and address/],
      [
        '{ metric: power_watts, function: 3, address: 0, type: int16, unit: kWh }',
        /must be a unit of power_watts: W, kW, MW/,
      ],
      [
        '{ metric: power_watts, function: 2, address: 0, type: int16, unit: W }',
        /functions 1 and 2 read single bits/,
      ],
      ['{ metric: leak_state, function: 2, address: 0, type: bit }', /states: is missing/],
      [
        '{ metric: leak_state, function: 2, address: 0, type: bit, states: { "0": fine } }',
        /"fine" is none of ok/,
      ],
      [
        '{ metric: power_watts, function: 3, address: 65535, type: int32, unit: W }',
        /behind the last register/,
      ],
      [
        '{ metric: power_watts, function: 3, address: 0, type: int16, unit: W, invalid: "0x80000" }',
        /at most 4 hexadecimal/,
      ],
      [
        '{ metric: power_watts, function: 3, address: 0, type: int16, unit: W, range: [5, 1] }',
        /from low to high/,
      ],
      [
        '{ metric: power_watts, function: 3, address: 0, type: int16, unit: W, bits: 3 }',
        /bitfield only/,
      ],
      [
        '{ metric: power_watts, function: 3, address: 0, type: int16, unit: W, typo: 1 }',
        /unknown key "typo"/,
      ],
      ['{ metric: power_watts, manual: "30000", type: int16, unit: W }', /counts from 1/],
    ]
    for (const [point, message] of cases) expect(mistakesOf(point)).toMatch(message)
    expect(
      parse(
        'name: a\npoints:\n' +
          '  - { metric: power_watts, function: 3, address: 0, type: int16, unit: W }\n'.repeat(2),
      ).mistakes.join(),
    ).toContain('is there twice')
  })
})

describe('requests', () => {
  const mapOf = (addresses: readonly number[], more = '') =>
    parse(
      `name: a\n${more}points:\n${addresses
        .map(
          (at) =>
            `  - { metric: power_watts, point: branch/${at}, function: 3, address: ${at}, type: int32, unit: W }\n`,
        )
        .join('')}`,
    ).value
  const runs = (addresses: readonly number[], gap: number, more?: string) => {
    const map = mapOf(addresses, more)
    if (map === null) throw new Error('the map is wrong')
    return planRanges(map.points, map, { unitId: 1, gap }).map(
      ({ range: { address, count }, hasGap }) => [address, count, hasGap],
    )
  }

  it('neighbours share one, over a gap of limited size', () => {
    expect(runs([0, 2, 10, 40], 8)).toEqual([
      [0, 12, true],
      [40, 2, false],
    ])
    expect(runs([0, 2, 10, 40], 0)).toEqual([
      [0, 4, false],
      [10, 2, false],
      [40, 2, false],
    ])
  })

  it('none is larger than the device allows, no value is split, order does not matter', () => {
    const many = Array.from({ length: 100 }, (_, at) => at * 2)
    expect(runs(many.toReversed(), 8)).toEqual([
      [0, 124, false],
      [124, 76, false],
    ])
    expect(runs(many, 8, 'max_registers_per_request: 5\n').every(([, count]) => count === 4)).toBe(
      true,
    )
  })
})

/** A third party's example of a map: its own shape, its values read through ours. */
const SAMPLE = join(
  import.meta.dirname,
  '../../../../shared/samples/facility/modbus/constructed-cdu-map.json',
)
const Sample = z.looseObject({
  points: z.array(
    z.looseObject({
      name: z.string(),
      type: z.string().optional(),
      notation: z.string().optional(),
    }),
  ),
})
/** Their name -> our metric and part. */
const NAMES: Readonly<Record<string, readonly [metric: string, point: string]>> = {
  tcs_supply_temperature: ['supply_temperature_celsius', 'secondary'],
  tcs_return_temperature: ['return_temperature_celsius', 'secondary'],
  tcs_flow: ['flow_liters_per_minute', 'secondary'],
  heat_removed: ['heat_removed_watts', 'secondary'],
  pump_energy: ['energy_joules_total', 'pump/1'],
  leak: ['leak_state', 'leak/1'],
}
const KEPT = ['function', 'address', 'type', 'scale', 'unit', 'invalid', 'word_order'] as const

it('the sample of a map is read to the values seen by eye', () => {
  if (!existsSync(SAMPLE)) return console.warn(`NOT CHECKED: ${SAMPLE} is not here`)
  const sample = Sample.parse(JSON.parse(readFileSync(SAMPLE, 'utf8')))
  const points = sample.points.flatMap((theirs) => {
    const [metric, point] = NAMES[theirs.name] ?? []
    if (metric === undefined) return []
    const kept = Object.fromEntries(
      KEPT.flatMap((key) => (key in theirs ? [[key, theirs[key]]] : [])),
    )
    const manual = /manual (\d+)/.exec(theirs.notation ?? '')?.[1]
    const states = theirs.type === 'bit' ? { states: { '0': 'ok', '1': 'critical' } } : {}
    return [{ metric, point, ...kept, ...states, ...(manual === undefined ? {} : { manual }) }]
  })
  expect(points.length).toBe(6)
  const registers = [
    { function: 4, address: 0, values: [0x0113, 0xffce] },
    { function: 4, address: 10, values: [0, 0x447a, 0, 0x42c8] },
    { function: 3, address: 100, values: [1, 0x86a0] },
    { function: 2, address: 5, values: [1] },
  ]
  const capture = JSON.stringify({ map: { name: 'sample', points }, registers })
  const read = source.interpret(new TextEncoder().encode(capture))
  expect(
    Object.fromEntries((read.meters ?? []).map(({ point, metrics }) => [point, metrics])),
  ).toEqual({
    secondary: {
      supply_temperature_celsius: 27.5,
      return_temperature_celsius: -5,
      flow_liters_per_minute: 1000,
      heat_removed_watts: 100_000,
    },
    'pump/1': { energy_joules_total: 3.6e10 },
    'leak/1': { leak_state: 2 },
  })
})
