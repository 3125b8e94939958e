import { describe, expect, it } from 'vitest'
import { dropAbsentNvlink, migShare } from './nvidia-models.ts'

describe('MIG shares', () => {
  it.each([
    ['1g.10gb', 'NVIDIA H100 80GB HBM3', 1 / 7],
    ['3g.40gb', 'NVIDIA A100-SXM4-80GB', 3 / 7],
    ['1g.10gb+me', 'NVIDIA H100 80GB HBM3', 1 / 7],
    ['1g.6gb', 'NVIDIA A30', 1 / 4],
    ['4g.24gb', 'NVIDIA-A30', 1],
    ['1c.3g.71gb', 'NVIDIA H200', 1 / 7],
    ['7g.80gb', 'NVIDIA A30', null],
    ['4c.3g.71gb', 'NVIDIA H200', null],
    [null, 'NVIDIA H200', null],
    ['1g.10gb', null, null],
    ['big', 'NVIDIA H200', null],
  ])('%s of %s', (profile, model, share) => {
    expect(migShare(profile, model)).toBe(share)
  })
})

describe('models without NVLink', () => {
  const after = (model: string | null, value: number) => {
    const metrics = { scaleup_tx_bytes_per_second: value, power_watts: 0 }
    dropAbsentNvlink(model, metrics)
    return metrics
  }

  it('have no rate of 0: they have none at all', () => {
    for (const model of ['Tesla T4', 'NVIDIA L4', 'NVIDIA L40S', 'NVIDIA-A10', 'GRID A100-40C'])
      expect(after(model, 0)).toEqual({ scaleup_tx_bytes_per_second: null, power_watts: 0 })
  })

  it('are known by their whole name, and a rate above 0 is kept whoever prints it', () => {
    for (const model of ['NVIDIA A100-SXM4-40GB', 'NVIDIA H100 80GB HBM3', 'NVIDIA A30', null])
      expect(after(model, 0).scaleup_tx_bytes_per_second).toBe(0)
    expect(after('NVIDIA L40S', 5).scaleup_tx_bytes_per_second).toBe(5)
  })
})
