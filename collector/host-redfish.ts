import * as http from 'node:http'
import * as https from 'node:https'
import type { FieldFailure, FieldIo, FieldLimits, FieldRequest, FieldResponse } from './field-io.ts'
import { failureOf, isReset, receive } from './host-http.ts'
import { agentFor, sharedContexts, WrongCertificate } from './host-redfish-agent.ts'
import { createKeeper, type KeepLimits } from './host-redfish-keep.ts'

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
export function createFieldRequester(limits: Partial<KeepLimits> = {}): FieldRequester {
  const hosts = new Map<string, Host>()
  const contextOf = sharedContexts()
  const keeper = createKeeper(limits)
  const hostOf = (url: URL, tls: FieldRequest['tls']): Host => {
    const name = `${url.protocol}//${url.host} ${tls?.fingerprint ?? ''} ${tls?.ca ?? ''}`
    const known = hosts.get(name)
    const host = known ?? {
      agent: keeper.watch(agentFor(url, tls, contextOf)),
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
    const { protocol, hostname, port, pathname, search } = url
    const sent = (protocol === 'https:' ? https : http).request({
      agent,
      method,
      headers: { ...headers, ...length },
      hostname: hostname.replace(/^\[(.*)\]$/, '$1'),
      port,
      path: pathname + search,
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
