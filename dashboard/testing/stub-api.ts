import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { readFile } from 'node:fs/promises'
import { extname, join, normalize } from 'node:path'
import { z } from 'zod'
import * as api from '#schemas/api.ts'
import { CoverageAnswer, NodeDetail, NodeSeriesAnswer } from '#schemas/api-nodes.ts'
import { DEFINITION_SET } from '#schemas/zones.ts'
import { alertsStub, type AlertsStub, type StubAlerts } from './stub-alerts.ts'
import { channelsStub, type StubChannels } from './stub-channels.ts'
import * as devices from './stub-devices.ts'
import { energyAt, ownersAt, pueAt, type StubFacility } from './stub-energy.ts'
import { jumpAt } from './stub-explore.ts'
import * as fleet from './stub-fleet.ts'
import { inventoryAt } from './stub-inventory.ts'
import { loopsAt } from './stub-loops.ts'
import { moneyAt } from './stub-jobs.ts'
import type { StubLoss } from './stub-loss.ts'
import { messagesAt } from './stub-messages.ts'
import * as nodes from './stub-nodes.ts'
import { notesStub, type NotesStub } from './stub-notes.ts'
import { nowAt, type StubForecast } from './stub-now.ts'
import { parsedOf } from './stub-parse.ts'
import { pipelineAt, type StubPipeline } from './stub-pipeline.ts'
import { reportsStub, type StubReports } from './stub-reports.ts'
import { auditAt, settingsAt } from './stub-settings.ts'
import { treeAt } from './stub-tree.ts'
import { serveWall } from './stub-wall.ts'

/**
 * TEST ONLY. The built dashboard and an API that answers with made-up, schema-checked figures: for
 * looking at pages and for the browser test. The product serves the dashboard from query/.
 */

export interface StubOptions {
  readonly port: number
  readonly nowMs: () => number
  readonly build: string
  /** Answers 401 until a token is exchanged. */
  readonly loginNeeded?: boolean
  /** Paths (below /api/v1/) that answer 503. */
  readonly broken?: ReadonlySet<string>
  readonly timeZone?: string
  readonly pipeline?: StubPipeline
  readonly facility?: StubFacility
  readonly alerts?: StubAlerts
  /** Devices of the wall. */
  readonly wall?: number
  readonly forecast?: StubForecast
  /** Between two messages of the live stream; 2 s unless said. */
  readonly liveEveryMs?: number
  readonly channels?: StubChannels
  /** Of the pages of loss and jobs; the fleet's own loss is what the Fleet page shows unless this is said. */
  readonly loss?: StubLoss
  readonly reports?: StubReports
  /** Of who looks; operate unless said. */
  readonly role?: 'read' | 'operate'
}

type Answer = { readonly body: unknown; readonly status?: number }

function frame(fromMs: number, toMs: number, nowMs: number) {
  const settled = Math.floor(nowMs / fleet.MINUTE_MS) * fleet.MINUTE_MS - 2 * fleet.MINUTE_MS
  return {
    definition: DEFINITION_SET,
    from: new Date(fromMs).toISOString(),
    to: new Date(toMs).toISOString(),
    resolution: '1m_group' as const,
    settled_until: new Date(settled).toISOString(),
    provisional: toMs > settled,
    simulated: true,
  }
}

function windowOf(query: URLSearchParams, nowMs: number) {
  const toMs = Number(query.get('to') ?? nowMs)
  return { toMs, fromMs: Number(query.get('from') ?? toMs - 86_400_000) }
}

function deviceIndex(id: string): number | null {
  const index = Number(BigInt(/^\d{1,19}$/.test(id) ? id : '0') - 9_000_000_000_000_000n)
  return index >= 0 && index < devices.DEVICES_TOTAL ? index : null
}

function deviceList(query: URLSearchParams, nowMs: number) {
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

function deviceAnswer(path: string, query: URLSearchParams, nowMs: number): Answer {
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

function seriesOf(
  query: URLSearchParams,
  { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
  valueAt: (metric: string, ms: number) => number | null,
) {
  const step = Math.max(
    fleet.MINUTE_MS,
    Math.ceil((toMs - fromMs) / Number(query.get('points') ?? 300) / fleet.MINUTE_MS) *
      fleet.MINUTE_MS,
  )
  const t0 = Math.floor(fromMs / step) * step
  const times = Array.from(
    { length: Math.ceil((toMs - t0) / step) },
    (_bucket, at) => t0 + at * step,
  )
  return (query.get('metrics') ?? '').split(',').map((metric) => {
    const values = times.map((ms) => valueAt(metric, ms))
    return {
      key: {},
      metric,
      unit: 'any',
      t0,
      step_ms: step,
      values,
      coverage: values.map((value) => (value === null ? 0 : 1)),
    }
  })
}

function nodeAnswer(path: string, query: URLSearchParams, nowMs: number): Answer {
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

const refusal = (status: number, code: string, message: string): Answer => ({
  status,
  body: api.ApiError.parse({
    error: { code, message, docs: `docs/errors.md#${code.toLowerCase()}` },
  }),
})

interface State {
  signedIn: boolean
  incident: boolean
  readonly alerts: AlertsStub
  readonly notes: NotesStub
  readonly channels: ReturnType<typeof channelsStub>
  readonly reports: ReturnType<typeof reportsStub>
}

function sessionAnswer(state: State, options: StubOptions): Answer {
  const body = api.SessionInfo.parse({
    name: state.signedIn && options.loginNeeded === true ? 'lin' : null,
    role: state.signedIn ? (options.role ?? 'operate') : null,
    login_needed: !state.signedIn,
    simulated: true,
    site_timezone: options.timeZone ?? 'Asia/Shanghai',
    version: '0.4.0',
    definition: DEFINITION_SET,
    demo: { incident_running: state.incident },
  })
  return { body }
}

function facilityAnswer(path: string, query: URLSearchParams, options: StubOptions): Answer | null {
  const nowMs = options.nowMs()
  const money = moneyAt(path, query, { nowMs, loss: options.loss })
  if (money !== null)
    return money.body === null
      ? refusal(404, 'E_JOB_UNKNOWN', 'no job of this id in the window')
      : money
  const now = nowAt(path, query, { nowMs, forecast: options.forecast ?? 'crossing' })
  if (now !== null) return now
  if (path === 'pue') return { body: pueAt(query, nowMs, options.facility) }
  if (path === 'energy') return { body: energyAt(query, nowMs, options.facility) }
  if (path === 'owners') return { body: ownersAt(query, nowMs) }
  if (path === 'facility/tree') return { body: treeAt(nowMs, options.facility) }
  const jumped = jumpAt(path, query, nowMs)
  if (jumped !== null) return { body: jumped }
  if (path === 'facility/loops') return { body: loopsAt(nowMs, options.facility) }
  return null
}

async function answer(
  request: IncomingMessage,
  url: URL,
  state: State,
  options: StubOptions,
): Promise<Answer> {
  const nowMs = options.nowMs()
  const path = url.pathname.slice('/api/v1/'.length)
  const { fromMs, toMs } = windowOf(url.searchParams, nowMs)
  if (options.broken?.has(path) === true)
    return refusal(503, 'E_STORE_AWAY', 'the store does not answer')
  if (path === 'session') {
    if (request.method === 'DELETE') state.signedIn = options.loginNeeded !== true
    if (request.method === 'POST') {
      const token = z.object({ token: z.string() }).safeParse(JSON.parse(await bodyOf(request)))
      if (token.data?.token !== 'stub-token')
        return refusal(401, 'E_UNAUTHENTICATED', 'this token is not known')
      state.signedIn = true
    }
    return sessionAnswer(state, options)
  }
  if (!state.signedIn) return refusal(401, 'E_UNAUTHENTICATED', 'a token is needed')
  if (path === 'parse') {
    const body = parsedOf(await bodyOf(request))
    return body === null
      ? refusal(400, 'E_PARSE_UNKNOWN', 'no source recognizes this output')
      : { body }
  }
  if (path === 'collection')
    return { body: api.CollectionAnswer.parse(devices.collectionAt(nowMs)) }
  if (path === 'collection/coverage') {
    const by = url.searchParams.get('group_by') === 'model' ? 'model' : 'source'
    return { body: CoverageAnswer.parse(nodes.coverageAt(by)) }
  }
  if (path === 'pipeline') return { body: pipelineAt(nowMs, options.pipeline) }
  const facility = facilityAnswer(path, url.searchParams, options)
  if (facility !== null) return facility
  const question = {
    method: request.method ?? 'GET',
    path,
    query: url.searchParams,
    body: async () => JSON.parse(await bodyOf(request)),
    nowMs,
  }
  if (path === 'inventory') return { body: inventoryAt(url.searchParams, nowMs) }
  if (path === 'settings') return { body: settingsAt(nowMs) }
  if (path === 'audit') return { body: auditAt(url.searchParams, nowMs) }
  const reports = state.reports(question)
  if (reports !== null) return reports
  const channels = await state.channels.answer(question)
  if (channels !== null) return channels
  const told = (await state.alerts.answer(question)) ?? (await state.notes.answer(question))
  if (told !== null) return told
  if (path.startsWith('nodes/')) return nodeAnswer(path, url.searchParams, nowMs)
  if (path === 'devices') return { body: deviceList(url.searchParams, nowMs) }
  if (path.startsWith('devices/')) return deviceAnswer(path, url.searchParams, nowMs)
  if (path === 'demo/messages') return { body: messagesAt(nowMs) }
  if (path === 'demo/incident') {
    state.incident = true
    return { status: 202, body: {} }
  }
  if (path === 'fleet/summary') {
    const groups = fleet.groupsBy(
      url.searchParams.get('group_by') ?? '',
      toMs - fleet.MINUTE_MS,
      nowMs,
    )
    return {
      body: api.FleetSummary.parse({ ...frame(fromMs, toMs, nowMs), groups, pending_devices: 5 }),
    }
  }
  if (path === 'fleet/series') {
    const series = fleet.utilizationSeries(
      fromMs,
      toMs,
      Number(url.searchParams.get('points') ?? 300),
      nowMs,
    )
    return { body: api.SeriesAnswer.parse({ ...frame(fromMs, toMs, nowMs), groups: [series] }) }
  }
  return refusal(404, 'E_NOT_FOUND', 'there is nothing at this address')
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks).toString('utf8')
}

const CAPTION = {
  en: 'A coolant loop in hall h1 loses flow: 128 devices slow down, the fleet nears the 60 % line.',
  zh: 'h1 机房一条冷却回路失去流量：128 台设备降频，机群逼近 60 % 线。',
}

function stream(
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
  state: State,
  options: StubOptions,
) {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
  const send = () => {
    const nowMs = options.nowMs()
    const told = api.LiveFleet.parse(fleet.liveAt(nowMs, state.incident ? CAPTION : null))
    response.write(`id: ${nowMs}\nevent: fleet\ndata: ${JSON.stringify(told)}\n\n`)
    const index = deviceIndex(url.searchParams.get('device') ?? '')
    if (index === null) return
    const device = api.Device.parse(devices.deviceOf(index, nowMs))
    if (device.state === 'silent') return
    response.write(`id: ${nowMs}\nevent: device\ndata: ${JSON.stringify(device)}\n\n`)
  }
  send()
  const timer = setInterval(send, options.liveEveryMs ?? 2_000)
  request.on('close', () => clearInterval(timer))
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.json': 'application/json',
}

async function file(response: ServerResponse, build: string, path: string) {
  const wanted = extname(path) === '' ? 'index.html' : normalize(path)
  try {
    const bytes = await readFile(join(build, wanted))
    response.writeHead(200, {
      'content-type': TYPES[extname(wanted)] ?? 'application/octet-stream',
    })
    response.end(bytes)
  } catch {
    response.writeHead(404).end()
  }
}

/** Starts the stub; the caller closes the server. */
export async function startStub(options: StubOptions): Promise<Server> {
  const state: State = {
    signedIn: options.loginNeeded !== true,
    incident: false,
    alerts: alertsStub(options.alerts),
    notes: notesStub(),
    channels: channelsStub(options.channels),
    reports: reportsStub(options.reports),
  }
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://stub')
    if (url.pathname === '/api/v1/live' && state.signedIn) {
      stream(request, response, url, state, options)
    } else if (serveWall(url, response, options)) return
    else if (url.pathname.startsWith('/api/')) {
      void answer(request, url, state, options).then(({ status, body }) => {
        response.writeHead(status ?? 200, { 'content-type': 'application/json' })
        response.end(JSON.stringify(body))
      })
    } else void file(response, options.build, url.pathname)
  })
  await new Promise<void>((resolve) => server.listen(options.port, '127.0.0.1', resolve))
  return server
}

if (process.argv[1] === import.meta.filename) {
  const port = Number(process.argv[2] ?? 8099)
  await startStub({ port, nowMs: Date.now, build: join(import.meta.dirname, '../build') })
  console.log(`stub API and dashboard on http://127.0.0.1:${port}`)
}
