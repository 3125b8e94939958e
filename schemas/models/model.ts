import { z } from 'zod'

/** `measured` on a real machine, `published` by its maker, `weak`: third hand, contradictory or unnamed. */
export const Confidence = z.enum(['measured', 'published', 'weak'])
export type Confidence = z.infer<typeof Confidence>

/** One figure with where it comes from. */
export const ModelFact = z.strictObject({
  value: z.number().positive(),
  confidence: Confidence,
  source: z.string().min(1).max(256),
})
export type ModelFact = z.infer<typeof ModelFact>

/**
 * What is known of an accelerator model. A figure that is not known is absent, never a guess: a guessed peak
 * would make a wrong effective tier. Live values of a device (limits, totals, margins) win over all of it.
 */
export const ModelEntry = z.strictObject({
  /** Names as tools print them; compared without case, maker, blanks and dashes. */
  names: z.array(z.string().min(1).max(256)).min(1).max(32),
  vendor: z.string().min(1).max(64),
  /** Peak of dense arithmetic of one device as its driver lists it (one die of a package), TFLOPS. */
  dense_bf16_tflops: ModelFact.optional(),
  dense_fp16_tflops: ModelFact.optional(),
  dense_fp8_tflops: ModelFact.optional(),
  memory_bytes: ModelFact.optional(),
  memory_bandwidth_bytes_per_second: ModelFact.optional(),
  /** Highest power of the part that carries the power reading: the board or the package. */
  power_cap_watts: ModelFact.optional(),
  power_cap_min_watts: ModelFact.optional(),
  idle_watts_low: ModelFact.optional(),
  idle_watts_high: ModelFact.optional(),
  /** Devices that share one power reading: 2 for a two-die package or a board with two entries. */
  devices_per_power_reading: z.int().min(1).max(16).optional(),
  /** Scale-up link, all links, both directions together. */
  scaleup_bytes_per_second: ModelFact.optional(),
  temperature_max_operating_celsius: ModelFact.optional(),
  temperature_slowdown_celsius: ModelFact.optional(),
  temperature_shutdown_celsius: ModelFact.optional(),
})
export type ModelEntry = z.infer<typeof ModelEntry>

/** A site's own file: its entries come first, and one with a name of ours replaces our whole entry. */
export const ModelFile = z.strictObject({ models: z.array(ModelEntry).max(1000) })
export type ModelFile = z.infer<typeof ModelFile>

/** Where an entry comes from. */
export type ModelOrigin = 'built-in' | 'site'

export interface ListedModel {
  readonly origin: ModelOrigin
  readonly entry: ModelEntry
}

export interface ModelCatalogue {
  /** The entry of a model as a tool printed it, or null: then its peak figures are unknown, not zero. */
  find(model: string): ModelEntry | null
  list(): readonly ListedModel[]
}

const MAKERS = /\b(?:nvidia|tesla|huawei|ascend|cambricon|kunlunxin|kunlun)\b/g

/** The comparable form of a model name: `NVIDIA-H100-80GB-HBM3` and `NVIDIA H100 80GB HBM3` are one. */
export function modelKey(name: string): string {
  return name
    .toLowerCase()
    .replaceAll(/[\s_-]+/g, ' ')
    .replaceAll(MAKERS, '')
    .replaceAll(' ', '')
}

/** A catalogue of the site's entries before the built-in ones. */
export function modelCatalogue(
  builtIn: readonly ModelEntry[],
  site: readonly ModelEntry[] = [],
): ModelCatalogue {
  const byKey = new Map<string, ListedModel>()
  const listed: ListedModel[] = []
  const take = (entry: ModelEntry, origin: ModelOrigin) => {
    const keys = entry.names.map(modelKey)
    if (keys.some((key) => byKey.has(key))) return
    const model: ListedModel = { origin, entry }
    for (const key of keys) byKey.set(key, model)
    listed.push(model)
  }
  for (const entry of site) take(entry, 'site')
  for (const entry of builtIn) take(entry, 'built-in')
  return { find: (model) => byKey.get(modelKey(model))?.entry ?? null, list: () => listed }
}
