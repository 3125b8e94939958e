import { TEXT_LIMITS } from '../../formats/text-lines.ts'

/** Bounds on one page; node_exporter prints about 1,500 rows, a federated page of a hall many more. */
export const LIMITS = {
  bytes: TEXT_LIMITS.bytes,
  nodes: 2048,
  devices: 1024,
  links: 8192,
  /** As many points as one target may have (meter-samples.ts). */
  meters: 512,
  ignoredNames: 200,
  labelChars: 256,
} as const

/** Why a row or value was refused: a fixed list, so the counters stay few. */
export type Refusal =
  | 'too_many_bytes'
  | 'line_too_long'
  | 'series_limit'
  | 'not_a_sample'
  | 'bad_labels'
  | 'text_value'
  | 'duplicate_series'
  | 'no_identity'
  | 'ambiguous_device'
  | 'ambiguous_rows'
  | 'no_link_name'
  | 'too_many_nodes'
  | 'too_many_devices'
  | 'too_many_links'
  | 'no_meter'
  | 'no_digits'
  | 'too_many_meters'
  | 'out_of_range'
