import { X509Certificate } from 'node:crypto'
import * as http from 'node:http'
import * as https from 'node:https'
import type { Duplex } from 'node:stream'
import { connect, createSecureContext, type SecureContext, type TLSSocket } from 'node:tls'
import type { FieldFailure, FieldIo, FieldLimits, FieldRequest, FieldResponse } from './field-io.ts'
import { failureOf, isReset, receive } from './host-http.ts'

/** The `request` port of FieldIo over HTTP(S), and its end. */
export interface FieldRequester {
  readonly request: FieldIo['request']
  stop(): void
}

/** Calls that wait for the one under way to the same host; a further one is `busy`. */
const WAITING = 8
/** Hosts with a connection of their own; the one asked longest ago is let go. */
const HOSTS = 8192

/**
 * A connection nobody used for this long is closed, ms. Kept are those of a fast lane; one that waits 30 s for its next read costs
 * 100 kB, a handshake 1 ms (measured), and many devices close sooner by themselves.
 */
const IDLE_MS = 5000

interface Host {
  readonly agent: http.Agent
  /** Settles with the call under way and those behind it; holds nothing of their answers. */
  last: Promise<void>
  waiting: number
}

/**
 * Requests over one kept connection per device, one at a time: a management controller has little memory and answers in
 * seconds. No redirects, no cookies, no proxies; bounded in time, which waiting counts towards, and in bytes. What the
 * network did is a `failure`, never a throw. With a fingerprint nothing is sent before the certificate was compared.
 */
export function createFieldRequester({ idleMs = IDLE_MS } = {}): FieldRequester {
  const hosts = new Map<string, Host>()
  const contextOf = sharedContexts()
  const hostOf = (url: URL, tls: FieldRequest['tls']): Host => {
    const name = `${url.protocol}//${url.host} ${tls?.fingerprint ?? ''} ${tls?.ca ?? ''}`
    const known = hosts.get(name)
    const host = known ?? {
      agent: agentFor(url, tls, { contextOf, idleMs }),
      last: Promise.resolve(),
      waiting: 0,
    }
    hosts.delete(name)
    hosts.set(name, host)
    if (known === undefined && hosts.size > HOSTS) dropOldest(hosts)
    return host
  }
  return {
    async request(url, request, limits) {
      const parsed = URL.parse(url)
      if (parsed === null || (parsed.protocol !== 'http:' && parsed.protocol !== 'https:'))
        return noAnswer('failed')
      const host = hostOf(parsed, request.tls)
      if (host.waiting > WAITING) return noAnswer('busy')
      host.waiting++
      const deadlineMs = performance.now() + limits.timeoutMs
      const before = host.last
      const answer = before.then(() =>
        ask({ url: parsed, request, limits, deadlineMs }, host.agent),
      )
      host.last = answer.then(nothing, nothing)
      return answer.finally(() => host.waiting--)
    },
    stop() {
      for (const { agent } of hosts.values()) agent.destroy()
      hosts.clear()
    },
  }
}

const nothing = () => undefined

function dropOldest(hosts: Map<string, Host>): void {
  for (const [name, host] of hosts) {
    if (host.waiting > 0) continue
    host.agent.destroy()
    hosts.delete(name)
    return
  }
}

interface Call {
  readonly url: URL
  readonly request: FieldRequest
  readonly limits: FieldLimits
  readonly deadlineMs: number
}

async function ask(call: Call, agent: http.Agent): Promise<FieldResponse> {
  if (call.deadlineMs - performance.now() < 1) return noAnswer('busy')
  const first = await once(call, agent)
  // The device closed a kept connection in the moment we used it: that says nothing about it. A POST is not said twice.
  if (!first.isStale || call.request.method === 'POST') return first.response
  return (await once(call, agent)).response
}

interface Attempt {
  readonly response: FieldResponse
  /** The kept connection was dead before a byte of the answer came. */
  readonly isStale: boolean
}

function once({ url, request, limits, deadlineMs }: Call, agent: http.Agent): Promise<Attempt> {
  return new Promise((resolve) => {
    const { method, body } = request
    const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }
    const headers = { accept: 'application/json', 'accept-encoding': 'gzip', ...request.headers }
    const sent = (url.protocol === 'https:' ? https : http).request(url, {
      agent,
      method,
      headers: { ...headers, ...length },
    })
    let settled = false
    const finish = (response: FieldResponse, isStale = false) => {
      if (settled) return
      settled = true
      clearTimeout(timer)
      resolve({ response, isStale })
    }
    const timer = setTimeout(
      () => {
        finish(noAnswer('timeout'))
        sent.destroy()
      },
      Math.max(1, deadlineMs - performance.now()),
    )
    sent.on('error', (error) => {
      const failure = error instanceof WrongCertificate ? 'tls' : failureOf(error)
      finish(noAnswer(failure), sent.reusedSocket && isReset(error))
    })
    sent.on('response', (response) => {
      receive(response, limits.maxBytes, (result) => {
        finish({ ...result, headers: headersOf(response) })
        if (result.failure !== null) sent.destroy()
      })
    })
    sent.end(body)
  })
}

function headersOf({ headers }: http.IncomingMessage): Record<string, string> {
  const named: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers))
    if (typeof value === 'string') named[name] = value
  return named
}

const noAnswer = (failure: FieldFailure): FieldResponse => ({
  status: null,
  body: new Uint8Array(),
  failure,
  headers: {},
})

class WrongCertificate extends Error {}

const POOL = { keepAlive: true, maxSockets: 1, maxFreeSockets: 1 } as const

/** One TLS context for all devices of an authority: one for each connection costs memory and time. */
function sharedContexts(): (ca: string | undefined) => SecureContext {
  const contexts = new Map<string, SecureContext>()
  return (ca) => {
    const known = contexts.get(ca ?? '')
    if (known !== undefined) return known
    const context = createSecureContext(ca === undefined ? {} : { ca })
    contexts.set(ca ?? '', context)
    return context
  }
}

interface AgentParts {
  readonly contextOf: (ca: string | undefined) => SecureContext
  readonly idleMs: number
}

function agentFor(
  url: URL,
  tls: FieldRequest['tls'],
  { contextOf, idleMs: timeout }: AgentParts,
): http.Agent {
  if (url.protocol === 'http:') return new http.Agent({ ...POOL, timeout })
  const secureContext = contextOf(tls?.ca)
  const pool = { ...POOL, timeout, secureContext }
  return tls?.fingerprint === undefined
    ? new https.Agent(pool)
    : new PinnedAgent(tls.fingerprint, pool)
}

/** The request may have given up by then; the handshake ends too, ms. */
const HANDSHAKE_MS = 15_000

/** Connects to a device that is known by the SHA-256 of its certificate, whoever signed it. */
class PinnedAgent extends https.Agent {
  readonly #pin: Pin

  constructor(
    fingerprint: string,
    pool: https.AgentOptions & { readonly secureContext: SecureContext },
  ) {
    // Sessions are kept here, and only of connections whose certificate was compared.
    super({ ...pool, maxCachedSessions: 0 })
    this.#pin = { fingerprint: plain(fingerprint), context: pool.secureContext, session: null }
  }

  /** The socket is handed over only once its certificate was compared: headers carry the password. */
  override createConnection(
    options: https.RequestOptions,
    handOver?: (error: Error | null, socket: Duplex) => void,
  ): undefined {
    const socket = pinnedSocket(this.#pin, options)
    compared(this.#pin, socket).then(
      () => handOver?.(null, socket),
      (error: Error) => handOver?.(error, socket),
    )
    return undefined
  }
}

interface Pin {
  readonly fingerprint: string
  readonly context: SecureContext
  /** What the device gave to shorten the next handshake: slow ones need a second for a whole one. */
  session: Buffer | null
}

function pinnedSocket(pin: Pin, options: https.RequestOptions): TLSSocket {
  const { context: secureContext, session } = pin
  return connect({
    host: options.host ?? 'localhost',
    port: Number(options.port ?? 443),
    rejectUnauthorized: false,
    secureContext,
    ...(session === null ? {} : { session }),
    ...(options.servername === undefined ? {} : { servername: options.servername }),
  })
}

/** Resolves once the certificate was compared. Leaves nothing behind on the socket but what keeps its sessions. */
function compared(pin: Pin, socket: TLSSocket): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const fail = (error: Error) => reject(error)
  const timer = setTimeout(() => socket.destroy(new Error('no handshake')), HANDSHAKE_MS)
  const closed = () => clearTimeout(timer)
  const secure = () => {
    clearTimeout(timer)
    socket.off('error', fail).off('close', closed)
    if (!isThePinned(pin, socket)) {
      pin.session = null
      socket.on('error', nothing)
      socket.destroy()
      return reject(new WrongCertificate('the certificate is another one'))
    }
    socket.on('session', (session) => (pin.session = session))
    return resolve()
  }
  socket.once('error', fail).once('close', closed).once('secureConnect', secure)
  return promise
}

/** A resumed session shows no certificate: its key is known to nobody but the device whose certificate was compared. */
function isThePinned({ fingerprint, session }: Pin, socket: TLSSocket): boolean {
  if (session !== null && socket.isSessionReused()) return true
  const raw = socket.getPeerCertificate().raw
  return raw !== undefined && plain(new X509Certificate(raw).fingerprint256) === fingerprint
}

const plain = (fingerprint: string) => fingerprint.replaceAll(/[^0-9A-Fa-f]/g, '').toUpperCase()
