import { array, assert, double, property } from 'fast-check'
import { expect, test } from 'vitest'
import { type LevelState, NEW_LEVEL, nextLevel, type Threshold } from './level.ts'

const coolant: Threshold = {
  side: 'high',
  warn: { set: 60, reset: 55 },
  alarm: { set: 65, reset: 60 },
  delayMs: 0,
}
const run = (threshold: Threshold, values: readonly (readonly [atMs: number, value: number])[]) => {
  let state: LevelState = NEW_LEVEL
  return values.map(([atMs, value]) => (state = nextLevel(threshold, state, value, atMs)).level)
}

test('a level rises at its set and falls at its reset, not before', () => {
  const walk = [59.9, 60, 56, 64, 65, 61, 60, 55.1, 55].map(
    (value, i) => [i * 1000, value] as const,
  )
  expect(run(coolant, walk)).toEqual([
    'ok',
    'warning',
    'warning',
    'warning',
    'alarm',
    'alarm',
    'warning',
    'warning',
    'ok',
  ])
})

test('low flow warns after its delay, and a good value in between starts the delay anew', () => {
  const flow: Threshold = {
    side: 'low',
    warn: { set: 30, reset: 35 },
    alarm: { set: 20, reset: 25 },
    delayMs: 40_000,
  }
  const levels = run(flow, [
    [0, 29],
    [39_000, 29],
    [40_000, 29],
  ])
  expect(levels).toEqual(['ok', 'ok', 'warning'])
  expect(
    run(flow, [
      [0, 29],
      [30_000, 31],
      [45_000, 29],
      [80_000, 29],
    ]),
  ).toEqual(['ok', 'ok', 'ok', 'ok'])
})

test('a silence of more than a minute does not count towards a delay', () => {
  const slow: Threshold = { ...coolant, delayMs: 90_000 }
  expect(
    run(slow, [
      [0, 70],
      [50_000, 70],
      [200_000, 70],
      [250_000, 70],
      [290_000, 70],
    ]),
  ).toEqual(['ok', 'ok', 'ok', 'ok', 'alarm'])
})

test('an old value changes nothing', () => {
  const state = nextLevel(coolant, NEW_LEVEL, 70, 10_000)
  expect(nextLevel(coolant, state, 20, 9_000)).toBe(state)
})

test('beyond the alarm it is an alarm, within both resets it is ok, whatever came before', () => {
  assert(
    property(array(double({ min: 0, max: 100, noNaN: true }), { minLength: 1 }), (values) => {
      const levels = run(
        coolant,
        values.map((value, i) => [i * 1000, value] as const),
      )
      for (const [i, level] of levels.entries()) {
        const value = values[i] ?? 0
        if (value >= 65) expect(level).toBe('alarm')
        if (value <= 55) expect(level).toBe('ok')
        if (value > 60 && value < 65) expect(level).not.toBe('ok')
      }
    }),
  )
})
