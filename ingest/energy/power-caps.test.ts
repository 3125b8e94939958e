import { expect, it } from 'vitest'
import { BUILT_IN_MODELS } from '#schemas/models/built-in.ts'
import { metricDefinition } from '#schemas/metrics.ts'
import { modelCatalogue } from '#schemas/models/model.ts'
import { powerFacts, UNKNOWN_POWER_CAP_WATTS } from './power-caps.ts'

const catalogue = modelCatalogue(BUILT_IN_MODELS)

it('finds what models may draw and share under the names they are stored by', () => {
  const names = ['NVIDIA-H100-80GB-HBM3', 'Ascend 910C', 'MLU370-X8', 'somebody else']
  expect(powerFacts(names, catalogue)).toEqual({
    models: names,
    caps_mw: [700_000, 5_000_000, 250_000, 5_000_000],
    sharing: [1, 2, 2, 1],
    cap_mw: 5_000_000,
  })
})

it('names one model when there is none', () => {
  expect(powerFacts([], catalogue).models).toEqual([''])
})

it('knows no device that draws more than power_watts takes', () => {
  expect(metricDefinition('power_watts')?.max).toBe(UNKNOWN_POWER_CAP_WATTS)
})
