import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import source from './source.ts'

/** Third-party captures: read in place, never copied. Values below were read off the boxes by eye. */
const folder = new URL('../../../../shared/samples/other/', import.meta.url)
const isHere = existsSync(folder)
const MIB = 1_048_576

const sample = (name: string) => readFileSync(new URL(name, folder))

interface Expected {
  readonly tool: string
  readonly driver: string
  readonly model: string
  /** Per card: key, temperature, power (null where it is the other card's print), total MiB. */
  readonly cards: readonly (readonly [string, number, number | null, number])[]
  readonly capWatts: number
  readonly processes: number | null
}

const EXPECTED: Readonly<Record<string, Expected>> = {
  'cnmon-MLU370X4-4.20.11.txt': {
    tool: '4.20.11',
    driver: '4.20.11',
    model: 'MLU370-X4',
    cards: [
      ['slot:mlu0/0', 32, 30, 23_308],
      ['slot:mlu1/0', 33, 25, 23_308],
      ['slot:mlu2/0', 30, 26, 23_308],
    ],
    capWatts: 150,
    processes: 0,
  },
  'cnmon-MLU370X8-5.10.13.txt': {
    tool: '5.10.13',
    driver: '5.10.13',
    model: 'MLU370-X8',
    cards: [
      ['slot:0000:39:00.0/0', 32, 106, 23_374],
      ['slot:0000:3D:00.0/0', 39, null, 23_374],
    ],
    capWatts: 250,
    processes: 0,
  },
  'cnmon-MLU370X8-5.10.22-FULL.txt': {
    tool: '5.10.22',
    driver: '5.10.22',
    model: 'MLU370-X8',
    cards: [
      ['slot:0000:13:00.0/0', 28, 107, 20_638],
      ['slot:0000:16:00.0/0', 32, null, 20_638],
    ],
    capWatts: 250,
    // The capture ends before its process box.
    processes: null,
  },
}

describe.skipIf(!isHere)('real captures (SKIPPED LOUDLY without ../shared/samples)', () => {
  it('covers every capture of the tool there is', () => {
    const there = isHere ? readdirSync(folder).filter((name) => name.startsWith('cnmon-')) : []
    expect(there.toSorted()).toEqual(Object.keys(EXPECTED).toSorted())
  })

  it.each(Object.entries(EXPECTED))(
    '%s: cards and values are those of the box',
    (name, expected) => {
      const read = source.interpret(sample(name))
      expect([read.outcome, read.rejectedByReason]).toEqual(['ok', {}])
      expect(source.recognize(sample(name))).toBe(1)
      expect(read.toolLabels['tool_version']).toBe(expected.tool)
      expect(
        read.devices.map(({ keys, metrics }) => [
          keys[0],
          metrics.temperature_celsius,
          metrics.power_watts,
          (metrics.memory_total_bytes ?? 0) / MIB,
        ]),
      ).toEqual(expected.cards)
      for (const device of read.devices) {
        expect(device).toMatchObject({ model: expected.model, failed: null })
        expect(device.labels).toMatchObject({
          driver_version: expected.driver,
          firmware_version: '1.1.6',
        })
        expect(device.metrics).toMatchObject({
          busy_ratio: 0,
          memory_used_bytes: 0,
          fan_ratio: null,
          process_count: expected.processes,
        })
      }
      expect(read.devices[0]?.metrics.power_limit_watts).toBe(expected.capWatts)
    },
  )

  it('boxes of other tools are not taken for this one', () => {
    const others = readdirSync(folder).filter((name) =>
      /^(?:xpusmi|efsmi|mxsmi|hysmi|rocm)/.test(name),
    )
    for (const name of others) {
      expect(source.recognize(sample(name)), name).toBe(0)
      expect(source.interpret(sample(name)).outcome, name).toBe('failed')
    }
  })
})
