import type { ModelCatalogue } from '#schemas/models/model.ts'

/**
 * What a device may draw where its model names no highest power, watts: the largest value that power_watts takes
 * (schemas/metrics.ts). Generous, so that it refuses jumps of a counter and no accelerator.
 */
export const UNKNOWN_POWER_CAP_WATTS = 5_000

/** What models say of power, as the statement of the store binds it: place i is of model i. */
export interface PowerFacts {
  readonly models: readonly string[]
  /** Highest power of the part that carries the reading, whole milliwatts. */
  readonly caps_mw: readonly number[]
  /** Devices that share one reading. */
  readonly sharing: readonly number[]
  /** For every other model. */
  readonly cap_mw: number
}

/** Looks models up as they are stored. At least one place is filled, because the store takes no empty lists here. */
export function powerFacts(models: Iterable<string>, catalogue: ModelCatalogue): PowerFacts {
  const names = [...new Set(models)]
  if (names.length === 0) names.push('')
  const entries = names.map((name) => catalogue.find(name))
  const capMw = (watts: number) => Math.round(Math.min(watts, UNKNOWN_POWER_CAP_WATTS) * 1_000)
  return {
    models: names,
    caps_mw: entries.map((entry) =>
      capMw(entry?.power_cap_watts?.value ?? UNKNOWN_POWER_CAP_WATTS),
    ),
    sharing: entries.map((entry) => entry?.devices_per_power_reading ?? 1),
    cap_mw: capMw(UNKNOWN_POWER_CAP_WATTS),
  }
}
