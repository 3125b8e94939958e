import * as api from '#schemas/api.ts'
import { NodeDetail, NodeSeriesAnswer } from '#schemas/api-nodes.ts'
import { type Answer, frame, refusal, seriesOf, windowOf } from './stub-answer.ts'
import * as devices from './stub-devices.ts'
import * as fleet from './stub-fleet.ts'
import * as nodes from './stub-nodes.ts'

/** Answers of the pages of devices and nodes. */

export function deviceIndex(id: string): number | null {
  const index = Number(BigInt(/^\d{1,19}$/.test(id) ? id : '0') - 9_000_000_000_000_000n)
  return index >= 0 && index < devices.DEVICES_TOTAL ? index : null
}

export function deviceList(query: URLSearchParams, nowMs: number) {
  const limit = Number(query.get('limit') ?? 50)
  const start = Number(query.get('cursor') ?? 0)
  const filters = query.getAll('filter').map((text) => text.split(':'))
  const q = query.get('q') ?? ''
  const all = Array.from({ length: devices.DEVICES_TOTAL }, (_device, index) =>
    devices.deviceOf(index, nowMs),
  )
  const fits = all.filter(
    (device) =>
      (q === '' || device.canonical_key.includes(q) || device.node.includes(q)) &&
      filters.every(([field = '', op, ...rest]) => {
        const value = String(Reflect.get(device, field))
        return op === 'prefix' ? value.startsWith(rest.join(':')) : value === rest.join(':')
      }),
  )
  const next = start + limit
  return api.DeviceList.parse({
    devices: fits.slice(start, next),
    total: fits.length,
    next_cursor: next < fits.length ? String(next) : null,
    simulated: true,
  })
}

export function deviceAnswer(path: string, query: URLSearchParams, nowMs: number): Answer {
  const [, id = '', rest] = path.split('/')
  const index = deviceIndex(id)
  if (index === null) return refusal(404, 'E_DEVICE_UNKNOWN', `no device has the id ${id}`)
  const device = devices.deviceOf(index, nowMs)
  if (rest !== 'series') {
    const body = api.DeviceDetail.parse({
      device,
      labels: { driver: '570.86.15', exporter: '4.2.0' },
      partitions: [],
      events: devices.eventsOf(device, nowMs),
      facts: nodes.factsOf(device, nowMs),
      links: nodes.linksOf(device, nowMs),
      first_seen: new Date(nowMs - 30 * 86_400_000).toISOString(),
      simulated: true,
    })
    return { body }
  }
  const { fromMs, toMs } = windowOf(query, nowMs)
  const silentSince = device.state === 'silent' ? nowMs - 47 * fleet.MINUTE_MS : nowMs
  const groups = seriesOf(query, { fromMs, toMs }, (metric, ms) =>
    devices.hasMetric(device.vendor, metric) && ms < silentSince && fleet.coverageAt(ms, nowMs) > 0
      ? devices.metricAt(metric, ms, index)
      : null,
  )
  return {
    body: api.SeriesAnswer.parse({ ...frame(fromMs, toMs, nowMs), resolution: '1m', groups }),
  }
}

export function nodeAnswer(path: string, query: URLSearchParams, nowMs: number): Answer {
  const [, name = '', rest] = path.split('/').map(decodeURIComponent)
  const { fromMs, toMs } = windowOf(query, nowMs)
  if (rest === 'series') {
    const { definition: _, ...answer } = frame(fromMs, toMs, nowMs)
    const groups = seriesOf(query, { fromMs, toMs }, nodes.nodeValue)
    return { body: NodeSeriesAnswer.parse({ ...answer, resolution: 'raw', groups }) }
  }
  const own = Array.from({ length: devices.DEVICES_TOTAL }, (_device, index) =>
    devices.deviceOf(index, nowMs),
  ).filter((device) => device.node === name)
  if (own.length === 0) return refusal(404, 'E_NODE_UNKNOWN', `no node is called ${name}`)
  return { body: NodeDetail.parse(nodes.nodeAt(name, own, nowMs)) }
}
