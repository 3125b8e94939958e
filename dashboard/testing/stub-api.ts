import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http'
import { join } from 'node:path'
import { z } from 'zod'
import * as api from '#schemas/api.ts'
import { CoverageAnswer } from '#schemas/api-nodes.ts'
import { DEFINITION_SET } from '#schemas/zones.ts'
import { type Answer, refusal } from './stub-answer.ts'
import { alertsStub, type AlertsStub, type StubAlerts } from './stub-alerts.ts'
import { channelsStub, type StubChannels } from './stub-channels.ts'
import { deviceAnswer, deviceList, nodeAnswer } from './stub-device-pages.ts'
import * as devices from './stub-devices.ts'
import { energyAt, ownersAt, pueAt, type StubFacility } from './stub-energy.ts'
import { jumpAt } from './stub-explore.ts'
import { fleetAnswer } from './stub-fleet-page.ts'
import { inventoryAt } from './stub-inventory.ts'
import { loopsAt } from './stub-loops.ts'
import { moneyAt } from './stub-jobs.ts'
import type { StubLoss } from './stub-loss.ts'
import { measuredAt } from './stub-measured.ts'
import { messagesAt } from './stub-messages.ts'
import * as nodes from './stub-nodes.ts'
import { notesStub, type NotesStub } from './stub-notes.ts'
import { nowAt, type StubForecast } from './stub-now.ts'
import { parsedOf } from './stub-parse.ts'
import { pipelineAt, type StubPipeline } from './stub-pipeline.ts'
import { reportsStub, type StubReports } from './stub-reports.ts'
import { sendFile, stream } from './stub-serve.ts'
import { auditAt, changedAt, settingsAt } from './stub-settings.ts'
import { treeAt } from './stub-tree.ts'
import { zonesAt } from './stub-zones.ts'
import { serveWall } from './stub-wall.ts'

/**
 * TEST ONLY. The built dashboard and an API that answers with made-up, schema-checked figures: for
 * looking at pages and for the browser test. The product serves the dashboard from query/.
 */

export interface StubOptions {
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
  if (path === 'utilization/sources') return { body: measuredAt(url.searchParams, nowMs) }
  if (path === 'zones') return { body: zonesAt(nowMs) }
  if (path === 'inventory') return { body: inventoryAt(url.searchParams, nowMs) }
  if (path.startsWith('settings/') && request.method === 'POST')
    return changedAt(await question.body(), nowMs)
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
  const ofFleet = fleetAnswer(path, url.searchParams, nowMs)
  if (ofFleet !== null) return ofFleet
  return refusal(404, 'E_NOT_FOUND', 'there is nothing at this address')
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks).toString('utf8')
}

/** Answers requests as the options say, with a state of its own: what a test changes ends with its listener. */
export function stubListener(options: StubOptions): RequestListener {
  const state: State = {
    signedIn: options.loginNeeded !== true,
    incident: false,
    alerts: alertsStub(options.alerts),
    notes: notesStub(),
    channels: channelsStub(options.channels),
    reports: reportsStub(options.reports),
  }
  return (request, response) => {
    const url = new URL(request.url ?? '/', 'http://stub')
    if (url.pathname === '/api/v1/live' && state.signedIn) {
      stream(request, response, url, {
        isIncident: () => state.incident,
        nowMs: options.nowMs,
        everyMs: options.liveEveryMs ?? 2_000,
      })
    } else if (serveWall(url, response, options)) return
    else if (url.pathname.startsWith('/api/')) {
      void answer(request, url, state, options).then(({ status, body }) => {
        response.writeHead(status ?? 200, { 'content-type': 'application/json' })
        response.end(JSON.stringify(body))
      })
    } else void sendFile(response, options.build, url.pathname)
  }
}

/** Starts the stub on a port, 0 = a free one; the caller closes the server. */
export async function startStub(options: StubOptions & { readonly port: number }): Promise<Server> {
  const server = createServer(stubListener(options))
  await new Promise<void>((resolve) => server.listen(options.port, '127.0.0.1', resolve))
  return server
}

if (process.argv[1] === import.meta.filename) {
  const port = Number(process.argv[2] ?? 8099)
  await startStub({ port, nowMs: Date.now, build: join(import.meta.dirname, '../build') })
  console.log(`stub API and dashboard on http://127.0.0.1:${port}`)
}
