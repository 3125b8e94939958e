import { describe, expect, it } from 'vitest'
import { loopsAt } from '../../../testing/stub-loops.ts'
import {
  atRisk,
  axisOf,
  countByState,
  countStates,
  holesOf,
  limitLevels,
  limitText,
  linesOf,
  loopOfRack,
  minutesText,
  newestOf,
  pointName,
  standingOf,
} from './figures.ts'

const { loops } = loopsAt(Date.parse('2026-11-23T12:00:30Z'))
const BOX = { width: 30, height: 10 }

it('limits of a device are told in their units, warning before alarm', () => {
  const plain = (text: string) => text.replaceAll('\u202f', ' ')
  expect(plain(limitText('supply_temperature_celsius', 42.5, 'en'))).toBe('42.5 °C')
  expect(plain(limitText('supply_pressure_pascals', 250_000, 'en'))).toBe('250 kPa')
  expect(plain(limitText('reservoir_level_ratio', 0.2, 'en'))).toMatch(/^20(\.0)? %$/)
  const words = { warning: (text: string) => `w ${text}`, alarm: (text: string) => `a ${text}` }
  const limit = {
    meter: 'cdu-1',
    metric: 'flow_liters_per_minute',
    side: 'low',
    in_force: true,
  } as const
  expect(limitLevels({ ...limit, warning: 30, alarm: 20 }, words, 'en').map(plain)).toEqual([
    'w 30 L/min',
    'a 20 L/min',
  ])
  expect(limitLevels({ ...limit, warning: null, alarm: null }, words, 'en')).toEqual([])
})

describe('a line over the hour', () => {
  it('noise is no trouble: the axis is never narrower than asked', () => {
    expect(axisOf([30, 30.2, null], 2)).toEqual({ min: 29.1, max: 31.1 })
    expect(axisOf([30, 40], 2)).toEqual({ min: 29, max: 41 })
    expect(axisOf([null, null], 2)).toBeNull()
  })

  it('what is not known is a hole, not a bridge', () => {
    const axis = { min: 0, max: 10 }
    expect(linesOf([0, 10, null, 5], axis, BOX)).toEqual(['M0.0 10.0L10.0 0.0', 'M30.0 5.0h1'])
  })

  it('a hole of one unit is a hole of the picture; the minute under way is none', () => {
    expect(holesOf([[1, 2, 3, 4]], 30)).toEqual([])
    expect(
      holesOf(
        [
          [1, 2, 3, 4],
          [1, null, 3, 4],
        ],
        30,
      ),
    ).toEqual([{ x: 0, width: 20 }])
    expect(holesOf([[1, 2, 3, null]], 30)).toEqual([])
    expect(holesOf([[1, 2, null, null]], 30)).toEqual([{ x: 10, width: 20 }])
    expect(holesOf([], 30)).toEqual([])
  })

  it('says what it says now, and nothing when it is silent', () => {
    expect([newestOf([1, 2]), newestOf([1, null]), newestOf([1, null, null])]).toEqual([2, 1, null])
  })
})

describe('states', () => {
  it('are counted, and alarms say what is at risk', () => {
    expect(countStates(loops)).toEqual({ alarm: 1, warning: 1, unknown: 2, ok: 1 })
    expect(atRisk(loops)).toEqual({ devices: 512, jobs: 4 })
  })

  it('unavailable is not ok, and what is not fitted is neither', () => {
    expect(
      ['ok', 'standby', 'critical', 'failed', 'unavailable', 'unknown', 'absent', 'new'].map(
        standingOf,
      ),
    ).toEqual(['ok', 'ok', 'alarm', 'warning', 'unknown', 'unknown', 'absent', 'unknown'])
  })

  it('of points are counted, the most frequent first', () => {
    const points = ['dry', 'wet', 'dry'].map((state) => ({ state }))
    expect(countByState(points)).toEqual([
      { state: 'dry', points: 2 },
      { state: 'wet', points: 1 },
    ])
  })
})

it('a rack of a hall leads to its loop, one of another hall does not', () => {
  expect(loopOfRack(loops, { hall: 'h1', rack: 'h1-r03' })?.loop).toBe('h1-liquid')
  expect(loopOfRack(loops, { hall: 'h2', rack: 'h1-r03' })).toBeNull()
  expect(loopOfRack(loops, { hall: 'h1', rack: '' })).toBeNull()
})

it('a point is told without its unit, minutes with tenths where every one counts', () => {
  expect([pointName('cdu-3/pump/1', 'cdu-3'), pointName('leak-9', 'cdu-3')]).toEqual([
    'pump/1',
    'leak-9',
  ])
  expect([minutesText(2.43, 'en'), minutesText(96.3, 'en')]).toEqual(['2.4', '96'])
})
