import { z } from 'zod'
import { FilterParams } from '../filters.ts'
import { int64, namedQuery } from '../named-query.ts'

const Numbers = z.array(z.number())

/** Heat of every device of a scope over some settled minutes: a row per place and model, a value per device. */
export const thermalGroups = namedQuery({
  file: new URL('thermal-groups.sql', import.meta.url),
  params: FilterParams.extend({ from_s: z.int(), to_s: z.int() }),
  row: z.strictObject({
    cluster: z.string(),
    hall: z.string(),
    rack: z.string(),
    vendor: z.string(),
    model: z.string(),
    ids: z.array(z.string()),
    nodes: z.array(z.string()),
    capacity_ms: Numbers,
    temperature_known_ms: Numbers,
    /** Mean, thousandths of a degree; 0 where nothing is known. */
    temperature_mc: Numbers,
    /** Null where no sample of the device had one. */
    temperature_max: z.array(z.number().nullable()),
    margin_min: z.array(z.number().nullable()),
    power_known_ms: Numbers,
    /** Mean, milliwatts; 0 where nothing is known. */
    power_mw: Numbers,
    throttled_heat_ms_x1000: Numbers,
  }),
})

/** Temperatures of some devices, oldest first. */
export const thermalSamples = namedQuery({
  file: new URL('thermal-samples.sql', import.meta.url),
  params: z.strictObject({ ids: z.array(z.string()), from_ms: z.int(), to_ms: z.int() }),
  row: z.object({ id: z.string(), at_s: Numbers, celsius: Numbers }),
})

/** Hours in which some devices were throttled by heat. */
export const thermalHours = namedQuery({
  file: new URL('thermal-hours.sql', import.meta.url),
  params: z.strictObject({ ids: z.array(z.string()), from_s: z.int(), to_s: z.int() }),
  row: z.strictObject({ id: z.string(), hour_s: z.int(), throttled_heat_ms_x1000: int64 }),
})
