import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { interpret } from './interpret.ts'
import { recognize } from './recognize.ts'

const folder = new URL('../../../../shared/samples/other/', import.meta.url)
const MIB = 1_048_576
const read = (name: string) => interpret(readFileSync(new URL(name, folder)))

describe.skipIf(!existsSync(folder))(
  'real captures (SKIPPED LOUDLY when ../shared/samples/other is not beside the repository)',
  () => {
    it.each([
      ['xpusmi-P800-5.0.21.21.txt', 2],
      ['xpusmi-P800-5.0.21.26-x8.txt', 8],
      ['xpusmi-P800-515.58-container.txt', 2],
      ['xpusmi-R300-rt4.31-drv4.0.txt', 2],
    ])('%s holds %d devices, is recognized, and refuses nothing', (name, devices) => {
      const result = read(name)
      expect(result).toMatchObject({ outcome: 'ok', rejectedByReason: {} })
      expect(result.devices).toHaveLength(devices)
      expect(recognize(readFileSync(new URL(name, folder)))).toBe(1)
    })

    it('values read by hand: two boards of a host, below a line of date and time', () => {
      const { devices, toolLabels } = read('xpusmi-P800-5.0.21.21.txt')
      expect(toolLabels).toEqual({ driver_version: '5.0.21.21', runtime_version: '5.0.21' })
      expect(devices[1]).toMatchObject({
        keys: ['slot:0000:05:00.0/0'],
        vendor: 'kunlunxin',
        model: 'Kunlun P800 OAM',
        index: 1,
        bus: '00000000:05:00.0',
        metrics: {
          busy_ratio: 0,
          power_watts: 90,
          power_limit_watts: 400,
          temperature_celsius: 41,
          memory_used_bytes: 0,
          memory_total_bytes: 98_304 * MIB,
          ecc_uncorrected_total: 0,
          fan_ratio: null,
          process_count: null,
        },
      })
    })

    it('values read by hand: eight boards with an empty process box', () => {
      const { devices } = read('xpusmi-P800-5.0.21.26-x8.txt')
      const column = (name: 'power_watts' | 'temperature_celsius' | 'process_count') =>
        devices.map((device) => device.metrics[name])
      expect(column('power_watts')).toEqual([85, 84, 86, 86, 89, 85, 85, 88])
      expect(column('temperature_celsius')).toEqual([38, 40, 45, 44, 49, 41, 43, 42])
      expect(column('process_count')).toEqual([0, 0, 0, 0, 0, 0, 0, 0])
      expect(devices.map((device) => device.bus?.slice(9, 11))).toEqual(
        '52 55 63 66 9A 9B AA AB'.split(' '),
      )
    })

    it('values read by hand: a container, whose driver field is no driver version', () => {
      const { devices, toolLabels } = read('xpusmi-P800-515.58-container.txt')
      expect(toolLabels).toEqual({ driver_build: '515.58' })
      expect(devices.map(({ metrics }) => metrics.memory_used_bytes)).toEqual([
        100 * MIB,
        100 * MIB,
      ])
      expect(devices.map(({ metrics }) => metrics.power_watts)).toEqual([98, 86])
    })

    it('values read by hand: the first generation has neither power nor temperature', () => {
      const { devices, toolLabels } = read('xpusmi-R300-rt4.31-drv4.0.txt')
      expect(toolLabels).toEqual({ driver_version: '4.0', runtime_version: '4.31' })
      expect(devices.map(({ keys }) => keys)).toEqual([
        ['slot:0000:53:00.0/0'],
        ['slot:0000:56:00.0/0'],
      ])
      expect(devices[1]).toMatchObject({
        model: 'Kunlun R300',
        index: 1,
        labels: { inode: '/dev/xpu1' },
        metrics: {
          busy_ratio: 0,
          power_watts: null,
          temperature_celsius: null,
          memory_total_bytes: 32_768 * MIB,
          decoder_busy_ratio: 0,
          process_count: 0,
        },
      })
    })

    it.each([
      'kunlunxin-flagperf-monitor-lines.txt',
      'mthreads-flagperf-monitor-lines.txt',
      'cnmon-MLU370X8-5.10.13.txt',
      'efsmi-S60-1.2.0.301.txt',
      'hysmi-dcu-2024.txt',
      'rocmsmi-hygon-2022.txt',
      'mxsmi-C500-2.0.12.html-escaped.txt',
    ])(
      '%s is no output of this tool: a script filtered it, or another vendor printed it',
      (name) => {
        expect(read(name)).toMatchObject({ outcome: 'failed', reason: 'not_xpu_smi', devices: [] })
        expect(recognize(readFileSync(new URL(name, folder)))).toBe(0)
      },
    )
  },
)
