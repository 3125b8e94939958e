import { describe, expect, it } from 'vitest'
import { recognize } from './recognize.ts'

const bytes = (text: string) => new TextEncoder().encode(text)

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
