import { expect, it } from 'vitest'
import { hintOf, isLow, type JobShares } from './hint.ts'

const WELL: JobShares = {
  idle: 0.02,
  throttled: 0,
  inefficient: 0,
  utilization: 0.92,
  effective: 0.4,
  isServing: false,
}

it.each([
  ['nothing sticks out', {}, null],
  ['quiet for half of its time', { idle: 0.5, utilization: 0.4 }, 'idle'],
  ['the same while it serves', { idle: 0.5, isServing: true }, 'reserve'],
  ['clocks were cut', { throttled: 0.06 }, 'throttled'],
  ['busy and computes little', { effective: 0.05 }, 'little_arithmetic'],
  ['the ledger says inefficient', { inefficient: 0.7 }, 'little_arithmetic'],
  ['effective is told of too little time', { effective: null }, null],
  ['more waiting than running', { utilization: 0.3, effective: 0.05 }, 'waits'],
  ['nothing is known', { utilization: null, effective: null }, null],
] as const)('%s', (_name, shares, hint) => {
  expect(hintOf({ ...WELL, ...shares })).toBe(hint)
})

it('low are jobs below 25 % with 50 hours on devices held for half an hour; unknown is not low', () => {
  const job = { utilization: 0.25, gpuHours: 50, minutes: 30 }
  expect(isLow(job)).toBe(true)
  expect(isLow({ ...job, utilization: 0.26 })).toBe(false)
  expect(isLow({ ...job, utilization: null })).toBe(false)
  expect(isLow({ ...job, gpuHours: 49 })).toBe(false)
  expect(isLow({ ...job, minutes: 29 })).toBe(false)
})
