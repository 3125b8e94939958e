import {
  AuthProtocols,
  createSession,
  createV3Session,
  ObjectType,
  PrivProtocols,
  SecurityLevel,
  type Session,
  type User,
  type Varbind,
  Version,
} from 'net-snmp'
import type { FieldFailure, SnmpPeer, SnmpVariable } from './field-io.ts'
import { connectSocket, guardSocket } from './host-snmp-socket.ts'

/** A datagram may be lost: the question is asked again after this long, until the budget of the call is spent, ms. */
const RESEND_MS = 2000
const RESENDS = 29

/** SNMP error-status codes we tell apart (RFC 3416 section 3). */
const TOO_BIG = 1
const NO_SUCH_NAME = 2
const DENIED: ReadonlySet<number> = new Set([6, 16])

/** What one request brought. */
export interface Reply {
  /** One list per OID that was asked for. */
  readonly columns: readonly (readonly SnmpVariable[])[]
  readonly failure: FieldFailure | null
  /** Version 1: one of the OIDs does not exist. */
  readonly isNoSuchName: boolean
  /** The answer would not fit into one datagram. */
  readonly isTooBig: boolean
}

/** A kept conversation with one peer. Promises never reject. */
export interface OpenSession {
  get(oids: readonly string[]): Promise<Reply>
  next(oid: string): Promise<Reply>
  bulk(oids: readonly string[], repetitions: number): Promise<Reply>
  /** Whether something that is no SNMP has come since the last call of this. */
  sawGarbage(): boolean
  close(): void
}

/** Opens a session with a peer at an address. Rejects when the socket cannot be had. */
export async function openSession(
  peer: SnmpPeer,
  at: { readonly address: string; readonly family: 4 | 6 },
): Promise<OpenSession> {
  const kind = at.family === 6 ? 'udp6' : 'udp4'
  const socket = await connectSocket(kind, { address: at.address, port: peer.port })
  let garbage = 0
  const bad = () => void garbage++
  const dgramModule = { createSocket: () => guardSocket(socket, { onBad: bad }) }
  const session = createLibrarySession(peer, at.address, { transport: kind, dgramModule })
  session.on('error', bad)
  socket.on('error', (error) => session.cancelRequests(error))
  return {
    get: (oids) => ask((done) => session.get([...oids], done), oids.length),
    next: (oid) => ask((done) => session.getNext([oid], done), 1),
    bulk: (oids, repetitions) =>
      ask((done) => session.getBulk([...oids], 0, repetitions, done), oids.length),
    sawGarbage() {
      const saw = garbage > 0
      garbage = 0
      return saw
    },
    close: () => void session.close(),
  }
}

interface Transport {
  readonly transport: 'udp4' | 'udp6'
  readonly dgramModule: unknown
}

function createLibrarySession(peer: SnmpPeer, address: string, transport: Transport): Session {
  const common = { ...transport, port: peer.port, timeout: RESEND_MS, retries: RESENDS }
  if (peer.version !== '3')
    return createSession(address, peer.community ?? '', {
      ...common,
      version: Version[peer.version],
    })
  const context = peer.user?.context
  return createV3Session(address, libraryUser(peer.user), {
    ...common,
    ...(context === undefined ? {} : { context }),
  })
}

const AUTH = {
  sha: AuthProtocols.sha,
  sha256: AuthProtocols.sha256,
  sha512: AuthProtocols.sha512,
} as const
const PRIV = { aes: PrivProtocols.aes, aes256: PrivProtocols.aes256b } as const

/** A version 3 user in the library's words; its level follows from which keys there are. */
export function libraryUser(user: SnmpPeer['user']): User {
  if (user === undefined) return { name: '', level: SecurityLevel.noAuthNoPriv }
  const { name, auth, priv } = user
  if (auth === undefined) return { name, level: SecurityLevel.noAuthNoPriv }
  const signed = { name, authProtocol: AUTH[auth.protocol], authKey: auth.key }
  if (priv === undefined) return { ...signed, level: SecurityLevel.authNoPriv }
  return {
    ...signed,
    level: SecurityLevel.authPriv,
    privProtocol: PRIV[priv.protocol],
    privKey: priv.key,
  }
}

type Answered = (error: Error | null, varbinds?: (Varbind | Varbind[])[]) => void

function ask(send: (done: Answered) => void, expected: number): Promise<Reply> {
  return new Promise((resolve) => {
    const answer: Answered = (error, varbinds = []) => resolve(replyOf(error, varbinds, expected))
    try {
      send(answer)
    } catch {
      resolve(failed('failed'))
    }
  })
}

function replyOf(
  error: Error | null,
  varbinds: readonly (Varbind | Varbind[])[],
  expected: number,
): Reply {
  if (error === null) {
    const columns = varbinds
      .slice(0, expected)
      .map((one) => (Array.isArray(one) ? one.map(variableOf) : [variableOf(one)]))
    return { columns, failure: null, isNoSuchName: false, isTooBig: false }
  }
  const status = numberIn(error, 'status')
  if (error.name === 'RequestFailedError' || status !== null) {
    if (status === NO_SUCH_NAME) return { ...failed('failed'), isNoSuchName: true }
    if (status === TOO_BIG) return { ...failed('too_large'), isTooBig: true }
    return failed(status !== null && DENIED.has(status) ? 'not_permitted' : 'failed')
  }
  return failed(failureOf(error))
}

const failed = (failure: FieldFailure): Reply => ({
  columns: [],
  failure,
  isNoSuchName: false,
  isTooBig: false,
})

/** The library's code for a user, key or level that the agent refuses. */
const AUTH_FAILURE = 5

function failureOf(error: Error): FieldFailure {
  if (error.name === 'RequestTimedOutError') return 'timeout'
  if (error.name === 'ResponseInvalidError') {
    const code = numberIn(error, 'code')
    return code === AUTH_FAILURE || code === AUTH_FAILURE - 1 ? 'not_permitted' : 'garbage'
  }
  return 'code' in error && error.code === 'ECONNREFUSED' ? 'refused' : 'failed'
}

function numberIn(error: Error, key: 'status' | 'code'): number | null {
  const value: unknown = Reflect.get(error, key)
  return typeof value === 'number' ? value : null
}

const NUMBERS: ReadonlyMap<number | undefined, 'integer' | 'counter32' | 'gauge32' | 'timeticks'> =
  new Map([
    [ObjectType.Integer, 'integer'],
    [ObjectType.Counter, 'counter32'],
    [ObjectType.Gauge, 'gauge32'],
    [ObjectType.TimeTicks, 'timeticks'],
  ])

/** A variable as the library decoded it, in our words. What is no value of a known kind is `none`. */
export function variableOf({ oid, type, value }: Varbind): SnmpVariable {
  const kind = NUMBERS.get(type)
  if (kind !== undefined && typeof value === 'number')
    return { oid, value: { kind, number: value } }
  if (type === ObjectType.Counter64 && Buffer.isBuffer(value) && value.length <= 9)
    return { oid, value: { kind: 'counter64', number: unsigned(value) } }
  if ((type === ObjectType.OID || type === ObjectType.IpAddress) && typeof value === 'string')
    return { oid, value: { kind: type === ObjectType.OID ? 'oid' : 'text', text: value } }
  if (Buffer.isBuffer(value)) return { oid, value: octets(value) }
  return { oid, value: { kind: 'none' } }
}

const unsigned = (bytes: Buffer) => BigInt(`0x0${bytes.toString('hex')}`)

/** Octets that are readable text are text: UTF-8 without control characters, a closing NUL aside. */
function octets(bytes: Buffer): SnmpVariable['value'] {
  const whole = bytes.at(-1) === 0 ? bytes.subarray(0, -1) : bytes
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(whole)
    if (!/[\p{Cc}--[\t\r\n]]/v.test(text)) return { kind: 'text', text }
  } catch {
    // Not UTF-8: bytes then.
  }
  return { kind: 'bytes', bytes: Uint8Array.from(bytes) }
}
