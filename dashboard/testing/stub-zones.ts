import { ZonesAnswer } from '#schemas/api-zones.ts'
import { DEFAULT_ZONE_LEVELS, DEFINITION_SET } from '#schemas/zones.ts'

/** TEST ONLY. A site that ramped up: lower lines until some hours ago. */
export function zonesAt(nowMs: number): unknown {
  const levels = [
    { from_ms: 0, ticket: 0.68, watch: 0.64, warn: 0.6, danger: 0.56 },
    { from_ms: Math.floor(nowMs / 3_600_000) * 3_600_000 - 9 * 3_600_000, ...DEFAULT_ZONE_LEVELS },
  ]
  return ZonesAnswer.parse({
    definition: DEFINITION_SET,
    simulated: true,
    at: new Date(nowMs).toISOString(),
    is_default: false,
    sets: [
      {
        name: 'fleet',
        scope: 'fleet',
        value: '',
        tier: 'busy',
        owner: '',
        in_force: levels[1],
        levels,
      },
    ],
  })
}
