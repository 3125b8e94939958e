/**
 * Time to read one exporter page: `bin/node24 bench/parse-dcgm.ts [seconds per case]`. Each case is
 * timed alone, in slices; the table shows the median and the 99th percentile of single pages.
 */
import source from '../collector/sources/dcgm-exporter/source.ts'
import {
  SIMULATED_METRICS,
  writeExporterPage,
} from '../collector/sources/dcgm-exporter/simulate.ts'
import type { MetricValues } from '../schemas/metrics.ts'

const seconds = Number(process.argv[2] ?? 2)

function values(seed: number): MetricValues {
  const metrics: MetricValues = {}
  for (const [at, name] of SIMULATED_METRICS.entries()) {
    const part = ((seed * 31 + at * 17) % 97) / 97
    if (name.endsWith('_ratio')) metrics[name] = part
    else if (name.endsWith('_hertz')) metrics[name] = Math.round(300 + part * 1600) * 1e6
    else if (name.startsWith('memory_') && name.endsWith('_bytes')) {
      metrics[name] = Math.round(1 + part * 40_000) * 1_048_576
    } else if (name.startsWith('row_remap')) metrics[name] = 0
    else if (name === 'performance_state') metrics[name] = 0
    else if (name.startsWith('pcie_link_')) metrics[name] = name.includes('width') ? 16 : 5
    else metrics[name] = Math.round(10 + part * 80)
  }
  return metrics
}

function withoutExtra(metrics: MetricValues): MetricValues {
  return Object.fromEntries(Object.entries(metrics).filter(([name]) => !EXTRA.test(name)))
}

/** Metrics beyond the exporter's default set, left out of the plain page. */
const EXTRA =
  /max|limit|margin|throttle|ecc|pending|performance|sm_active|occupancy|fp\d\d|scaleup_.x|clock_event|memory_total|slowdown|pcie_link|errors|exhausted/

function page(
  gpus: number,
  {
    names = 'classic',
    instances = 0,
    all = true,
  }: {
    readonly names?: 'classic' | 'base_units'
    readonly instances?: number
    readonly all?: boolean
  },
): Uint8Array {
  const devices = Array.from({ length: gpus * Math.max(1, instances) }, (_, at) => {
    const index = instances === 0 ? at : Math.floor(at / instances)
    return {
      uuid: `GPU-1f0e${String(index).padStart(4, '0')}-7a2b-4c3d-9e8f-0123456789ab`,
      index,
      bus: `0000:${(0x18 + index * 8).toString(16)}:00.0`,
      model: 'NVIDIA H100 80GB HBM3',
      hostname: 'h1-r07-n03',
      driver: '570.124.06',
      metrics: all ? values(at) : withoutExtra(values(at)),
      holder: { namespace: 'training', pod: `llm-pretrain-worker-${at}`, container: 'trainer' },
      xid: 0,
      ...(instances === 0 ? {} : { instance: { id: 7 + (at % instances), profile: '1g.10gb' } }),
    }
  })
  return new TextEncoder().encode(writeExporterPage(devices, { names }))
}

const LINK_FIELDS = [
  'NVLINK_COUNT_TX_BYTES',
  'NVLINK_COUNT_RX_BYTES',
  'NVLINK_COUNT_RX_ERRORS',
  'NVLINK_COUNT_RX_SYMBOL_ERRORS',
  'NVLINK_COUNT_LINK_RECOVERY_EVENTS',
  'NVLINK_COUNT_TX_DISCARDS',
]

/** Rows of 18 links of each GPU, as exporter 4.4.1 and later print them. */
function linkRows(gpus: number): Uint8Array {
  const rows = LINK_FIELDS.flatMap((field, at) =>
    Array.from({ length: gpus * 18 }, (_, n) => {
      const index = Math.floor(n / 18)
      const uuid = `GPU-1f0e${String(index).padStart(4, '0')}-7a2b-4c3d-9e8f-0123456789ab`
      return `DCGM_FI_DEV_${field}{nvlink="${n % 18}",gpu="${index}",gpu_uuid="${uuid}",model_name="NVIDIA B200",hostname="b2-n03"} ${at * 1e9 + n}\n`
    }),
  )
  return Buffer.from(rows.join(''))
}

function measure(bytes: Uint8Array): { median: number; p99: number; devices: number } {
  const times: number[] = []
  const until = performance.now() + seconds * 1000
  let devices = 0
  while (performance.now() < until) {
    const from = performance.now()
    devices = source.interpret(bytes).devices.length
    times.push(performance.now() - from)
  }
  // The first tenth is the compiler warming up.
  const warm = times.slice(Math.floor(times.length / 10)).toSorted((a, b) => a - b)
  const at = (share: number) => warm[Math.floor(warm.length * share)] ?? NaN
  return { median: at(0.5), p99: at(0.99), devices }
}

const cases: readonly (readonly [string, Uint8Array])[] = [
  ['8 GPUs, default', page(8, { all: false })],
  [`8 GPUs, ${SIMULATED_METRICS.length} fields`, page(8, {})],
  ['8 GPUs, 4.7 names', page(8, { names: 'base_units' })],
  ['8 GPUs x 18 links', Buffer.concat([page(8, { all: false }), linkRows(8)])],
  ['8 GPUs x 7 MIG', page(8, { instances: 7 })],
  ['HTML of 60 kB', new TextEncoder().encode('<p>not a page of metrics</p>\n'.repeat(2100))],
]
console.log('page                   kB   rows  devices   median ms   p99 ms')
for (const [name, bytes] of cases) {
  const rows = new TextDecoder()
    .decode(bytes)
    .split('\n')
    .filter((line) => /^\w/.test(line)).length
  const { median, p99, devices } = measure(bytes)
  console.log(
    [
      name.padEnd(18),
      (bytes.length / 1000).toFixed(0).padStart(6),
      String(rows).padStart(6),
      String(devices).padStart(8),
      median.toFixed(3).padStart(11),
      p99.toFixed(3).padStart(8),
    ].join(' '),
  )
}
