import { describe, expect, it } from 'vitest'
import { ZoneSet } from '#schemas/alerts/zone-set.ts'
import { ZonesAnswer } from '#schemas/api-zones.ts'
import { zonesAnswer } from './zones.ts'

const NOW = Date.UTC(2026, 4, 4, 8)
const deps = { clock: () => NOW, simulated: false }
const levels = (from_ms: number, danger: number) => ({
  from_ms,
  ticket: 0.75,
  watch: 0.7,
  warn: 0.65,
  danger,
})

describe('lines of zones', () => {
  it('of a site that entered none are the default', () => {
    const answer = ZonesAnswer.parse(zonesAnswer(deps, undefined))
    expect(answer).toMatchObject({
      is_default: true,
      at: '2026-05-04T08:00:00.000Z',
      sets: [
        { name: 'fleet', scope: 'fleet', tier: 'busy', in_force: { danger: 0.6, ticket: 0.75 } },
      ],
    })
    expect(zonesAnswer({ ...deps, zoneSets: () => [] }, undefined).is_default).toBe(true)
  })
  it('are those in force at a time', () => {
    const set = ZoneSet.parse({
      name: 'halls',
      scope: 'hall',
      value: '*',
      levels: [levels(NOW, 0.6), levels(NOW - 1000, 0.3)],
    })
    const at = (time: string | undefined) =>
      zonesAnswer({ ...deps, zoneSets: () => [set] }, time).sets[0]
    expect(at(undefined)?.in_force?.danger).toBe(0.6)
    expect(at(String(NOW - 1))?.in_force?.danger).toBe(0.3)
    expect(at('2020-01-01T00:00:00Z')?.in_force).toBeNull()
    expect(at(undefined)?.levels.map(({ danger }) => danger)).toEqual([0.3, 0.6])
    expect(() => at('yesterday')).toThrow(/neither RFC 3339/)
  })
})
