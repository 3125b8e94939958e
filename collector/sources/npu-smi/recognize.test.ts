import { describe, expect, it } from 'vitest'
import { interpretWatch } from './interpret.ts'
import { recognize, recognizeWatch } from './recognize.ts'

const bytes = (text: string) => new TextEncoder().encode(text)

describe('the format npu-smi-watch', () => {
  const rows = 'NpuID(Idx)  ChipId(Idx) Pwr(W)      Temp(C)     AI Core(%)\n0  0  93.4  44  12\n'

  it('is told from the other answers of the tool', () => {
    expect(recognizeWatch(bytes(rows))).toBeGreaterThan(recognize(bytes(rows)))
    expect(recognizeWatch(bytes('\tNPU Utilization(%) : 12\n\tChip ID : 0\n'))).toBe(0)
    expect(recognizeWatch(bytes(''))).toBe(0)
  })

  it('reads rows only, under its own name', () => {
    expect(interpretWatch(bytes(rows))).toMatchObject({
      source: 'npu-smi-watch',
      outcome: 'ok',
      devices: [{ metrics: { power_watts: 93.4, temperature_celsius: 44, aicore_ratio: 0.12 } }],
    })
    expect(interpretWatch(bytes('anything else\n'))).toMatchObject({
      source: 'npu-smi-watch',
      outcome: 'failed',
      reason: 'not_npu_smi',
      devices: [],
    })
    expect(interpretWatch(bytes(''))).toMatchObject({ reason: 'empty_output' })
  })
})

describe('recognize', () => {
  it('takes a usages answer, whose keys it knows', () => {
    const answer = [
      '\tNPU ID                         : 3',
      '\tChip Count                     : 1',
      '\tHBM Usage Rate(%)              : 12',
      '\tAicore Usage Rate(%)           : 44',
      '\tChip ID                        : 0',
    ].join('\n')
    expect(recognize(bytes(answer))).toBeGreaterThan(0.5)
  })

  it("leaves another tool's `key : value` text alone, even where a few keys are the same", () => {
    const answer = [
      'Timestamp                                 : Mon Nov  2 10:11:12 2026',
      'Driver Version                            : 590.1',
      'Attached GPUs                             : 1',
      'GPU 00000000:53:00.0',
      '    Product Name                          : A board',
      '    Product Brand                         : A brand',
      '    Serial Number                         : 12345',
      '    Display Mode                          : Disabled',
      '    Persistence Mode                      : Enabled',
      '    Memory                                : 81559 MiB',
    ].join('\n')
    expect(recognize(bytes(answer))).toBe(0)
  })
})
