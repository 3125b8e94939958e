import type { Agent, IncomingMessage } from 'node:http'
import * as https from 'node:https'
import { gunzip } from 'node:zlib'
import type { HttpResult } from './source.ts'
import { http } from './node-http.ts'

export interface GetLimits {
  readonly timeoutMs: number
  readonly maxBytes: number
}

/** HTTP reads of exporters and target lists; see createHost. */
export interface HttpReader {
  get(url: string, limits: GetLimits): Promise<HttpResult>
  stop(): void
}

/** Sockets to one exporter: a slow answer must not make us open more and more of them. */
const SOCKETS_PER_HOST = 2
/** Sockets in all: 6,250 exporters, all of them dead, stay within common file limits. */
const SOCKETS = 4096

/**
 * GET with connections that are kept. No redirects, no cookies, no proxies. Every answer is bounded in time
 * and bytes, before and after decompression; what the network did is a `failure`, never a throw.
 */
export function createHttpReader(): HttpReader {
  const pool = { keepAlive: true, maxSockets: SOCKETS_PER_HOST, maxTotalSockets: SOCKETS }
  const agents = { 'http:': new http.Agent(pool), 'https:': new https.Agent(pool) }
  return {
    async get(url, limits) {
      const parsed = URL.parse(url)
      if (parsed === null || (parsed.protocol !== 'http:' && parsed.protocol !== 'https:'))
        return noAnswer('failed')
      const deadlineMs = performance.now() + limits.timeoutMs
      const agent = agents[parsed.protocol]
      const first = await once(parsed, limits, agent)
      if (!first.isStale) return first.result
      // The exporter closed a kept connection in the moment we used it: that says nothing about it.
      const timeoutMs = Math.max(1, deadlineMs - performance.now())
      return (await once(parsed, { ...limits, timeoutMs }, agent)).result
    },
    stop() {
      for (const agent of Object.values(agents)) agent.destroy()
    },
  }
}

interface Attempt {
  readonly result: HttpResult
  /** The kept connection was dead before a byte of the answer came. */
  readonly isStale: boolean
}

function once(url: URL, limits: GetLimits, agent: Agent): Promise<Attempt> {
  return new Promise((resolve) => {
    const request = (url.protocol === 'https:' ? https : http).request(url, {
      agent,
      headers: { accept: 'text/plain, application/json, */*;q=0.5', 'accept-encoding': 'gzip' },
    })
    let settled = false
    const finish = (result: HttpResult, isStale = false) => {
      if (settled) return
      settled = true
      clearTimeout(timer)
      resolve({ result, isStale })
    }
    const timer = setTimeout(() => {
      finish(noAnswer('timeout'))
      request.destroy()
    }, limits.timeoutMs)
    request.on('error', (error) => {
      finish(noAnswer(failureOf(error)), request.reusedSocket && isReset(error))
    })
    request.on('response', (response) => {
      receive(response, limits.maxBytes, (result) => {
        finish(result)
        if (result.failure !== null) request.destroy()
      })
    })
    request.end()
  })
}

/** Takes an answer, bounded before and after decompression; calls back once or more, the first call counts. */
export function receive(
  response: IncomingMessage,
  maxBytes: number,
  answer: (result: HttpResult) => void,
): void {
  const status = response.statusCode ?? null
  const chunks: Uint8Array[] = []
  let bytes = 0
  const fail = (failure: HttpResult['failure']) =>
    answer({ status, body: Buffer.concat(chunks), failure })
  response.on('data', (chunk: Uint8Array) => {
    bytes += chunk.length
    if (bytes > maxBytes) fail('too_large')
    else chunks.push(chunk)
  })
  response.on('error', () => fail('closed_early'))
  response.on('aborted', () => fail('closed_early'))
  response.on('end', () => {
    if (!response.complete) return fail('closed_early')
    const [only] = chunks
    const body = only !== undefined && chunks.length === 1 ? only : Buffer.concat(chunks)
    if (response.headers['content-encoding'] !== 'gzip')
      return answer({ status, body, failure: null })
    gunzip(body, { maxOutputLength: maxBytes }, (error, plain) => {
      if (error === null) answer({ status, body: plain, failure: null })
      else fail(codeOf(error) === 'ERR_BUFFER_TOO_LARGE' ? 'too_large' : 'failed')
    })
  })
}

const RESETS = new Set(['ECONNRESET', 'EPIPE'])
const codeOf = (error: NodeJS.ErrnoException) => error.code ?? ''
/** The other side closed the connection. */
export const isReset = (error: Error) => RESETS.has(codeOf(error))

/** The cause of a network error, by its code. */
export function failureOf(error: NodeJS.ErrnoException): NonNullable<HttpResult['failure']> {
  const code = codeOf(error)
  if (code === 'ECONNREFUSED') return 'refused'
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN' || code === 'EAI_FAIL') return 'dns'
  if (code === 'ETIMEDOUT' || code === 'ESOCKETTIMEDOUT') return 'timeout'
  if (RESETS.has(code)) return 'closed_early'
  if (/^(ERR_TLS|ERR_SSL|CERT|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO|EPROTO)/.test(code)) return 'tls'
  return 'failed'
}

const noAnswer = (failure: NonNullable<HttpResult['failure']>): HttpResult => ({
  status: null,
  body: new Uint8Array(),
  failure,
})
