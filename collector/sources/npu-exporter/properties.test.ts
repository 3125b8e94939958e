import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isPlausible, metricDefinition } from '#schemas/metrics.ts'
import { linkMetricDefinition } from '#schemas/node-metrics.ts'
import type { Interpretation } from '#schemas/reading.ts'
import source from './source.ts'

const page = (name: string) =>
  readFileSync(join(import.meta.dirname, 'testcases', name, 'input.prom'), 'utf8')
const interpret = (text: string) => source.interpret(new TextEncoder().encode(text))

function expectInRange(read: Interpretation): void {
  const check = (values: object, definitionOf: typeof metricDefinition) => {
    for (const [name, value] of Object.entries(values)) {
      const definition = definitionOf(name)
      expect(definition, name).toBeDefined()
      if (definition !== undefined && typeof value === 'number')
        expect(isPlausible(definition, value), `${name} ${value}`).toBe(true)
    }
  }
  for (const device of read.devices) check(device.metrics, metricDefinition)
  for (const link of read.links ?? []) check(link.metrics, linkMetricDefinition)
}

describe('any page', () => {
  const lines = page('910B3-7.1.rc1-all-families').trimEnd().split('\n')

  it('gives values inside the catalogue or none, however rows are damaged', () => {
    const number = fc.constantFrom('-1', '1e30', '-7', 'NaN', '4294967295', '0', '250', '9e15')
    fc.assert(
      fc.property(fc.nat(lines.length - 1), number, (at, value) => {
        const changed = lines.map((line, n) =>
          n === at ? line.replace(/\} \S+/, `} ${value}`) : line,
        )
        expectInRange(interpret(changed.join('\n')))
      }),
      { numRuns: 150 },
    )
  })

  it('never throws on text that looks like the exporter', () => {
    const part = fc.constantFrom(
      'npu_chip_info_power',
      'vnpu_pod_used_memory',
      'npu_chip_info_error_code_3',
      'npu_chip_info_pcie_tx_p_bw',
      '{',
      '}',
      'id="0"',
      'id="99999999"',
      'v_dev_id="100"',
      'vdie_id="0 0 0 0 0"',
      'pcie_bus_info="0000:0:0"',
      ',',
      ' ',
      '"',
      '\n',
      '1',
      '-1',
      '1760000000000',
      '芯片',
    )
    fc.assert(
      fc.property(fc.array(part, { maxLength: 60 }), (parts) =>
        expectInRange(interpret(parts.join(''))),
      ),
    )
  })

  it.each(['910B3-7.1.rc1-all-families', 'A3-7.3.0-package-power', '310P3duo-6.0.0-card-power'])(
    'gives the same devices in any order of lines: %s',
    (name) => {
      const all = page(name).trimEnd().split('\n')
      const keyed = (read: Interpretation) =>
        read.devices.map(({ keys, metrics, failed, holder }) => ({ keys, metrics, failed, holder }))
      const expected = keyed(interpret(all.join('\n')))
      fc.assert(
        fc.property(fc.shuffledSubarray(all, { minLength: all.length }), (shuffled) => {
          expect(keyed(interpret(shuffled.join('\n')))).toEqual(expected)
        }),
        { numRuns: 25 },
      )
    },
  )

  it('one line less costs its own chip at most', () => {
    const chipOf = (line: string) => /(?:npuID|id)="(\d)"/.exec(line)?.[1] ?? 'none'
    const whole = interpret(lines.join('\n')).devices
    fc.assert(
      fc.property(fc.nat(lines.length - 1), (at) => {
        const read = interpret(lines.filter((_, n) => n !== at).join('\n'))
        expect(read.devices).toHaveLength(whole.length)
        const other = read.devices.filter(
          (device) => String(device.index) !== chipOf(lines[at] ?? ''),
        )
        for (const device of other)
          expect(device).toEqual(whole.find((known) => known.index === device.index))
      }),
      { numRuns: 60 },
    )
  })

  it('bounds chips, slices and names, and takes linear time on 8 MiB', () => {
    const chips = Array.from({ length: 700 }, (_, n) => `npu_chip_info_power{id="${n}"} 90\n`)
    const names = Array.from({ length: 300 }, (_, n) => `npu_chip_info_new_${n}{id="0"} 1\n`)
    const slices = Array.from(
      { length: 2100 },
      (_, n) => `vnpu_pod_used_memory{id="0",v_dev_id="${n}",is_virtual="true"} 1\n`,
    )
    const read = interpret([...chips, ...names, ...slices].join(''))
    expect(read.rejectedByReason).toEqual({ too_many_chips: 188 + 52 })
    expect(read.ignored).toHaveLength(64)
    const before = process.cpuUsage()
    interpret('npu_chip_info_power{id="0",model_name="x"} 90 1760000000000\n'.repeat(130_000))
    // Quadratic time would be minutes; what else the machine does is not counted.
    expect(process.cpuUsage(before).user).toBeLessThan(6_000_000)
  })
})
