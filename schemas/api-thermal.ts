import { z } from 'zod'

/** What GET /api/v1/thermal answers. Rules as in api.ts; what the figures mean is in docs/thermal.md. */

const time = z.iso.datetime()
const ratio = z.number().min(0).max(1)
const seconds = z.number().min(0)

/** A device beside its peers: same model, same rack. */
export const ThermalPeers = z.object({
  /**
   * supply: thermal resistance (device - supply) / power. peers: degrees above peers of similar power, because the
   * supply temperature is not known.
   */
  reference: z.enum(['supply', 'peers']),
  /** Of median, mad and deviation. */
  unit: z.enum(['celsius_per_watt', 'celsius']),
  /** Devices compared with, this one among them. */
  peers: z.int(),
  resistance: z.number().nullable(),
  median: z.number().nullable(),
  mad: z.number().nullable(),
  deviation: z.number().nullable(),
  /** Deviation in MADs; from 5 on an outlier. */
  score: z.number().nullable(),
  is_outlier: z.boolean(),
  /** Why there are no figures; null when there are. */
  reason: z.enum(['no_temperature', 'few_peers', 'no_power', 'low_power']).nullable(),
})
export type ThermalPeers = z.infer<typeof ThermalPeers>

export const ThermalDevice = z.object({
  /** 64-bit number as a string. */
  device_id: z.string(),
  /** Its number on the node; null = not told. */
  device_index: z.int().nullable(),
  cluster: z.string(),
  hall: z.string(),
  rack: z.string(),
  node: z.string(),
  vendor: z.string(),
  model: z.string(),
  /** Mean and highest of the window. */
  temperature_celsius: z.number().nullable(),
  temperature_celsius_max: z.number().nullable(),
  /** Degrees below the slowdown point, the least of the window, and who says where that point is. */
  margin_celsius: z.number().nullable(),
  margin_source: z.enum(['device', 'model']).nullable(),
  /** Degrees a minute by least squares over the raw samples of the window; null for fewer than three. */
  rise_celsius_per_minute: z.number().nullable(),
  rise_samples: z.int(),
  power_watts: z.number().nullable(),
  /** Share of capacity in the window that had a temperature, and a power. */
  temperature_coverage: ratio.nullable(),
  power_coverage: ratio.nullable(),
  peers: ThermalPeers,
  /** Device-time that throttling for heat took within the window. */
  throttled_heat_seconds: seconds,
  /** The same over the last 24 settled hours, and in which of them. */
  throttled_heat_24h: z.object({
    device_seconds: seconds,
    hours: z.array(z.object({ from: time, device_seconds: seconds })),
  }),
})
export type ThermalDevice = z.infer<typeof ThermalDevice>

/** One rack, or the devices of a hall whose rack is not known. */
export const ThermalRack = z.object({
  cluster: z.string(),
  hall: z.string(),
  rack: z.string(),
  devices: z.int(),
  temperature_celsius_median: z.number().nullable(),
  temperature_celsius_max: z.number().nullable(),
  margin_celsius_min: z.number().nullable(),
  /** Devices with less than 5 degrees of margin. */
  devices_below_margin: z.int(),
  outliers: z.int(),
  throttled_heat_seconds: seconds,
  temperature_coverage: ratio.nullable(),
})
export type ThermalRack = z.infer<typeof ThermalRack>

/** Margins of the devices of one model: how many lie between each two edges. */
export const ThermalMargins = z.object({
  vendor: z.string(),
  model: z.string(),
  devices: z.int(),
  /** One more than `margin_edges`: below the first edge, between each two, from the last on. */
  bins: z.array(z.int()),
  /** Devices without a margin: neither they nor the catalogue say where their slowdown point is, or they are silent. */
  unknown: z.int(),
  below_margin: z.int(),
  least: z.number().nullable(),
})
export type ThermalMargins = z.infer<typeof ThermalMargins>

export const ThermalAnswer = z.object({
  definition: z.string(),
  simulated: z.boolean(),
  settled_until: time.nullable(),
  /** Effective window: settled minutes only. */
  from: time,
  to: time,
  /** Devices in the scope, and those of them with a temperature. */
  total: z.int(),
  with_temperature: z.int(),
  temperature_coverage: ratio.nullable(),
  /** Degrees at which the bins of `margins` meet; 0 = the slowdown point. */
  margin_edges: z.array(z.number()),
  /** By model, the least margin first; at most 20 models. */
  margins: z.array(ThermalMargins).max(20),
  /** Devices of the scope with less than 5 degrees of margin. */
  devices_below_margin: z.int(),
  devices: z.array(ThermalDevice).max(200),
  /** Hot spots: racks with the least margin, then the hottest; at most 20. */
  racks: z.array(ThermalRack).max(20),
  next_cursor: z.string().nullable(),
})
export type ThermalAnswer = z.infer<typeof ThermalAnswer>
