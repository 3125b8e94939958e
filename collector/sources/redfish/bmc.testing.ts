import * as http from 'node:http'
import * as https from 'node:https'
import type { AddressInfo } from 'node:net'
import { isJson, type Json, word } from './json.ts'

/** How a simulated controller behaves; changed while it runs. */
export interface Manners {
  /** Before every answer, ms. */
  delayMs: number
  /** `hang`: takes the question and never answers. */
  trouble: 'none' | 'hang' | 'garbage' | 'half' | 'busy' | 'locked'
  /** Null = no login needed. */
  login: { user: string; password: string } | null
  /** Whether it has a session service. */
  hasSessions: boolean
  /** Questions a token is good for. */
  tokenUses: number
  expands: boolean
}

export interface Bmc {
  readonly url: string
  readonly manners: Manners
  tree: ReadonlyMap<string, Json>
  /** `GET /redfish/v1` and so on, as they came. */
  readonly asked: string[]
  readonly subscriptions: Map<string, Json>
  readonly sessions: Set<string>
  /** Connections opened so far. */
  connections(): number
  stop(): Promise<void>
}

const PLAIN: Manners = {
  delayMs: 0,
  trouble: 'none',
  login: null,
  hasSessions: true,
  tokenUses: Number.POSITIVE_INFINITY,
  expands: true,
}

/** A management controller on a port of this machine that serves a tree of resources, well or badly. */
export async function startBmc(
  tree: ReadonlyMap<string, Json>,
  manners: Partial<Manners> = {},
  tls?: { readonly cert: string; readonly key: string },
): Promise<Bmc> {
  const tokens = new Map<string, number>()
  let connections = 0
  const take: http.RequestListener = (request, response) => {
    bmc.asked.push(`${request.method} ${request.url}`)
    let body = ''
    request.on('data', (chunk: Buffer) => (body += chunk.toString('utf8')))
    request.on('end', () => {
      const later = () => answer({ bmc, tokens }, request, response, body)
      if (bmc.manners.delayMs === 0) later()
      else setTimeout(later, bmc.manners.delayMs).unref()
    })
  }
  const server = tls === undefined ? http.createServer(take) : https.createServer({ ...tls }, take)
  server.on('connection', () => connections++)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address: AddressInfo | string | null = server.address()
  const port = address === null || typeof address === 'string' ? 0 : address.port
  const bmc: Bmc = {
    url: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}/redfish/v1`,
    manners: { ...PLAIN, ...manners },
    tree,
    asked: [],
    subscriptions: new Map(),
    sessions: new Set(),
    connections: () => connections,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
  return bmc
}

interface Inside {
  readonly bmc: Bmc
  readonly tokens: Map<string, number>
}

const SESSIONS = '/redfish/v1/SessionService/Sessions'
const SUBSCRIPTIONS = '/redfish/v1/EventService/Subscriptions'

function answer(
  inside: Inside,
  request: http.IncomingMessage,
  response: http.ServerResponse,
  body: string,
): void {
  const { bmc } = inside
  const { trouble } = bmc.manners
  if (trouble === 'hang') return
  if (trouble === 'garbage') return void response.end('<html>please wait</html>')
  if (trouble === 'busy') return void response.writeHead(503, { 'retry-after': '1' }).end()
  if (trouble === 'half') {
    response.writeHead(200, { 'content-length': '1000' }).write('{"@odata')
    return void setImmediate(() => response.destroy())
  }
  const send = (status: number, json: Json = {}, headers: http.OutgoingHttpHeaders = {}) =>
    void response
      .writeHead(status, { 'content-type': 'application/json', ...headers })
      .end(JSON.stringify(json))
  const path = (request.url ?? '').split('?')[0]?.replace(/\/$/, '') ?? ''
  if (path === SESSIONS && request.method === 'POST') return openSession(inside, body, send)
  if (!isLetIn(inside, request)) return send(401)
  if (request.method === 'DELETE') {
    bmc.sessions.delete(path)
    bmc.subscriptions.delete(path)
    return send(204)
  }
  if (request.method === 'POST') return subscribe(inside, body, send)
  const found = resourceAt(bmc, path)
  if (found === undefined) return send(404)
  send(200, (request.url ?? '').includes('$expand') ? unfolded(bmc, found) : found)
}

type Send = (status: number, json?: Json, headers?: http.OutgoingHttpHeaders) => void

function openSession({ bmc, tokens }: Inside, body: string, send: Send): void {
  const { login, hasSessions, trouble, tokenUses } = bmc.manners
  if (!hasSessions) return send(404)
  const given: unknown = JSON.parse(body)
  const isRight =
    isJson(given) &&
    word(given, 'UserName') === login?.user &&
    word(given, 'Password') === login.password
  if (trouble === 'locked' || !isRight) return send(401)
  const token = `token-${tokens.size + 1}`
  tokens.set(token, tokenUses)
  const location = `${SESSIONS}/${tokens.size}`
  bmc.sessions.add(location)
  send(201, { '@odata.id': location }, { 'x-auth-token': token, location })
}

function isLetIn({ bmc, tokens }: Inside, request: http.IncomingMessage): boolean {
  const { login, hasSessions } = bmc.manners
  if (login === null) return true
  if (!hasSessions) {
    const basic = Buffer.from(`${login.user}:${login.password}`).toString('base64')
    return request.headers.authorization === `Basic ${basic}`
  }
  const token = String(request.headers['x-auth-token'] ?? '')
  const uses = tokens.get(token) ?? 0
  tokens.set(token, uses - 1)
  return uses > 0
}

function subscribe({ bmc }: Inside, body: string, send: Send): void {
  const given: unknown = JSON.parse(body)
  if (!isJson(given)) return send(400)
  const location = `${SUBSCRIPTIONS}/${bmc.subscriptions.size + 1}`
  bmc.subscriptions.set(location, { '@odata.id': location, ...given })
  send(201, {}, { location })
}

function resourceAt(bmc: Bmc, path: string): Json | undefined {
  if (path === SUBSCRIPTIONS)
    return { Members: [...bmc.subscriptions.keys()].map((at) => ({ '@odata.id': at })) }
  return bmc.subscriptions.get(path) ?? bmc.tree.get(path)
}

/** Members in place, where the controller does that. */
function unfolded(bmc: Bmc, list: Json): Json {
  const { Members: members } = list
  if (!bmc.manners.expands || !Array.isArray(members)) return list
  return {
    ...list,
    Members: members.map((member: unknown) =>
      isJson(member) ? (bmc.tree.get(word(member, '@odata.id')) ?? member) : member,
    ),
  }
}
