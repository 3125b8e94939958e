import { expect, it } from 'vitest'
import { ladderOf, missingTiers } from './ladder.ts'

it('says of an NVIDIA device which counter is which tier, from the coarsest to the finest', () => {
  const steps = ladderOf({
    busy_source: 'gr_engine_active',
    latest: {
      tensor_active_ratio: 0.14,
      gpu_util_ratio: 0.98,
      sm_active_ratio: 0.52,
      gr_engine_active_ratio: 0.97,
      sm_occupancy_ratio: null,
      power_watts: 612,
    },
  })
  expect(steps.map(({ metric, value, tiers }) => [metric, value, tiers])).toEqual([
    ['gpu_util_ratio', 0.98, []],
    ['gr_engine_active_ratio', 0.97, ['busy']],
    ['sm_active_ratio', 0.52, ['active']],
    ['tensor_active_ratio', 0.14, ['effective']],
  ])
  expect(missingTiers(steps)).toEqual([])
})

it('one counter of an Ascend device may be two tiers, and what it does not give is absent', () => {
  const steps = ladderOf({ busy_source: 'aicore', latest: { aicore_ratio: 0.4 } })
  expect(steps).toEqual([{ metric: 'aicore_ratio', value: 0.4, tiers: ['busy', 'active'] }])
  expect(missingTiers(steps)).toEqual(['effective'])
  expect(missingTiers(ladderOf({ busy_source: 'none', latest: {} }))).toEqual([
    'busy',
    'active',
    'effective',
  ])
})
