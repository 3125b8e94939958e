import type { Agent, IncomingMessage } from 'node:http'
import * as https from 'node:https'
import type { FieldFailure, FieldIo, FieldLimits, FieldRequest, FieldResponse } from './field-io.ts'
import { failureOf, isReset, receive } from './host-http.ts'
import { agentFor, sharedContexts, WrongCertificate } from './host-redfish-agent.ts'
import { createKeeper, type KeepLimits } from './host-redfish-keep.ts'
import { http } from './node-http.ts'

/** The `request` port of FieldIo over HTTP(S), and its end. */
export interface FieldRequester {
  readonly request: FieldIo['request']
  stop(): void
}

/** Calls that wait for the one under way to the same host; a further one is `busy`. */
const WAITING = 8
/** Hosts with a connection of their own; the one asked longest ago is let go. */
const HOSTS = 8192

interface Host {
  readonly agent: Agent
  readonly place: Place
  /** Settles with the call under way and those behind it; holds nothing of their answers. */
  last: Promise<void>
  waiting: number
}

/**
 * Requests over one kept connection per device, one at a time: a management controller has little memory and answers in
 * seconds. No redirects, no cookies, no proxies; bounded in time, which waiting counts towards, and in bytes. What the
 * network did is a `failure`, never a throw. With a fingerprint nothing is sent before the certificate was compared.
 */
export function createFieldRequester(limits: Partial<KeepLimits> = {}): FieldRequester {
  const hosts = new Map<string, Host>()
  const contextOf = sharedContexts()
  const keeper = createKeeper(limits)
  const hostOf = (origin: string, tls: FieldRequest['tls']): Host | null => {
    const name = `${origin} ${tls?.fingerprint ?? ''} ${tls?.ca ?? ''}`
    const known = hosts.get(name)
    const host = known ?? newHost(origin, tls)
    if (host === null) return null
    hosts.delete(name)
    hosts.set(name, host)
    if (known === undefined && hosts.size > HOSTS) dropOldest(hosts)
    return host
  }
  const newHost = (origin: string, tls: FieldRequest['tls']): Host | null => {
    const url = URL.parse(origin)
    if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) return null
    return {
      agent: keeper.watch(agentFor(url, tls, contextOf)),
      place: placeOf(url),
      last: Promise.resolve(),
      waiting: 0,
    }
  }
  return {
    async request(url, request, limits) {
      const [origin, path] = cut(url)
      const host = hostOf(origin, request.tls)
      if (host === null) return noAnswer('failed')
      if (host.waiting > WAITING) return noAnswer('busy')
      host.waiting++
      const deadlineMs = performance.now() + limits.timeoutMs
      const before = host.last
      const answer = before.then(() => ask({ host, path, request, limits, deadlineMs }))
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

/** Where the device is, in the words of node:http. */
interface Place {
  readonly isSecure: boolean
  readonly hostname: string
  readonly port: string
  /** The header of that name. */
  readonly host: string
}

const placeOf = ({ protocol, hostname, port, host }: URL): Place => ({
  isSecure: protocol === 'https:',
  hostname: hostname.replace(/^\[(.*)\]$/, '$1'),
  port,
  host,
})

/** An origin and a path that are written as URL would write them. */
const PLAIN = /^(https?:\/\/[a-z0-9.:[\]-]+)(\/(?:[\w~!$&()*+,;=:@?-]|\/(?![./])|\.(?![./]))*)$/

/** Origin and path of a URL. Taking one apart and putting it together again costs as much as a small answer (measured). */
function cut(url: string): readonly [origin: string, path: string] {
  const [, origin, path] = PLAIN.exec(url) ?? []
  if (origin !== undefined && path !== undefined) return [origin, path]
  const parsed = URL.parse(url)
  return parsed === null
    ? ['', '']
    : [`${parsed.protocol}//${parsed.host}`, parsed.pathname + parsed.search]
}

interface Call {
  readonly host: Host
  readonly path: string
  readonly request: FieldRequest
  readonly limits: FieldLimits
  readonly deadlineMs: number
}

async function ask(call: Call): Promise<FieldResponse> {
  if (call.deadlineMs - performance.now() < 1) return noAnswer('busy')
  const first = await once(call)
  // The device closed a kept connection in the moment we used it: that says nothing about it. A POST is not said twice.
  if (!first.isStale || call.request.method === 'POST') return first.response
  return (await once(call)).response
}

interface Attempt {
  readonly response: FieldResponse
  /** The kept connection was dead before a byte of the answer came. */
  readonly isStale: boolean
}

function once({ host, path, request, limits, deadlineMs }: Call): Promise<Attempt> {
  return new Promise((resolve) => {
    const { agent, place } = host
    const { isSecure, hostname, port } = place
    const sent = (isSecure ? https : http).request({
      agent,
      method: request.method,
      headers: headersFor(place, request),
      hostname,
      port,
      path,
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
    sent.end(request.body)
  })
}

/** As a list, which node:http writes as it is: of an object it keeps and checks each header by itself. */
function headersFor({ host }: Place, { headers, body }: FieldRequest): string[] {
  const list = ['host', host, 'accept', 'application/json', 'accept-encoding', 'gzip']
  for (const name in headers) list.push(name, headers[name] ?? '')
  if (body !== undefined) list.push('content-length', String(Buffer.byteLength(body)))
  return list
}

function headersOf({ headers }: IncomingMessage): Record<string, string> {
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
