import { createServer } from 'node:http'
import {
  SIMULATED_METRICS,
  type SimulatedGpu,
  writeExporterPage,
} from '../collector/sources/dcgm-exporter/simulate.ts'
import { metricDefinition, type MetricValues } from '../schemas/metrics.ts'

/**
 * A process that answers for thousands of 8-GPU exporters: every loopback address is another node with
 * UUIDs of its own. Prints its port. Values change with each page, as on real nodes.
 *
 *     bin/node24 bench/exporter-farm.ts
 */

/** Stand-ins of the right length: a page is made once, then only these are put in. */
const UUID_MARK = 'uuuuuuuu'
const GPUS = 8
const VARIANTS = 16

/** Default field set of the 4.x exporters, profiling included: about 60 kB for 8 GPUs with pod labels. */
const PAGE_METRICS = 26

function metricsOf(seed: number): MetricValues {
  const metrics: MetricValues = {}
  for (const name of SIMULATED_METRICS.slice(-PAGE_METRICS)) {
    const { min, max, unit } = metricDefinition(name) ?? { min: 0, max: 1, unit: 'ratio' }
    const share = ((seed * 2_654_435_761) % 1000) / 1000
    metrics[name] = unit === 'ratio' ? share : Math.max(min, Math.min(max, 400 + seed * 7))
  }
  return metrics
}

function pageOf(variant: number): string[] {
  const gpus = Array.from({ length: GPUS }, (_, index): SimulatedGpu => ({
    uuid: `GPU-${UUID_MARK}-4444-5555-6666-${String(index).padStart(12, '0')}`,
    index,
    bus: `0000:${(0x18 + index * 8).toString(16)}:00.0`,
    model: 'NVIDIA H100 80GB HBM3',
    hostname: `gpu-${UUID_MARK}`,
    driver: '570.86.15',
    metrics: metricsOf(variant * GPUS + index),
    holder: { namespace: 'training', pod: `llm-pretrain-worker-${index}`, container: 'main' },
    xid: 0,
  }))
  return writeExporterPage(gpus).split(UUID_MARK)
}

const pages = Array.from({ length: VARIANTS }, (_, variant) => pageOf(variant))
let served = 0

const server = createServer((request, response) => {
  const host = (request.headers.host ?? '').split(':')[0] ?? ''
  const uuid = host
    .split('.')
    .map((part) => Number(part).toString(16).padStart(2, '0'))
    .join('')
  const page = pages[served++ % VARIANTS] ?? []
  response.setHeader('content-type', 'text/plain; version=0.0.4')
  response.end(page.join(uuid))
})
server.keepAliveTimeout = 30_000
server.listen(0, '0.0.0.0', () => {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  const bytes = Buffer.byteLength((pages[0] ?? []).join('12345678'))
  process.stdout.write(`${JSON.stringify({ port: address.port, pageBytes: bytes })}\n`)
})
