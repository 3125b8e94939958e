import { describe, expect, it } from 'vitest'
import { JournalBody } from '#schemas/journal.ts'
import { demoBooks } from './books.ts'
import { buildSlots, slotAt } from './fleet/jobs.ts'
import { buildFleet } from './fleet/layout.ts'

const NOW = Date.UTC(2026, 4, 8, 3, 17)
const FROM = NOW - 7 * 86_400_000

describe('the books of the simulated site', () => {
  const fleet = buildFleet(2048, 1)
  const slots = buildSlots(fleet)
  const books = demoBooks({ fleet, slots, fromMs: FROM, nowMs: NOW })

  it('are entries that the journal takes', () => {
    expect(books.map((body) => JournalBody.parse(body).kind)).toEqual([
      'owners',
      'prices',
      'references',
      'contracts',
      'device_states',
      'rule_trust',
      'rule_trust',
      'annotations',
    ])
  })

  it('take nodes out only while nobody holds them, and burn them in afterwards', () => {
    const [states] = books.flatMap((body) => (body.kind === 'device_states' ? [body.states] : []))
    expect(states?.length).toBeGreaterThanOrEqual(8)
    for (const { node, from_ms, to_ms } of states ?? []) {
      const slot = slots.find(({ nodes }) => nodes.some(({ name }) => name === node))
      expect(to_ms).toBeLessThan(NOW)
      if (slot === undefined) throw new Error(`no slot has ${node}`)
      for (let ms = from_ms; ms < (to_ms ?? NOW); ms += 600_000)
        expect(slotAt(slot, fleet.seed, ms).job).toBeNull()
    }
  })

  it('price every model of the fleet and sell no device twice', () => {
    const models = new Set(fleet.devices.map(({ spec }) => spec.model))
    for (const body of books) {
      if (body.kind === 'prices')
        expect(new Set(body.lines.map(({ model }) => model))).toEqual(models)
      if (body.kind !== 'contracts') continue
      for (const model of models) {
        const sold = body.contracts.filter((one) => one.model === model)
        const devices = fleet.devices.filter(({ spec }) => spec.model === model).length
        expect(sold.reduce((sum, one) => sum + one.devices, 0)).toBeLessThan(devices)
      }
    }
  })
})
