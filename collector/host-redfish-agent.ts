import { X509Certificate } from 'node:crypto'
import type { Agent } from 'node:http'
import * as https from 'node:https'
import type { Duplex } from 'node:stream'
import { connect, createSecureContext, type SecureContext, type TLSSocket } from 'node:tls'
import type { FieldRequest } from './field-io.ts'
import { http } from './node-http.ts'

/** The certificate is not the one that was named. */
export class WrongCertificate extends Error {}

const nothing = () => undefined

const POOL = { keepAlive: true, maxSockets: 1, maxFreeSockets: 1 } as const

/**
 * Without post-quantum key exchange, which OpenSSL 3.5 offers first: 1.2 kB more in the first message, a second key, and 10 kB of
 * each open connection (measured). No controller that speaks it is known to us.
 */
const CURVES = 'X25519:P-256:P-384:P-521'

/** One TLS context for all devices of an authority: one for each connection costs memory and time. */
export function sharedContexts(): (ca: string | undefined) => SecureContext {
  const contexts = new Map<string, SecureContext>()
  return (ca) => {
    const known = contexts.get(ca ?? '')
    if (known !== undefined) return known
    const context = createSecureContext({ ecdhCurve: CURVES, ...(ca === undefined ? {} : { ca }) })
    contexts.set(ca ?? '', context)
    return context
  }
}

/** The agent of one device: one connection, kept open after an answer. */
export function agentFor(
  url: URL,
  tls: FieldRequest['tls'],
  contextOf: (ca: string | undefined) => SecureContext,
): Agent {
  if (url.protocol === 'http:') return forOneHost(new http.Agent(POOL))
  // Sessions are kept by the agents below, each in a buffer of its own.
  const pool = { ...POOL, secureContext: contextOf(tls?.ca), maxCachedSessions: 0 }
  return forOneHost(
    tls?.fingerprint === undefined ? new SignedAgent(pool) : new PinnedAgent(tls.fingerprint, pool),
  )
}

/** Node names a connection by some twenty options, for each request; here all go to the same host in the same way. */
function forOneHost(agent: Agent): Agent {
  agent.getName = () => 'device'
  return agent
}

/** A copy that holds nothing else: Node cuts sessions from blocks of 64 kB, and each of them would keep a whole block. */
function ownCopy(session: Buffer): Buffer {
  const copy = Buffer.allocUnsafeSlow(session.length)
  session.copy(copy)
  return copy
}

/** Connects to a device whose certificate an authority signed. */
class SignedAgent extends https.Agent {
  /** What the device gave to shorten the next handshake. */
  #session: Buffer | null = null

  override createConnection(
    options: https.RequestOptions,
    handOver?: (error: Error | null, socket: Duplex) => void,
  ): Duplex | null | undefined {
    const session = this.#session
    const resumed = session === null ? options : { ...options, session }
    const socket = super.createConnection(resumed, handOver)
    socket?.on('session', (given: Buffer) => (this.#session = ownCopy(given)))
    socket?.on('error', () => (this.#session = null))
    return socket
  }
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
    super(pool)
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
    socket.on('session', (session) => (pin.session = ownCopy(session)))
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
