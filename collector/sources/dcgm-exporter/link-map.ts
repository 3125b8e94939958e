import { type LinkMetricName, LINK_METRICS } from '#schemas/node-metrics.ts'
import type { MetricDefinition } from '#schemas/metric-definition.ts'

/**
 * What DCGM's fields mean on the row of one link, as data: NVLinks of a GPU (exporter 4.4.1 and later) and of
 * an NVSwitch. Bit error rates are left out: the exporter prints them as 0.000000.
 */
export interface LinkField {
  readonly name: string
  readonly metric: LinkMetricName
  readonly definition: MetricDefinition
  /** Fields of one metric with different parts are added up; with the same part the lower rank is taken. */
  readonly part: string
  /** Metric and part in one word. */
  readonly cell: string
  readonly rank: number
  /** True for MB/s or B/s, as settled for the page. */
  readonly isScaled: boolean
  /** True where 2,147,483,632 and 1.4e14 can be real values. */
  readonly wide: boolean
}

/** Name of the cell of one part of a metric; the part is empty where one field gives all of it. */
export const cellName = (metric: LinkMetricName, part: string) => `${metric} ${part}`

type Options = Partial<Pick<LinkField, 'part' | 'rank' | 'isScaled' | 'wide'>>

function field(metric: LinkMetricName, names: readonly string[], options: Options = {}) {
  const definition: MetricDefinition =
    LINK_METRICS.find((known) => known.name === metric) ?? LINK_METRICS[0]
  return names.map((name): LinkField => ({
    name: `DCGM_FI_${name}`,
    metric,
    definition,
    part: options.part ?? '',
    cell: cellName(metric, options.part ?? ''),
    rank: options.rank ?? 0,
    isScaled: options.isScaled ?? false,
    wide: options.wide ?? false,
  }))
}

const wide = { wide: true } as const
/** The scale group of scales.ts that these follow. */
export const LINK_SCALE = 'nvlink'
const scaled = { wide: true, isScaled: true, rank: 1 } as const

/** Every field that is read on link rows. What is not here is listed under `ignored`. */
export const LINK_FIELDS: readonly LinkField[] = [
  field('link_tx_bytes_total', ['DEV_NVLINK_COUNT_TX_BYTES', 'DEV_NVLINK_TX_BYTES_TOTAL'], wide),
  field('link_rx_bytes_total', ['DEV_NVLINK_COUNT_RX_BYTES', 'DEV_NVLINK_RX_BYTES_TOTAL'], wide),
  field(
    'link_tx_bytes_per_second',
    ['PROF_NVLINK_TX_BYTES_PER_LINK', 'PROF_NVLINK_TX_BYTES'],
    wide,
  ),
  field(
    'link_rx_bytes_per_second',
    ['PROF_NVLINK_RX_BYTES_PER_LINK', 'PROF_NVLINK_RX_BYTES'],
    wide,
  ),
  field(
    'link_tx_bytes_per_second',
    [
      'DEV_NVLINK_TX_THROUGHPUT_PER_LINK',
      'DEV_NVLINK_TX_BANDWIDTH_TOTAL',
      'DEV_NVLINK_TX_THROUGHPUT_TOTAL',
    ],
    scaled,
  ),
  field(
    'link_rx_bytes_per_second',
    [
      'DEV_NVLINK_RX_THROUGHPUT_PER_LINK',
      'DEV_NVLINK_RX_BANDWIDTH_TOTAL',
      'DEV_NVLINK_RX_THROUGHPUT_TOTAL',
    ],
    scaled,
  ),
  field('link_symbol_errors_total', [
    'DEV_NVLINK_COUNT_RX_SYMBOL_ERRORS',
    'DEV_NVLINK_RX_SYMBOL_ERROR_TOTAL',
  ]),
  field('link_errors_total', ['DEV_NVLINK_COUNT_RX_ERRORS', 'DEV_NVLINK_RX_ERROR_TOTAL']),
  field(
    'link_crc_errors_total',
    [
      'DEV_NVLINK_CRC_FLIT_ERROR_PER_LINK_TOTAL',
      'DEV_NVLINK_CRC_FLIT_ERROR_COUNT_TOTAL',
      'DEV_NVLINK_CRC_FLIT_ERROR_TOTAL',
    ],
    { part: 'flit' },
  ),
  field(
    'link_crc_errors_total',
    [
      'DEV_NVLINK_CRC_DATA_ERROR_PER_LINK_TOTAL',
      'DEV_NVLINK_CRC_DATA_ERROR_COUNT_TOTAL',
      'DEV_NVLINK_CRC_DATA_ERROR_TOTAL',
    ],
    { part: 'data' },
  ),
  field('link_crc_errors_total', [
    'DEV_NVSWITCH_LINK_CRC_ERRORS',
    'DEV_NVSWITCH_LINK_CRC_ERROR_TOTAL',
  ]),
  field('link_replays_total', [
    'DEV_NVLINK_REPLAY_ERROR_PER_LINK_TOTAL',
    'DEV_NVLINK_REPLAY_ERROR_COUNT_TOTAL',
    'DEV_NVLINK_REPLAY_ERROR_TOTAL',
    'DEV_NVSWITCH_LINK_REPLAY_ERRORS',
    'DEV_NVSWITCH_LINK_REPLAY_ERROR_TOTAL',
  ]),
  field('link_recoveries_total', [
    'DEV_NVLINK_RECOVERY_ERROR_PER_LINK_TOTAL',
    'DEV_NVLINK_RECOVERY_ERROR_COUNT_TOTAL',
    'DEV_NVLINK_RECOVERY_ERROR_TOTAL',
    'DEV_NVSWITCH_LINK_RECOVERY_ERRORS',
    'DEV_NVSWITCH_LINK_RECOVERY_ERROR_TOTAL',
  ]),
  field(
    'link_recoveries_total',
    ['DEV_NVLINK_COUNT_LINK_RECOVERY_EVENTS', 'DEV_NVLINK_RECOVERY_EVENT_TOTAL'],
    { rank: 1 },
  ),
  field('link_discards_total', ['DEV_NVLINK_COUNT_TX_DISCARDS']),
  field('link_downs_total', [
    'DEV_NVLINK_PPCNT_PHYSICAL_LINK_DOWN_COUNTER',
    'DEV_NVLINK_PPCNT_PHYSICAL_LINK_DOWN_TOTAL',
  ]),
].flat()

/** Field of a link row by its name on the page. */
export const LINK_FIELD_BY_NAME: ReadonlyMap<string, LinkField> = new Map(
  LINK_FIELDS.map((known) => [known.name, known]),
)
