import { expect, it } from 'vitest'
import { figuresOf } from './figures.ts'

const at = '2026-05-04T08:00:00.000Z'
const now = Date.parse(at)
const gauge = (value: number) => ({ value, per_second: null, at })
const counter = (per_second: number | null) => ({ value: 1, per_second, at })

it('figures are made of what the node gave; without it they are missing, not zero', () => {
  const figures = figuresOf(
    {
      load_1m: gauge(96),
      cpu_count: gauge(192),
      cpu_iowait_seconds_total: counter(19.2),
      cpu_busy_seconds_total: counter(null),
      node_memory_total_bytes: gauge(100),
      node_memory_available_bytes: gauge(25),
      boot_time_seconds: gauge(now / 1000 - 60),
    },
    now,
  )
  const value = (name: string) => figures.find((figure) => figure.name === name)?.value
  expect(value('load')).toBe(0.5)
  expect(value('iowait')).toBeCloseTo(0.1, 9)
  expect(value('memory')).toBe(0.75)
  expect(value('booted')).toBe(60)
  for (const name of ['cpu', 'mounts', 'diskRead']) expect(value(name), name).toBeNull()
})

it('what jobs wait for is marked', () => {
  const bad = figuresOf({ mounts_stale: gauge(2), processes_blocked: gauge(0) }, now)
  expect(bad.filter(({ isBad }) => isBad).map(({ name }) => name)).toEqual(['mounts'])
})
