import { createServer, type Server } from 'node:http'
import { writeExporterPage } from '../../collector/sources/dcgm-exporter/simulate.ts'

/**
 * What a Prometheus server has of simulated exporters: as series, as an OpenMetrics text for promtool, and behind a
 * small server that answers the two questions the import asks.
 */

/** One series: its labels, and what it was at instants, oldest first: epoch seconds and the value as text. */
export interface PrometheusSeries {
  readonly labels: Readonly<Record<string, string>>
  readonly values: readonly (readonly [seconds: number, value: string])[]
}

/** The body of the answer to a range query. */
export const matrixOf = (series: readonly PrometheusSeries[]): Buffer =>
  Buffer.from(
    JSON.stringify({
      status: 'success',
      data: {
        resultType: 'matrix',
        result: series.map(({ labels, values }) => ({ metric: labels, values })),
      },
    }),
  )

export const GPUS_PER_NODE = 8
const STEP_MS = 60_000

export const instanceOf = (node: number) => `gpu-${String(node).padStart(3, '0')}:9400`
export const uuidOf = (node: number, gpu: number) =>
  `GPU-${String(node).padStart(8, '0')}-0000-4000-8000-${String(gpu).padStart(12, '0')}`

/** Share of a minute that a GPU was busy: two decimals, as the exporter prints a percentage. */
export const busyOf = (node: number, gpu: number, minute: number) =>
  ((node * 7 + gpu * 13 + minute * 3) % 101) / 100

/** What an exporter showed in a minute since the epoch. */
export function pageAt(node: number, minute: number, gpus: number = GPUS_PER_NODE): string {
  return writeExporterPage(
    Array.from({ length: gpus }, (_, gpu) => {
      const busy = busyOf(node, gpu, minute)
      return {
        uuid: uuidOf(node, gpu),
        index: gpu,
        bus: `00000000:${String(10 + gpu).padStart(2, '0')}:00.0`,
        model: 'NVIDIA H100 80GB HBM3',
        hostname: `gpu-${String(node).padStart(3, '0')}`,
        driver: '570.86.15',
        metrics: {
          gpu_util_ratio: busy,
          gr_engine_active_ratio: busy,
          tensor_active_ratio: busy / 2,
          sm_active_ratio: busy,
          memory_bandwidth_active_ratio: busy / 4,
          power_watts: 100 + Math.round(busy * 600),
          power_limit_watts: 700,
          energy_joules_total: 5e8 + minute * 60 * 400 - 29_000_000 * 60 * 400,
          temperature_celsius: 30 + Math.round(busy * 40),
          memory_temperature_celsius: 40 + Math.round(busy * 40),
          sm_clock_hertz: 1_980_000_000,
          sm_clock_max_hertz: 1_980_000_000,
          memory_clock_hertz: 2_619_000_000,
          memory_used_bytes: 40 * 2 ** 30,
          memory_free_bytes: 39 * 2 ** 30,
          pcie_replay_total: 0,
          xid_code: 0,
        },
        holder: null,
        xid: null,
      }
    }),
  )
}

const LINE = /^(\w+)\{(.*)\} (\S+)$/
const LABEL = /(\w+)="([^"]*)"/g

/** Series of some nodes from minute to minute, as Prometheus would have scraped them. */
export function pastSeries(
  nodes: number,
  minutes: { readonly from: number; readonly to: number },
  gpus?: number,
): PrometheusSeries[] {
  const series = new Map<
    string,
    { labels: Record<string, string>; values: (readonly [number, string])[] }
  >()
  for (let node = 0; node < nodes; node += 1)
    for (let minute = minutes.from; minute < minutes.to; minute += 1)
      for (const line of pageAt(node, minute, gpus).split('\n')) {
        const [, name = '', text = '', value = ''] = LINE.exec(line) ?? []
        if (name === '') continue
        const key = `${node} ${name} ${text}`
        let one = series.get(key)
        if (one === undefined) {
          const own = [...text.matchAll(LABEL)].map(([, label = '', word = '']) => [label, word])
          const added = { __name__: name, instance: instanceOf(node), job: 'dcgm' }
          one = { labels: { ...Object.fromEntries(own), ...added }, values: [] }
          series.set(key, one)
        }
        one.values.push([(minute * STEP_MS) / 1000, value])
      }
  return [...series.values()]
}

/** The text that `promtool tsdb create-blocks-from openmetrics` reads, piece by piece. */
export function* openMetrics(series: readonly PrometheusSeries[]): Generator<string> {
  const sorted = series.toSorted((a, b) =>
    (a.labels['__name__'] ?? '') < (b.labels['__name__'] ?? '') ? -1 : 1,
  )
  for (const { labels, values } of sorted) {
    const { __name__: name = '', ...rest } = labels
    const words = Object.entries(rest).map(([label, value]) => `${label}="${value}"`)
    yield values.map(([at, value]) => `${name}{${words.join(',')}} ${value} ${at}\n`).join('')
  }
  yield '# EOF\n'
}

export interface StubPrometheus {
  readonly url: string
  /** Bodies of the range queries so far. */
  readonly asked: readonly string[]
  /** The next questions are answered with this status instead. */
  failNext(status: number, times: number): void
  stop(): Promise<void>
}

/** Answers label values and range queries of raw selectors out of series. */
export async function startStub(series: readonly PrometheusSeries[]): Promise<StubPrometheus> {
  const asked: string[] = []
  const failing = { status: 0, times: 0 }
  const server: Server = createServer((request, response) => {
    const pieces: Buffer[] = []
    request.on('data', (piece: Buffer) => pieces.push(piece))
    request.on('end', () => {
      const url = new URL(request.url ?? '/', 'http://stub')
      if (failing.times > 0) {
        failing.times -= 1
        response.writeHead(failing.status).end('{"status":"error","error":"told to fail"}')
        return
      }
      const body = Buffer.concat(pieces).toString()
      const isRange = url.pathname.endsWith('/query_range')
      if (isRange) asked.push(body)
      const data = isRange ? rangeOf(series, new URLSearchParams(body)) : instancesOf(series, url)
      response.writeHead(200).end(JSON.stringify({ status: 'success', data }))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return {
    url: `http://127.0.0.1:${port}`,
    asked,
    failNext(status, times) {
      Object.assign(failing, { status, times })
    },
    stop: () => new Promise((resolve) => server.close(() => resolve())),
  }
}

const nameOf = (selector: string) =>
  new RegExp(`^(?:${/__name__=~"((?:[^"\\]|\\.)*)"/.exec(selector)?.[1] ?? 'none'})$`)

function instancesOf(series: readonly PrometheusSeries[], url: URL): string[] {
  const name = nameOf(url.searchParams.get('match[]') ?? '')
  const fits = series.filter(({ labels }) => name.test(labels['__name__'] ?? ''))
  return [...new Set(fits.map(({ labels }) => labels['instance'] ?? ''))]
}

function rangeOf(series: readonly PrometheusSeries[], form: URLSearchParams) {
  const selector = form.get('query') ?? ''
  const name = nameOf(selector)
  const instance = /,instance="([^"]*)"/.exec(selector)?.[1]
  const [start, end] = [Number(form.get('start')), Number(form.get('end'))]
  const result = series
    .filter(({ labels }) => labels['instance'] === instance && name.test(labels['__name__'] ?? ''))
    .map(({ labels, values }) => ({
      metric: labels,
      values: values.filter(([at]) => at >= start && at <= end),
    }))
    .filter(({ values }) => values.length > 0)
  return { resultType: 'matrix', result }
}
