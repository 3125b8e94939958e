import { expect, it } from 'vitest'
import type { AlertDetail } from '#schemas/api-alerts.ts'
import { en } from '#lib/i18n/en.ts'
import { alertItem } from './alerts.testing.ts'
import { TEXTS } from './texts.ts'
import { chartWindow, valueChart, valuesWindow } from './value-chart.ts'
import { valueText } from './values.ts'

const HOUR_MS = 3_600_000
const since_ms = 1_000 * HOUR_MS
const words = { m: TEXTS.en, shared: en, lang: 'en', timeZone: 'UTC' } as const
const detail = (values: AlertDetail['values']): AlertDetail => ({
  at_ms: since_ms + HOUR_MS,
  alert: alertItem({ since_ms, fired_ms: since_ms + 60_000 }),
  rule: null,
  timeline: [],
  more: 0,
  values,
  simulated: false,
})

it('shows two hours before, until half an hour after its end, and at most a week', () => {
  const open = alertItem({ since_ms })
  expect(chartWindow(open, since_ms + HOUR_MS)).toEqual({
    fromMs: since_ms - 2 * HOUR_MS,
    toMs: since_ms + HOUR_MS,
  })
  const over = alertItem({ since_ms, resolved_ms: since_ms + HOUR_MS })
  expect(chartWindow(over, since_ms + 50 * HOUR_MS).toMs).toBe(since_ms + 1.5 * HOUR_MS)
  const long = chartWindow(open, since_ms + 500 * HOUR_MS)
  expect(long.toMs - long.fromMs).toBe(168 * HOUR_MS)
})

it('values of an alert alone fill their chart, with some room on both sides', () => {
  const told = detail([{ at_ms: since_ms - 60_000, value: 1 }])
  const { fromMs, toMs } = valuesWindow(told)
  expect(fromMs).toBeLessThan(since_ms - 60_000)
  expect(toMs).toBeGreaterThan(told.at_ms)
  expect(toMs - fromMs).toBeLessThan(1.2 * HOUR_MS)
})

it('where no value is known there is no chart; lines of the rule stay inside', () => {
  expect(valueChart(detail([{ at_ms: since_ms, value: null }]), words)).toBeNull()
  const chart = valueChart(detail([{ at_ms: since_ms, value: 3 }]), words)
  expect(chart?.spec.markers).toHaveLength(2)
  expect(chart?.values).toEqual([3])
})

it('values are told in the unit of the rule; missing is a dash', () => {
  const text = (value: number | null, unit: string | null) =>
    valueText(value, unit, words).replaceAll('\u202f', ' ')
  expect(text(0.584, 'ratio')).toBe('58.4 %')
  expect(text(1, 'devices')).toBe('1 device')
  expect(text(90, 'seconds')).toBe('1 min')
  expect(text(1.1423, 'pue')).toBe('1.142')
  expect(text(1_200, 'usd_per_hour')).toBe('$1,200/h')
  expect(text(4.25, 'kelvin')).toBe('4.3 K')
  expect(text(7, 'score')).toBe('7')
  expect(text(null, 'ratio')).toBe('—')
})
