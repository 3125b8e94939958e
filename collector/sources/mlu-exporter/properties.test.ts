import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isPlausible, metricDefinition } from '#schemas/metrics.ts'
import { linkMetricDefinition } from '#schemas/node-metrics.ts'
import type { Interpretation } from '#schemas/reading.ts'
import { LIMITS } from './parse.ts'
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
  const lines = page('MLU370X8-2.0.22-one-board').trimEnd().split('\n')

  it('gives values inside the catalogue or none, however rows are damaged', () => {
    const number = fc.constantFrom('-1', '1e30', '-7', 'NaN', '4294967295', '0', '250', '9e15')
    fc.assert(
      fc.property(fc.nat(lines.length - 1), number, (at, value) => {
        const changed = lines.map((line, n) =>
          n === at ? line.replace(/\} \S+$/, `} ${value}`) : line,
        )
        expectInRange(interpret(changed.join('\n')))
      }),
      { numRuns: 150 },
    )
  })

  it('never throws on text that looks like the exporter', () => {
    const part = fc.constantFrom(
      'mlu_power_usage',
      'mlu_xid_error',
      'mlu_mlulink_status',
      'mlu_smlu_instance_info',
      '{',
      '}',
      'uuid="u"',
      'mlu="0"',
      'vf=""',
      'xid_base_10="99999999999999999999"',
      'smlu_instance_id="1"',
      'smlu_ipu_total="-5"',
      'link="0"',
      ',',
      ' ',
      '\n',
      '1',
      '-1',
      '寒武纪',
    )
    fc.assert(
      fc.property(fc.array(part, { maxLength: 60 }), (parts) => {
        expectInRange(interpret(parts.join('')))
      }),
    )
  })

  it('gives the same devices in any order of lines', () => {
    const keyed = (read: Interpretation) =>
      read.devices.map(({ keys, metrics, failed, holder }) => ({ keys, metrics, failed, holder }))
    const expected = keyed(interpret(lines.join('\n')))
    fc.assert(
      fc.property(fc.shuffledSubarray(lines, { minLength: lines.length }), (shuffled) => {
        expect(keyed(interpret(shuffled.join('\n')))).toEqual(expected)
      }),
      { numRuns: 25 },
    )
  })

  it('bounds cards, names, links and time', () => {
    const cards = Array.from({ length: 300 }, (_, n) => `mlu_temperature{uuid="u${n}"} 40\n`)
    const names = Array.from({ length: 300 }, (_, n) => `mlu_new_${n}{uuid="u0"} 1\n`)
    const links = Array.from(
      { length: 100 },
      (_, n) => `mlu_mlulink_status{uuid="u0",link="${n}"} 1\n`,
    )
    const read = interpret([...cards, ...names, ...links].join(''))
    expect(read.rejectedByReason).toEqual({ too_many_cards: 300 - LIMITS.cards })
    expect(read.ignored).toHaveLength(LIMITS.ignored)
    expect(read.links).toHaveLength(LIMITS.links)
    for (const text of ['mlu_power_usage{uuid="u",vf=""} 90\n', 'mlu_a{uuid', '# HELP x y']) {
      const startedMs = performance.now()
      const bytes = new TextEncoder().encode(text.repeat(Math.floor(8e6 / text.length)))
      source.interpret(bytes)
      source.recognize(bytes)
      expect(performance.now() - startedMs, text).toBeLessThan(4000)
    }
  })
})
