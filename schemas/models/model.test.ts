import { describe, expect, it } from 'vitest'
import { BUILT_IN_MODELS } from './built-in.ts'
import { modelCatalogue, ModelEntry, modelKey } from './model.ts'

describe('the model catalogue', () => {
  const catalogue = modelCatalogue(BUILT_IN_MODELS)

  it('finds a model however a tool or a flag spells it', () => {
    for (const name of ['NVIDIA H100 80GB HBM3', 'NVIDIA-H100-80GB-HBM3', 'h100 80gb hbm3'])
      expect(catalogue.find(name)?.dense_bf16_tflops?.value).toBe(989)
    expect(catalogue.find('Ascend 910B4-1')?.memory_bytes?.value).toBe(64 * 2 ** 30)
    expect(catalogue.find('Ascend 910B4')?.memory_bytes?.value).toBe(32 * 2 ** 30)
    expect(catalogue.find('P800 OAM')?.vendor).toBe('kunlunxin')
  })

  it('knows nothing of a model it does not list, and gives no figure by likeness', () => {
    for (const name of ['GRID A100-40C', 'NVIDIA H100', 'Ascend 910B9', 'Ascend', '', 'unknown'])
      expect(catalogue.find(name)).toBeNull()
  })

  it('lists every name once, and every entry is what a site could write itself', () => {
    const keys = BUILT_IN_MODELS.flatMap((entry) => entry.names.map(modelKey))
    expect(new Set(keys).size).toBe(keys.length)
    for (const entry of BUILT_IN_MODELS) expect(ModelEntry.parse(entry)).toEqual(entry)
  })

  it('keeps figures in an order that physics allows', () => {
    for (const { entry } of catalogue.list()) {
      const value = (name: keyof ModelEntry) => {
        const fact = entry[name]
        return typeof fact === 'object' && 'value' in fact ? fact.value : null
      }
      const rising = [
        ['idle_watts_low', 'idle_watts_high'],
        ['idle_watts_high', 'power_cap_watts'],
        ['power_cap_min_watts', 'power_cap_watts'],
        ['temperature_max_operating_celsius', 'temperature_slowdown_celsius'],
        ['temperature_slowdown_celsius', 'temperature_shutdown_celsius'],
        ['dense_bf16_tflops', 'dense_fp8_tflops'],
      ] as const
      for (const [low, high] of rising) {
        const [a, b] = [value(low), value(high)]
        if (a !== null && b !== null) expect(a, `${entry.names[0]} ${low}`).toBeLessThan(b)
      }
    }
  })

  it("a site's entry replaces the built-in one of the same name whole", () => {
    const mine: ModelEntry = {
      names: ['nvidia_h200'],
      vendor: 'nvidia',
      power_cap_watts: { value: 650, confidence: 'measured', source: 'our boards' },
    }
    const site = modelCatalogue(BUILT_IN_MODELS, [mine])
    expect(site.find('NVIDIA H200')).toEqual(mine)
    expect(site.list().filter(({ origin }) => origin === 'site')).toHaveLength(1)
    expect(site.list()).toHaveLength(BUILT_IN_MODELS.length)
  })
})
