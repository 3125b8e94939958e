import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isPlausible, metricDefinition } from '#schemas/metrics.ts'
import type { Interpretation } from '#schemas/reading.ts'
import { DEFAULT_FIELDS } from './map.ts'
import {
  type DmonLayout,
  simulatedNode,
  simulatedValues,
  writeDiscoveryList,
  writeDmonHeader,
  writeDmonRow,
} from './simulate.ts'
import source from './source.ts'

const interpret = (text: string) => source.interpret(new TextEncoder().encode(text))
const root = join(import.meta.dirname, 'testcases')
const cases = readdirSync(root).map((name) => readFileSync(join(root, name, 'input.txt'), 'utf8'))

function expectPlausible(read: Interpretation): void {
  for (const { metrics, keys } of read.devices) {
    expect(keys.length).toBeGreaterThan(0)
    for (const [name, value] of Object.entries(metrics)) {
      const definition = metricDefinition(name)
      if (definition === undefined) throw new Error(`${name} is not in the catalogue`)
      if (value !== null) expect(isPlausible(definition, value), `${name} is ${value}`).toBe(true)
    }
  }
}

describe('reading dmon text', () => {
  it('never throws on text that looks like it, and gives nothing outside the range of the catalogue', () => {
    const words =
      '#Entity,# Entity,ID,Id,GPU,GPU-I,GPU 0,LINK,|,+--,GRACT,POWER,TOTEC,GPUTL,SMCLK,FBUSD,XIDER,UUID#,mJ,W,N/A,0,1.294,-5,9223372036854775794,4294967295,1e999,nan,<<<NULL>>>,...,名,Error,| GPU ID | Device Information |'
    const blanks = [' ', '  ', '\n', '\r\n', '\t', '\u0000']
    const part = fc.constantFrom(...words.split(','), ...blanks)
    fc.assert(
      fc.property(fc.array(part, { maxLength: 80 }), (parts) => {
        expectPlausible(interpret(parts.join('')))
        expectPlausible(interpret(parts.join(' ')))
      }),
      { numRuns: 300 },
    )
  })

  it('never throws on damaged output, and never finds more devices than there were', () => {
    const damage = fc.tuple(
      fc.constantFrom(...cases),
      fc.nat(),
      fc.nat(40),
      fc.string({ maxLength: 12 }),
    )
    fc.assert(
      fc.property(damage, ([text, at, length, junk]) => {
        const from = at % (text.length + 1)
        const read = interpret(text.slice(0, from) + junk + text.slice(from + length))
        expectPlausible(read)
      }),
      { numRuns: 300 },
    )
  })

  it('takes time in proportion to the text, whatever is in it', () => {
    const hostile = [
      '#Entity '.repeat(500),
      `#Entity ${'A '.repeat(2000)}`,
      ' '.repeat(4000),
      '|'.repeat(4000),
    ]
    const text = Array.from({ length: 200 }, (_, at) => hostile[at % hostile.length]).join('\n')
    const startedMs = performance.now()
    interpret(text)
    expect(performance.now() - startedMs).toBeLessThan(2000)
  })

  it('holds a bounded number of devices, whatever the rows say', () => {
    const fields = [1001]
    const rows = Array.from({ length: 3000 }, (_, id) =>
      writeDmonRow('4.5', fields, { entity: `GPU ${id}`, values: new Map([[1001, 0.5]]) }),
    )
    const read = interpret(writeDmonHeader('4.5', fields) + rows.join(''))
    expect(read.devices).toHaveLength(1024)
    expect(read.rejectedByReason).toEqual({ entity_limit: 3000 - 1024 })
  })
})

describe('simulated output', () => {
  const layout = fc.constantFrom<DmonLayout>('1.4', '2.0', '3.x', '4.4', '4.5')
  const asked = fc.shuffledSubarray([...DEFAULT_FIELDS], { minLength: 1, maxLength: 20 })

  it('is read back to the values it was written from, in every layout and order of columns', () => {
    fc.assert(
      fc.property(layout, asked, fc.nat(100), (version, all, percent) => {
        // The margin (153) is younger than the right-aligned layouts, which had no room for its name.
        const fields = version === '1.4' || version === '2.0' ? all.filter((id) => id !== 153) : all
        fc.pre(fields.length > 0)
        const gpus = simulatedNode(2)
        const values = simulatedValues(fields, percent / 100, 3)
        const rows = gpus.map(({ id }) =>
          writeDmonRow(version, fields, { entity: `GPU ${id}`, values }),
        )
        const read = interpret(
          writeDiscoveryList(gpus) + writeDmonHeader(version, fields) + rows.join(''),
        )
        expect(read.rejectedByReason).toEqual({})
        expect(read.devices).toHaveLength(2)
        for (const { metrics } of read.devices) {
          if (fields.includes(1001)) expect(metrics.gr_engine_active_ratio).toBe(percent / 100)
          if (fields.includes(203)) expect(metrics.gpu_util_ratio).toBe(percent / 100)
          if (fields.includes(155)) expect(metrics.power_watts).toBeCloseTo(70 + 6.1 * percent, 2)
          if (fields.includes(252))
            expect(metrics.memory_used_bytes).toBe(Math.round(710 * percent) * 1_048_576)
        }
      }),
      { numRuns: 150 },
    )
  })

  it('loses one row with one damaged line, and no neighbour', () => {
    const fields = [1001, 155, 150]
    const lines = simulatedNode(8).map(({ id }) =>
      writeDmonRow('4.4', fields, {
        entity: `GPU ${id}`,
        values: simulatedValues(fields, 0.5, 1),
      }).trimEnd(),
    )
    const header = writeDmonHeader('4.4', fields)
    const whole = interpret(`${header}${lines.join('\n')}\n`).devices
    fc.assert(
      fc.property(fc.nat(7), fc.string({ maxLength: 60 }), (at, junk) => {
        const text = junk.replaceAll(/[\r\n#|+]|GPU/g, '_')
        const damaged = lines.map((line, index) => (index === at ? `x${text}` : line))
        const { devices } = interpret(`${header}${damaged.join('\n')}\n`)
        expect(devices).toEqual(whole.filter((device) => device.index !== at))
      }),
    )
  })
})
