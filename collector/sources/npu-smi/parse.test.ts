import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { DeviceReading } from '#schemas/reading.ts'
import { readFileSync } from 'node:fs'
import { interpret } from './interpret.ts'
import { LIMITS } from './lines.ts'
import { recognize } from './recognize.ts'

const read = (text: string) => interpret(new TextEncoder().encode(text))
const caseText = (name: string) =>
  readFileSync(new URL(`./testcases/${name}/input.txt`, import.meta.url), 'utf8')
const LAYOUTS = [
  '910A-21.0.2-layout1',
  '310-21.0.3.1-layout2',
  '910B-gen1-22.0.4.1-layout3',
  '310P3-22.0.0-layout4',
  '910B3-24.1.rc1-layout5',
  'A3-25.3.rc1-layout6',
  '310P3duo-25.2.0-layout7',
  '910B4-1-26.0.rc1-layout8',
  '950PR-25.6.rc1-layout9',
]
const device = (devices: readonly DeviceReading[], npu: string, chip = '0') => {
  const found = devices.find((each) => each.labels['npu'] === npu && each.labels['chip'] === chip)
  if (found === undefined) throw new Error(`no NPU ${npu} chip ${chip}`)
  return found
}
const MIB = 1_048_576

describe('regressions of other tools', () => {
  it('1: `-`, NA and failed zeros are null, never 0', () => {
    const a3 = read(caseText('A3-25.3.rc1-layout6')).devices
    expect(device(a3, '0', '1').metrics.power_watts).toBeNull()
    expect(
      device(read(caseText('310P3duo-25.2.0-layout7')).devices, '64').metrics.power_watts,
    ).toBe(null)
    const zeros = device(read(caseText('910B3-25.5.1-zero-filled-row')).devices, '1')
    expect(zeros.failed).toBe('zero_filled_row')
    expect(Object.values(zeros.metrics).every((value) => value === null)).toBe(true)
    expect(zeros.metrics.health_code).toBeNull()
  })

  it('2: the power of an A3 package is stored once, on die 0', () => {
    const { devices } = read(caseText('A3-25.3.rc1-layout6'))
    const powers = devices.map((each) => each.metrics.power_watts)
    expect(powers).toEqual([199.1, null, 165.4, null])
    expect(devices.map((each) => each.labels['power_scope'])).toEqual([
      'package',
      undefined,
      'package',
      undefined,
    ])
  })

  it('3: a 300I Duo is two devices on one bus', () => {
    const { devices } = read(caseText('310P3duo-25.2.0-layout7'))
    expect(new Set(devices.map((each) => each.keys[0])).size).toBe(4)
    expect(new Set(devices.map((each) => each.bus)).size).toBe(2)
    expect(device(devices, '64', '1').metrics.memory_total_bytes).toBe(43_693 * MIB)
  })

  it('4: two soft slices of one die are one device, its power counted once', () => {
    const { devices } = read(caseText('A3-25.5.0-soft-slice'))
    expect(devices).toHaveLength(1)
    expect(devices[0]?.metrics.power_watts).toBe(171.5)
    expect(devices[0]?.labels['soft_slices']).toBe('2')
  })

  it('5: card 5 of a container is one device with index 5, not six devices', () => {
    const { devices } = read(caseText('910B4-25.5.2-container-card-5'))
    expect(devices.map((each) => [each.index, each.keys[0]])).toEqual([[5, 'slot:0000:41:00.0/0']])
  })

  it('6: Chip ID at the end closes a block, so no value leaks to the other chip', () => {
    const { devices } = read(caseText('A3-usages-two-chips'))
    expect(device(devices, '3', '0').metrics.npu_util_ratio).toBe(0.65)
    expect(device(devices, '3', '1').metrics.npu_util_ratio ?? null).toBeNull()
    expect(device(devices, '3', '1').metrics.aicore_ratio).toBe(0)
  })

  it('7: tool and driver versions are two facts, kept as text', () => {
    const { toolLabels, devices } = read(caseText('910B-gen1-22.0.4.1-layout3'))
    expect(toolLabels).toEqual({ tool_version: '22.0.4.1', driver_version: '22.0.4.2' })
    expect(devices[0]?.labels).toMatchObject(toolLabels)
  })

  it('8: `54672/ 65536` without a blank before the slash is read', () => {
    const card = device(read(caseText('910B3-24.1.rc1-layout5')).devices, '0')
    expect(card.metrics.memory_used_bytes).toBe(54_672 * MIB)
    expect(card.metrics.memory_total_bytes).toBe(65_536 * MIB)
  })

  it('9: a row 2 cut inside a pair keeps its device and loses only that pair', () => {
    const { devices, rejectedByReason } = read(caseText('A3-25.3.rc1-cut-row-2'))
    expect(rejectedByReason).toEqual({ cut_row: 1 })
    const cut = device(devices, '0', '1')
    expect(cut.metrics.aicore_ratio).toBe(0.07)
    expect(cut.metrics.memory_total_bytes).toBeNull()
    expect(cut.metrics.memory_used_bytes).toBeNull()
  })

  it('9: a row cut at any place never shows a number with lost digits', () => {
    const whole = caseText('A3-25.3.rc1-cut-row-2').trimEnd()
    const full = `${whole}36         |`
    const last = (text: string) => device(read(text).devices, '0', '1').metrics
    const allowed = new Map(Object.entries(last(full)))
    for (let length = full.lastIndexOf('\n') + 1; length < full.length; length += 1)
      for (const [metric, value] of Object.entries(last(full.slice(0, length))))
        if (value !== null) expect([metric, value]).toEqual([metric, allowed.get(metric)])
  })

  it('10: log lines before the table are counted and do not hide it', () => {
    const { devices, rejectedByReason } = read(caseText('310P3-25.5.1-log-lines-before-table'))
    expect(devices).toHaveLength(1)
    expect(rejectedByReason).toEqual({ not_npu_smi: 2 })
  })

  it('11: Ascend950 has cells of its own, overall utilization and may lack a bus', () => {
    const card = device(read(caseText('950PR-25.6.rc1-layout9')).devices, '0')
    expect(card.metrics.npu_util_ratio).toBe(0.65)
    expect(card.metrics.aicore_ratio).toBeNull()
    expect(card.keys).toEqual(['slot:npu0/0'])
    expect(card.metrics.process_count).toBe(1)
  })

  it('12: eight listed processes mean "at least eight"', () => {
    const [card] = read(caseText('910B2-25.2.0-eight-processes')).devices
    expect(card?.metrics.process_count).toBe(8)
    expect(card?.labels['process_count_bound']).toBe('at_least')
  })

  it('a counter that could not be read leaves its sum unknown, not smaller', () => {
    const ecc = (lines: readonly string[]) =>
      interpret(
        new TextEncoder().encode(
          ['NPU ID : 7', 'Chip Count : 1', ...lines, 'Chip ID : 0'].join('\n'),
        ),
      )
    const got = ecc([
      'DDR Single Bit Error Count : 3',
      'HBM Single Bit Error Count : 4294967295',
      'DDR Double Bit Error Count : 1',
      'HBM Double Bit Error Count : NA',
      'HBM Single Bit Isolated Pages Count : 2',
      'HBM Double Bit Isolated Pages Count : 1',
      'HBM Single Bit Next Isolated Pages Count : 2',
      'HBM Double Bit Next Isolated Pages Count : NA',
    ])
    expect(got.devices[0]?.metrics).toEqual({
      ecc_corrected_total: null,
      ecc_uncorrected_total: null,
      retired_pages_total: 3,
      retired_pages_pending: 1,
    })
    expect(got.rejectedByReason).toEqual({ out_of_range: 1 })
  })

  it('what the tool says about a fault stands behind its name, in the punctuation of each language', () => {
    const text =
      'Health Status : Alarm\nError Code : 8C084E00\nError Information : one lost\n : two lost\n'
    const [event] = interpret(new TextEncoder().encode(text)).events
    expect(event?.message).toBe('Heart beat of adda lost; one lost; two lost')
    expect(event?.message_zh).toBe('adda 进程心跳丢失；one lost; two lost')
  })

  it('14: a 910B of the first generation is not an A2 910B', () => {
    const [old] = read(caseText('910B-gen1-22.0.4.1-layout3')).devices
    expect(old?.model).toBe('Ascend 910B (gen 1)')
    expect(old?.labels['printed_model']).toBe('910B')
  })

  it('16: binary noise and wrong text are counted, bounded and never fatal', () => {
    const noise = new Uint8Array(3_000_000).map((_, index) => (index * 7919 + 13) % 251)
    const result = interpret(noise)
    expect(result.outcome).toBe('failed')
    expect(result.rejected.length).toBeLessThanOrEqual(8)
    expect(recognize(noise)).toBe(0)
  })

  it('16: ten megabytes on one line are refused with counters, quickly', () => {
    const result = interpret(new Uint8Array(10_000_000).fill(65))
    expect(result.outcome).toBe('failed')
    expect(result.rejectedByReason).toEqual({ too_many_bytes: 1, line_too_long: 1 })
    expect(result.rejected.every((each) => each.line.length <= 512)).toBe(true)
  })
})

describe('properties', () => {
  it('any bytes give an answer within bounds', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 4096 }), (bytes) => {
        const result = interpret(bytes)
        expect(result.devices.length).toBeLessThanOrEqual(LIMITS.chips)
        expect(recognize(bytes)).toBeLessThanOrEqual(1)
      }),
      { numRuns: 200 },
    )
  })

  it('pieces of real lines in any order are read without a throw, values stay plausible', () => {
    const lines = [...LAYOUTS, 'A3-usages-two-chips', 'A3-common-two-chips', '910B-watch']
      .flatMap((name) => caseText(name).split('\n'))
      .map((line) => line.trimEnd())
    const piece = fc.tuple(fc.constantFrom(...lines), fc.nat(120), fc.nat(120))
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
        const text = pieces.map(([line, from, to]) => line.slice(Math.min(from, 9), 40 + to))
        for (const each of read(text.join('\n')).devices) {
          expect(each.keys.length).toBeGreaterThan(0)
          const ratio = each.metrics.aicore_ratio ?? 0
          expect(ratio >= 0 && ratio <= 1).toBe(true)
        }
      }),
      { numRuns: 200 },
    )
  })

  it.each(LAYOUTS)('%s: borders carry nothing, each may be deleted', (name) => {
    const whole = read(caseText(name)).devices
    const lines = caseText(name).split('\n')
    lines.forEach((line, index) => {
      if (!line.startsWith('+')) return
      expect(read(lines.toSpliced(index, 1).join('\n')).devices).toEqual(whole)
    })
    expect(read(lines.filter((line) => !line.startsWith('+')).join('\n')).devices).toEqual(whole)
  })

  it.each(LAYOUTS)('%s: one garbled line leaves every other chip untouched', (name) => {
    const whole = read(caseText(name)).devices
    const lines = caseText(name).split('\n')
    const firstRow = lines.findIndex((line) => line.startsWith('+==')) + 1
    const chipLines = lines
      .map((line, index) => ({ line, index }))
      .slice(firstRow, firstRow + whole.length * 3)
      .filter(({ line }) => line.startsWith('|'))
    for (const garbage of ['', '|##', '| ', '| zz | zz | zz |', '\u0000\u0001|9|', '%PDF-1.4'])
      chipLines.forEach(({ index }, position) => {
        const garbled = read(lines.with(index, garbage).join('\n')).devices
        const hit = Math.floor(position / 2)
        whole.forEach((each, at) => {
          if (at !== hit) expect(garbled).toContainEqual(each)
        })
      })
  })

  it('columns of any width and any indentation read the same', () => {
    for (const name of LAYOUTS) {
      const squeezed = caseText(name)
        .split('\n')
        .map((line) => (line.startsWith('|') ? `   ${line.replaceAll(/ {2,}/g, '  ')}\r` : line))
      expect(read(squeezed.join('\n')).devices).toEqual(read(caseText(name)).devices)
    }
  })

  it('adversarial lines cost linear time', () => {
    const lines = ['@'.repeat(4000), `|${'a'.repeat(4000)}`, `a${' '.repeat(4000)}`]
    const text = lines.flatMap((line) => Array.from({ length: 100 }, () => line)).join('\n')
    const watch = `NpuID(${'a '.repeat(2000)}\n`.repeat(100)
    const started = performance.now()
    read(text + '\n' + watch)
    expect(performance.now() - started).toBeLessThan(1500)
  })
})

describe('recognize', () => {
  it.each(LAYOUTS)('%s is certainly npu-smi', (name) => {
    expect(recognize(new TextEncoder().encode(caseText(name)))).toBeGreaterThan(0.9)
  })

  it.each([
    '# HELP npu_chip_info_power power\n# TYPE npu_chip_info_power gauge\nnpu_chip_info_power{id="0"} 93.1\n',
    'DCGM_FI_DEV_GPU_UTIL{gpu="0",UUID="GPU-1"} 97\n',
    '| NVIDIA-SMI 550.54.15    Driver Version: 550.54.15    CUDA Version: 12.4 |\n|   0  NVIDIA H100 |\n',
    '{"a": 1}',
    '',
  ])('foreign output is not: %j', (text) => {
    expect(recognize(new TextEncoder().encode(text))).toBeLessThan(0.3)
  })
})
