import { describe, expect, it } from 'vitest'
import { costLine } from './table.ts'

const run = (devices: number, cores: number, idleCores: number) => ({
  devices,
  cores,
  idleCores,
  stepMs: 1000,
  seconds: 60,
  sent: { messages: 1, rows: 1, values: 1, bytes: 1 },
  rowsInTable: 1,
  rowsOnce: 1,
  valuesInTable: 1,
  cpuS: { 'nats-server': 0, ingest: 0, engine: 0 },
  lagMaxMs: 0,
  lagP99Ms: 0,
  sampleAgeMaxMs: 0,
  lagMaxMessages: 0,
  settledAgeMaxMs: 0,
  peakBytes: { 'nats-server': 0, ingest: 0, engine: 0 },
  generatorLateMs: 0,
  generatorCores: 0,
})

describe('the cost of a device', () => {
  it('a line through three sizes gives its slope, its height at no devices, and each step', () => {
    const line = costLine([
      run(5000, 0.12, 0.015),
      run(20_000, 0.42, 0.02),
      run(50_000, 1.02, 0.01),
    ])
    expect(line).toMatchObject({
      cores_per_1000_devices: 0.02,
      fixed_cores_intercept: 0.02,
      fixed_cores_idle: 0.02,
    })
    expect(line.marginal.map((step) => step.cores_per_1000_devices)).toEqual([0.02, 0.02])
  })
})
