import { lookup } from 'node:dns/promises'
import { readFile } from 'node:fs/promises'
import { type ClientRequest, type IncomingMessage, request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import type { LookupFunction, Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { AllowedHost } from '#schemas/alerts/config.ts'
import type { HttpAnswer, HttpRequest } from '../channels/channel.ts'
import { type Address, pinnedAddresses, type Resolve } from './address.ts'

/** Longest a receiver may take, connecting included. */
export const TIMEOUT_MS = 15_000
/** Of an answer more is not read. */
const ANSWER_MAX_BYTES = 65_536

/** How one channel reaches its receiver. */
export interface Route {
  /** The entry of the allow-list its host falls under; null = a vendor's own host. */
  readonly entry: AllowedHost | null
  readonly proxy?: string | undefined
  readonly caFile?: string | undefined
  readonly method?: 'POST' | 'GET'
  readonly timeoutMs?: number
}

/** Sends one request; rejects with an Error in words for a person when nobody answered. Redirects are not followed. */
export type Post = (request: HttpRequest, route: Route) => Promise<HttpAnswer>

/** Addresses of a name by the machine's resolver. */
export const resolveName: Resolve = async (hostname) =>
  (await lookup(hostname, { all: true })).map(({ address, family }) => ({
    address,
    family: family === 6 ? 6 : 4,
  }))

/** The real Post. A connection serves one request: none is kept that another name could be reached through. */
export function createPost(resolve: Resolve = resolveName): Post {
  return async (request, route) => {
    const url = new URL(request.url)
    const ca = route.caFile === undefined ? undefined : await readFile(route.caFile, 'utf8')
    const deadline = AbortSignal.timeout(route.timeoutMs ?? TIMEOUT_MS)
    const reach: Reach = { url, ca, deadline }
    try {
      const options =
        route.proxy === undefined
          ? {
              lookup: pinned(
                await withDeadline(pinnedAddresses(url.hostname, route.entry, resolve), deadline),
              ),
            }
          : { createConnection: await tunnel(reach, new URL(route.proxy)) }
      return await exchange(request, route, { ...reach, options })
    } catch (error) {
      throw deadline.aborted ? new Error('no answer in time', { cause: error }) : error
    }
  }
}

interface Reach {
  readonly url: URL
  readonly ca: string | undefined
  readonly deadline: AbortSignal
}

function withDeadline<T>(work: Promise<T>, deadline: AbortSignal): Promise<T> {
  return Promise.race([
    work,
    new Promise<never>((_, reject) => {
      deadline.addEventListener('abort', () => reject(new Error('no answer in time')), {
        once: true,
      })
    }),
  ])
}

/** Answers every look-up with what was checked. */
function pinned(addresses: readonly Address[]): LookupFunction {
  return (_, options, callback) => {
    const [first] = addresses
    if (first === undefined) callback(new Error('no address'), '', 4)
    else if (options.all === true) callback(null, [...addresses])
    else callback(null, first.address, first.family)
  }
}

/** A connection through an HTTP proxy, which then looks the name up; encrypted to the receiver itself. */
async function tunnel({ url, ca, deadline }: Reach, proxy: URL): Promise<() => Socket> {
  const isTls = url.protocol === 'https:'
  const authority = `${url.hostname}:${url.port === '' ? (isTls ? 443 : 80) : url.port}`
  const socket = await new Promise<Socket>((resolve, reject) => {
    const connecting = requestHttp({
      host: proxy.hostname.replace(/^\[|\]$/g, ''),
      port: proxy.port === '' ? 80 : Number(proxy.port),
      method: 'CONNECT',
      path: authority,
      headers: { host: authority },
      agent: false,
      signal: deadline,
    })
    connecting.once('connect', (answer, connection) => {
      if (answer.statusCode === 200) return resolve(connection)
      connection.destroy()
      reject(new Error(`the proxy refused: ${answer.statusCode ?? 0}`))
    })
    connecting.once('response', (answer) => {
      answer.destroy()
      reject(new Error(`the proxy refused: ${answer.statusCode ?? 0}`))
    })
    connecting.once('error', reject)
    connecting.end()
  })
  if (!isTls) return () => socket
  const secure = connectTls({
    socket,
    servername: url.hostname,
    ...(ca === undefined ? {} : { ca }),
  })
  return () => secure
}

function exchange(
  request: HttpRequest,
  route: Route,
  reach: Reach & {
    readonly options:
      | { readonly lookup: LookupFunction }
      | { readonly createConnection: () => Socket }
  },
): Promise<HttpAnswer> {
  const { url, ca, deadline, options } = reach
  const bytes = Buffer.from(request.body)
  const method = route.method ?? 'POST'
  const isTunnel = 'createConnection' in options
  const send = url.protocol === 'https:' && !isTunnel ? requestHttps : requestHttp
  return new Promise((resolve, reject) => {
    const outgoing: ClientRequest = send({
      protocol: url.protocol === 'https:' && !isTunnel ? 'https:' : 'http:',
      hostname: url.hostname.replace(/^\[|\]$/g, ''),
      port: url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port),
      path: `${url.pathname}${url.search}`,
      method,
      // A request over a tunnel takes its connection only where no agent is named.
      ...(isTunnel ? {} : { agent: false }),
      signal: deadline,
      headers: {
        host: url.host,
        'user-agent': 'Plimsoll',
        connection: 'close',
        ...request.headers,
        ...(method === 'POST' ? { 'content-length': String(bytes.length) } : {}),
      },
      ...(ca === undefined ? {} : { ca }),
      ...options,
    })
    outgoing.once('error', reject)
    outgoing.once('response', (answer) => {
      read(answer).then(resolve, reject)
    })
    outgoing.end(method === 'POST' ? bytes : undefined)
  })
}

async function read(answer: IncomingMessage): Promise<HttpAnswer> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of answer) {
    const bytes = Buffer.from(chunk)
    chunks.push(bytes)
    size += bytes.length
    if (size > ANSWER_MAX_BYTES) break
  }
  answer.destroy()
  return {
    status: answer.statusCode ?? 0,
    headers: Object.fromEntries(
      Object.entries(answer.headers).map(([name, value]) => [
        name,
        Array.isArray(value) ? value[0] : value,
      ]),
    ),
    body: Buffer.concat(chunks).toString('utf8', 0, ANSWER_MAX_BYTES),
  }
}
