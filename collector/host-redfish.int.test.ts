import { X509Certificate } from 'node:crypto'
import { createServer, type RequestListener, type Server } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createFieldRequester, type FieldRequester } from './host-redfish.ts'
import { selfSigned } from './sources/redfish/certificate.testing.ts'

const LIMITS = { timeoutMs: 1000, maxBytes: 1000 }
const GET = { method: 'GET', headers: {} } as const

let server: Server
let requester: FieldRequester
let listener: RequestListener = () => undefined
let url = ''
let connections = 0

beforeEach(async () => {
  connections = 0
  requester = createFieldRequester()
  server = createServer((request, response) => listener(request, response))
  server.on('connection', () => connections++)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  url = `http://127.0.0.1:${typeof address === 'object' ? (address?.port ?? 0) : 0}/redfish/v1`
})
afterEach(async () => {
  requester.stop()
  await new Promise<void>((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
})

describe('requests to one device', () => {
  it('go over one connection, one at a time, in the order they were made', async () => {
    let open = 0
    let most = 0
    const order: string[] = []
    listener = (request, response) => {
      most = Math.max(most, ++open)
      order.push(request.url ?? '')
      setTimeout(() => {
        open--
        response.end('{}')
      }, 10)
    }
    const paths = Array.from({ length: 8 }, (_, at) => `/${at}`)
    const got = await Promise.all(paths.map((path) => requester.request(url + path, GET, LIMITS)))
    expect(got.map(({ status }) => status)).toEqual(paths.map(() => 200))
    expect([most, connections]).toEqual([1, 1])
    expect(order).toEqual(paths.map((path) => `/redfish/v1${path}`))
  })

  it('a crowd is told that the device is busy, and a hung one takes the time of the call only', async () => {
    listener = () => undefined
    const startedMs = performance.now()
    const calls = Array.from({ length: 12 }, () =>
      requester.request(url, GET, { ...LIMITS, timeoutMs: 200 }),
    )
    const failures = (await Promise.all(calls)).map(({ failure }) => failure)
    expect(failures[0]).toBe('timeout')
    // Three too many are told at once; those that waited had no time left, or next to none.
    expect(failures.slice(9)).toEqual(['busy', 'busy', 'busy'])
    for (const failure of failures.slice(1, 9)) expect(['busy', 'timeout']).toContain(failure)
    expect(performance.now() - startedMs).toBeLessThan(900)
    listener = (_, response) => response.end('{}')
    expect((await requester.request(url, GET, LIMITS)).status).toBe(200)
  })

  it('carry method, headers and body; answers carry theirs', async () => {
    listener = (request, response) => {
      let body = ''
      request.on('data', (chunk: Buffer) => (body += chunk.toString()))
      request.on('end', () => {
        const said = `${request.method} ${String(request.headers['x-auth-token'])} ${body}`
        response.writeHead(201, { Location: '/redfish/v1/x' }).end(said)
      })
    }
    const request = { method: 'POST', headers: { 'x-auth-token': 't' }, body: '{"ö":1}' } as const
    const { status, headers, body } = await requester.request(url, request, LIMITS)
    expect([status, headers['location']]).toEqual([201, '/redfish/v1/x'])
    expect(new TextDecoder().decode(body)).toBe('POST t {"ö":1}')
  })

  it('are written as URL writes them, to the host that was named', async () => {
    const asked: string[] = []
    listener = (request, response) => {
      asked.push(`${String(request.headers.host)} ${request.url ?? ''}`)
      response.end('{}')
    }
    const { origin, host } = new URL(url)
    const paths = ['/a/../b c?x=1#y', '//a/./b', '/a?$expand=.($levels=1)', '/é', '/a.b/c..d', '']
    for (const path of paths)
      expect((await requester.request(origin + path, GET, LIMITS)).status).toBe(200)
    const written = paths.map((path) => new URL(origin + path))
    expect(asked).toEqual(written.map((one) => `${host} ${one.pathname}${one.search}`))
    expect(connections).toBe(1)
  })

  it('redirects are answers and not followed', async () => {
    const asked: string[] = []
    listener = (request, response) => {
      asked.push(request.url ?? '')
      response.writeHead(302, { location: 'http://127.0.0.1:1/other' }).end()
    }
    expect((await requester.request(url, GET, LIMITS)).status).toBe(302)
    expect(asked).toEqual(['/redfish/v1'])
  })

  it('answers are bounded, packed or not', async () => {
    listener = (_, response) => response.end('x'.repeat(2000))
    expect((await requester.request(url, GET, LIMITS)).failure).toBe('too_large')
    listener = (_, response) =>
      response.setHeader('content-encoding', 'gzip').end(gzipSync('x'.repeat(100_000)))
    expect((await requester.request(url, GET, LIMITS)).failure).toBe('too_large')
  })

  it('a kept connection that the device closed meanwhile is no failure, but a POST is not said twice', async () => {
    let posts = 0
    listener = (request, response) => {
      if (request.method === 'POST') {
        posts++
        request.socket.destroy()
      } else response.end('{}', () => setImmediate(() => request.socket.destroy()))
    }
    for (let at = 0; at < 5; at++)
      expect((await requester.request(url, GET, LIMITS)).failure).toBeNull()
    const post = { method: 'POST', headers: {}, body: '{}' } as const
    expect((await requester.request(url, post, LIMITS)).failure).toBe('closed_early')
    expect(posts).toBeLessThan(2)
  })

  it('nobody there, and what is no address, are failures', async () => {
    const nowhere = await requester.request('http://127.0.0.1:1/redfish/v1', GET, LIMITS)
    expect(nowhere.failure).toBe('refused')
    expect((await requester.request('ftp://device/', GET, LIMITS)).failure).toBe('failed')
  })
})

describe('connections that wait for the next read', () => {
  const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
  const host = (at: number) => url.replace('127.0.0.1', `127.0.0.${at}`)

  it('stay open as many as are allowed, the first ones; an end makes room for another', async () => {
    server.close()
    server.closeAllConnections()
    listener = (request, response) => {
      if (request.url?.endsWith('/end') === true) response.shouldKeepAlive = false
      response.end('{}')
    }
    await new Promise<void>((resolve) => server.listen(Number(new URL(url).port), resolve))
    const few = createFieldRequester({ kept: 2, keptMs: 5000, idleMs: 40 })
    const ask = async (at: number, path = '') => {
      const before = connections
      expect((await few.request(host(at) + path, GET, LIMITS)).status).toBe(200)
      return connections - before
    }
    for (const at of [1, 2, 3]) expect(await ask(at)).toBe(1)
    await pause(200)
    expect([await ask(1), await ask(2), await ask(3)]).toEqual([0, 0, 1])
    expect(await ask(1, '/end')).toBe(0)
    await pause(200)
    expect(await ask(3)).toBe(1)
    await pause(200)
    expect([await ask(3), await ask(2)]).toEqual([0, 0])
    few.stop()
  })
})

describe('connections that nobody uses', () => {
  /** A device with this certificate; tells whether each handshake went on from one before, and resolves ends of connections. */
  async function device(given: { readonly cert: string; readonly key: string }, port = 0) {
    const resumed: boolean[] = []
    let asked = 0
    let ended = Promise.withResolvers<void>()
    const secure = createSecureServer(given, (_, response) => {
      asked++
      response.end('{}')
    })
    secure.on('secureConnection', (socket) => {
      resumed.push(socket.isSessionReused())
      socket.on('close', () => ended.resolve())
      socket.on('error', () => undefined)
    })
    await new Promise<void>((resolve) => secure.listen(port, '127.0.0.1', resolve))
    const address = secure.address()
    return {
      resumed,
      asked: () => asked,
      port: typeof address === 'object' ? (address?.port ?? 0) : 0,
      async end() {
        await ended.promise
        ended = Promise.withResolvers()
      },
      stop: () =>
        new Promise<void>((resolve) => {
          secure.close(() => resolve())
          secure.closeAllConnections()
        }),
    }
  }

  it('go on from a session also where an authority signed the certificate, and not with another key', async () => {
    const own = selfSigned()
    const first = await device(own)
    const brief = createFieldRequester({ kept: 0, idleMs: 30 })
    const place = `https://127.0.0.1:${first.port}/redfish/v1`
    const ask = () => brief.request(place, { ...GET, tls: { ca: own.cert } }, LIMITS)
    for (let round = 0; round < 2; round++) {
      expect((await ask()).status).toBe(200)
      await first.end()
    }
    expect(first.resumed).toEqual([false, true])
    await first.stop()
    const other = await device(selfSigned(), first.port)
    expect((await ask()).failure).toBe('tls')
    expect(other.asked()).toBe(0)
    brief.stop()
    await other.stop()
  })

  it('are closed, and the next one goes on from the session of a device that was recognized', async () => {
    const own = selfSigned()
    const first = await device(own)
    const brief = createFieldRequester({ kept: 0, idleMs: 30 })
    const { fingerprint256: fingerprint } = new X509Certificate(own.cert)
    const place = `https://127.0.0.1:${first.port}/redfish/v1`
    const ask = () => brief.request(place, { ...GET, tls: { fingerprint } }, LIMITS)
    for (let round = 0; round < 3; round++) {
      expect((await ask()).status).toBe(200)
      await first.end()
    }
    expect(first.resumed).toEqual([false, true, true])
    await first.stop()

    const other = await device(selfSigned(), first.port)
    expect((await ask()).failure).toBe('tls')
    expect((await ask()).failure).toBe('tls')
    expect(other.asked()).toBe(0)
    brief.stop()
    await other.stop()
  })
})
