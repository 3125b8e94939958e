import { describe, expect, it } from 'vitest'
import { LedgerAnswer } from '#schemas/api-ledger.ts'
import { nowAt } from '../../../testing/stub-now.ts'
import { ledgerBar, secondsByPart } from './ledger-bar.ts'

const NOW = Date.parse('2026-11-22T08:00:30Z')
const query = new URLSearchParams({ from: String(NOW - 90_000), to: String(NOW - 30_000) })
const answer = LedgerAnswer.parse(nowAt('ledger', query, { nowMs: NOW, forecast: 'none' })?.body)
const [group] = answer.groups
if (group === undefined) throw new Error('the stub has one group')
const sum = (values: readonly number[]) => values.reduce((all, value) => all + value, 0)

describe('the bar of the ledger', () => {
  it('its parts sum to capacity, and the busy ones to busy time', () => {
    const seconds = secondsByPart(group)
    expect(sum(Object.values(seconds))).toBeCloseTo(group.capacity_device_seconds, 6)
    const { busy, busy_inefficient, busy_throttled } = seconds
    expect(busy + busy_inefficient + busy_throttled).toBeCloseTo(group.busy_device_seconds, 6)
  })

  it('ends exactly at the utilization, drawn and printed', () => {
    const bar = ledgerBar(group)
    if (bar === null) throw new Error('something is known')
    expect(sum(bar.busy.map(({ ratio }) => ratio))).toBeCloseTo(bar.utilization, 12)
    expect(sum(bar.busy.map(({ tenths }) => tenths))).toBe(bar.tenths)
    expect(sum([...bar.busy, ...bar.lost].map(({ ratio }) => ratio))).toBeCloseTo(1, 9)
    expect(sum([...bar.busy, ...bar.lost].map(({ tenths }) => tenths))).toBe(1000)
    const drawn = sum([...bar.busy, ...bar.lost, ...bar.outside].map(({ ratio }) => ratio))
    expect(drawn).toBeCloseTo(bar.end, 9)
  })

  it('is not drawn where nothing is known', () => {
    expect(ledgerBar({ ...group, utilization: null, known_device_seconds: 0 })).toBeNull()
  })
})
