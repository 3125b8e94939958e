import { describe, expect, it } from 'vitest'
import { stepFrom } from './measured-step.ts'

describe('the step of a file', () => {
  it('is the most frequent distance, at the step that samplers have', () => {
    expect(
      stepFrom(
        new Map([
          [1016, 5],
          [1000, 90],
          [2000, 3],
        ]),
      ),
    ).toBe(1000)
    expect(stepFrom(new Map([[14_990, 7]]))).toBe(15_000)
    expect(stepFrom(new Map([[250, 7]]))).toBe(250)
    expect(
      stepFrom(
        new Map([
          [60_000, 4],
          [30_000, 4],
        ]),
      ),
    ).toBe(30_000)
  })

  it('is not known without two rows, and not longer than an hour or a broken minute', () => {
    expect(stepFrom(new Map())).toBeNull()
    expect(stepFrom(new Map([[86_400_000, 4]]))).toBeNull()
    expect(stepFrom(new Map([[95_000, 4]]))).toBeNull()
  })
})
