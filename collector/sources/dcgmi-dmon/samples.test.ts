import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { MetricValues } from '#schemas/metrics.ts'
import source from './source.ts'

/** Third-party captures: read in place, never copied. Values below were read off the text by eye. */
const folder = join(import.meta.dirname, '../../../../shared/samples/nvidia')
const isHere = existsSync(folder)

interface Expected {
  readonly reason?: string
  /** Key -> values of each device. */
  readonly devices?: Readonly<Record<string, MetricValues>>
  readonly rejected?: Readonly<Record<string, number>>
  readonly ignored?: readonly string[]
  readonly recognized?: number
}

const active = (gr: number, sm: number, occupancy: number, tensor: number): MetricValues => ({
  gr_engine_active_ratio: gr,
  sm_active_ratio: sm,
  sm_occupancy_ratio: occupancy,
  tensor_active_ratio: tensor,
})

const EXPECTED: Readonly<Record<string, Expected>> = {
  'dmon-a100-mig-gpu-i-rows-dcgm151.txt': {
    devices: {
      'slot:no-bus/dcgm-gpu-i-21': active(0, 0, 0, 0),
      'slot:no-bus/dcgm-gpu-i-22': active(0, 0, 0, 0),
      'slot:no-bus/dcgm-gpu-i-28': active(0.993, 0.987, 0.123, 0.94),
      'slot:no-bus/dcgm-gpu-i-29': active(0.495, 0.49, 0.061, 0.468),
      'slot:no-bus/dcgm-gpu-i-30': active(0.493, 0.487, 0.061, 0.465),
      'slot:no-bus/dcgm-gpu-i-31': active(0.494, 0.488, 0.061, 0.466),
      'slot:no-bus/dcgm-gpu-i-35': active(0, 0, 0, 0),
    },
  },
  // One row that was cut out of its table: no header, no columns.
  'dmon-dcgm1.4-columns-run-together-gmt4.txt': {
    reason: 'no_header',
    rejected: { no_header: 1 },
    recognized: 0,
  },
  'dmon-h100nvl-first-sample-NA.txt': {
    devices: {
      'slot:no-bus/dcgm-gpu-0': {
        gr_engine_active_ratio: 0,
        sm_active_ratio: 0,
        memory_bandwidth_active_ratio: 0,
      },
    },
  },
  'dmon-profiling-error-dcgm3.txt': {
    reason: 'profiling_refused',
    rejected: { error_line: 1 },
  },
  'dmon-xid-clkns-dcgm441-zeros-issue700.txt': {
    devices: {
      'slot:no-bus/dcgm-gpu-0': {
        xid_code: 0,
        throttle_power_seconds_total: 0,
        throttle_thermal_seconds_total: 0,
        throttle_hardware_seconds_total: 0,
      },
    },
    ignored: ['CLKBSTNS', 'GNVERR', 'VIUTL', 'VMUSG'],
  },
  // A list of four GPUs of which two are in the excerpt, and no values.
  'dcgmi-discovery-name-NULL-truncated-dcgm229.txt': {
    reason: 'no_rows',
    rejected: { inventory_incomplete: 1 },
  },
  'dcgmi-profile-list-issue316.txt': { reason: 'not_dmon', recognized: 0 },
  'dcgmi-stats-truncated-dcgm305.txt': { reason: 'not_dmon', recognized: 0 },
}

describe.skipIf(!isHere)('real captures (SKIPPED LOUDLY without ../shared/samples)', () => {
  it('covers every dcgmi capture there is', () => {
    const there = isHere ? readdirSync(folder) : []
    const files = there.filter((name) => /^(dmon|dcgmi)-/.test(name))
    expect(files.toSorted()).toEqual(Object.keys(EXPECTED).toSorted())
  })

  for (const [name, expected] of Object.entries(EXPECTED)) {
    it(`${name}: devices, values and refusals are those of the text`, () => {
      const bytes = readFileSync(join(folder, name))
      const read = source.interpret(bytes)
      const found = read.devices.map((device) => [device.keys[0], device.metrics])
      expect(Object.fromEntries(found)).toEqual(expected.devices ?? {})
      expect(read.reason).toBe(expected.reason ?? null)
      expect(read.rejectedByReason).toEqual(expected.rejected ?? {})
      expect(read.ignored).toEqual(expected.ignored ?? [])
      if (expected.recognized === 0) expect(source.recognize(bytes)).toBe(0)
      else expect(source.recognize(bytes)).toBeGreaterThan(0.8)
    })
  }

  it('other tools of the vendor are not taken for dcgmi', () => {
    for (const name of readdirSync(folder).filter((file) => /^(smi-|dcgmexp-)|\.prom$/.test(file)))
      expect(source.recognize(readFileSync(join(folder, name))), name).toBe(0)
  })

  it('short names, ids and kinds are those of the field list', async () => {
    const { FIELDS, LINK_FIELDS } = await import('./map.ts')
    const list = readFileSync(join(folder, 'dcgm-fields.tsv'), 'utf8').split('\n')
    const known = new Map(list.map((line) => [Number(line.split('\t')[0]), line.split('\t')]))
    for (const { id, header } of [...FIELDS, ...LINK_FIELDS]) {
      const [, , , type, , name] = known.get(id) ?? []
      expect([id, name]).toEqual([id, header])
      expect(['INT64', 'DOUBLE']).toContain(type)
    }
  })
})
