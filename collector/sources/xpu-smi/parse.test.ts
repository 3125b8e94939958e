import { describe, expect, it } from 'vitest'
import { interpret } from './interpret.ts'
import { recognize } from './recognize.ts'

const read = (lines: readonly string[]) => interpret(new TextEncoder().encode(lines.join('\n')))

const HEADER = [
  '| XPU-SMI               Driver Version: 9.9.9.9      XPU-RT Version: 9.9.9    |',
  '| XPU  Name        Persistence-M| Bus-Id        Disp.A | Volatile Uncorr. ECC |',
]
const FIRST = '|   2  P800 OAM           N/A   | 00000000:41:00.0 N/A |                    0 |'

describe('the box is read by the names in its header', () => {
  it('columns that changed places, and one nobody knows', () => {
    const { devices, ignored } = read([
      ...HEADER,
      '| Temp  Fan  HBM-Temp  Pwr:Usage/Cap| XPU-Util  Compute M. |         Memory-Usage |',
      FIRST,
      '| 51C  30%  66C    187W / 400W |     64%      Default |  40960MiB / 98304MiB |',
    ])
    expect(devices[0]?.metrics).toMatchObject({
      temperature_celsius: 51,
      fan_ratio: 0.3,
      power_watts: 187,
      busy_ratio: 0.64,
      memory_used_bytes: 40_960 * 2 ** 20,
    })
    expect(ignored).toContain('HBM-Temp')
  })

  it("another vendor's box of the same shape gives no device", () => {
    const { devices, outcome } = read([
      '| GPU  Name        Persistence-M| Bus-Id        Disp.A | Volatile Uncorr. ECC |',
      '| Fan  Temp  Perf  Pwr:Usage/Cap|         Memory-Usage | GPU-Util  Compute M. |',
      '|   0  Some GPU           Off   | 00000000:41:00.0 Off |                    0 |',
      '| N/A   51C  P0     87W / 400W |  40960MiB / 81920MiB |     64%      Default |',
    ])
    expect(outcome).toBe('failed')
    expect(devices).toEqual([])
  })

  it('a value with a unit nobody knows is refused and null, its neighbours stay', () => {
    const { devices, rejectedByReason } = read([
      ...HEADER,
      '| Fan  Temp  Perf  Pwr:Usage/Cap|         Memory-Usage | XPU-Util  Compute M. |',
      FIRST,
      '| N/A   51C  N/A   0.2kW / 400W |  40960MiB / 98304MiB |     64%      Default |',
    ])
    expect(rejectedByReason).toEqual({ not_a_number: 1 })
    expect(devices[0]?.metrics).toMatchObject({
      power_watts: null,
      power_limit_watts: 400,
      busy_ratio: 0.64,
    })
  })

  it('a value outside the range of its metric is refused, its neighbours stay', () => {
    const { devices, rejectedByReason } = read([
      ...HEADER,
      '| Fan  Temp  Perf  Pwr:Usage/Cap|         Memory-Usage | XPU-Util  Compute M. |',
      FIRST,
      '| N/A   51C  N/A  187W / 400W |  40960MiB / 98304MiB |    4294967295%      Default |',
    ])
    expect(rejectedByReason).toEqual({ out_of_range: 1 })
    expect(devices[0]?.metrics).toMatchObject({ busy_ratio: null, power_watts: 187 })
  })

  it('0 W and 0 C are no readings of a device that works', () => {
    const { devices } = read([
      ...HEADER,
      '| Fan  Temp  Perf  Pwr:Usage/Cap|         Memory-Usage | XPU-Util  Compute M. |',
      FIRST,
      '| N/A    0C  N/A      0W / 400W |  40960MiB / 98304MiB |     64%      Default |',
    ])
    expect(devices[0]).toMatchObject({
      failed: null,
      metrics: { power_watts: null, temperature_celsius: null, busy_ratio: 0.64 },
    })
  })

  it('lines of blanks cost linear time', () => {
    const blanks = `| N/A   51C  N/A    187W ${' '.repeat(3900)}x |  1MiB / 2MiB |  64%      Default |`
    const startedMs = performance.now()
    read([
      ...HEADER,
      '| Fan  Temp  Perf  Pwr:Usage/Cap|         Memory-Usage | XPU-Util  Compute M. |',
      FIRST,
      ...Array.from({ length: 500 }, () => blanks),
    ])
    expect(performance.now() - startedMs).toBeLessThan(1000)
  })

  it('power that is not given leaves its limit', () => {
    const { devices } = read([
      ...HEADER,
      '| Fan  Temp  Perf  Pwr:Usage/Cap|         Memory-Usage | XPU-Util  Compute M. |',
      FIRST,
      '| N/A   51C  N/A    N/A / 400W |  N/A / 98304MiB |     64%      Default |',
    ])
    expect(devices[0]?.metrics).toMatchObject({
      power_watts: null,
      power_limit_watts: 400,
      memory_used_bytes: null,
      memory_total_bytes: 98_304 * 2 ** 20,
    })
  })
})

describe('recognize', () => {
  it('is sure of a title or a table of the first generation, and leaves other text alone', () => {
    const sure = (text: string) => recognize(new TextEncoder().encode(text))
    expect(sure(HEADER[0] ?? '')).toBe(1)
    expect(sure('| DevID |   PCI Addr   | Model |   SN   | INODE | UseRate |\n')).toBe(1)
    expect(sure('0000:41:00.0 VGA compatible controller\n')).toBe(0)
    expect(sure('a page about xpu-smi and its users\n')).toBe(0)
  })
})
