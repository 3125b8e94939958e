import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type RequestListener, type Server } from 'node:http'
import { createServer as createTcpServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createHost, meteredIo, READ_BYTES } from './host.ts'
import { toolEnvironment } from './host-command.ts'

const limits = { timeoutMs: 2000, maxBytes: 1 << 20 }
const folder = mkdtempSync(join(tmpdir(), 'plimsoll-host-'))
const host = createHost({ ...process.env, PATH: `${folder}:${process.env.PATH}` })
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes)

function script(name: string, body: string): string {
  writeFileSync(join(folder, name), `#!/bin/sh\n${body}\n`)
  chmodSync(join(folder, name), 0o755)
  return name
}

afterAll(() => {
  host.stop()
  rmSync(folder, { recursive: true, force: true })
})

describe('running a tool', () => {
  it('returns what it printed and how it ended, without a shell and in English', async () => {
    const tool = script('says', 'echo "$1|$LC_ALL"; echo oops >&2; exit 3')
    const result = await host.run(tool, ['$(id);*'], limits)
    expect(text(result.stdout)).toBe('$(id);*|C\n')
    expect(text(result.stderr)).toBe('oops\n')
    expect(result).toMatchObject({ exitCode: 3, failure: null })
  })

  it('a tool that is missing, or may not be run, is a failure and no throw', async () => {
    writeFileSync(join(folder, 'plain'), 'no program')
    expect(await host.run('no-such-tool', [], limits)).toMatchObject({ failure: 'not_found' })
    expect(await host.run(join(folder, 'plain'), [], limits)).toMatchObject({
      failure: 'not_permitted',
    })
    expect(await host.hasCommand('no-such-tool')).toBe(false)
    expect(await host.hasCommand('plain')).toBe(false)
    expect(await host.hasCommand(script('there', 'true'))).toBe(true)
  })

  it('a call that cannot even be started is a failure, and the next one of the tool is not held up', async () => {
    const tool = script('starts', 'echo started')
    expect(await host.run(tool, ['a\u0000b'], limits)).toMatchObject({ failure: 'spawn_failed' })
    expect(await host.run(tool, [], limits)).toMatchObject({ failure: null, exitCode: 0 })
  })

  it('a hung tool that ignores SIGTERM answers in time and is killed with its children', async () => {
    const pidFile = join(folder, 'pid')
    const tool = script('hangs', `trap "" TERM; echo $$ > ${pidFile}; sleep 30 & wait; sleep 30`)
    const startedMs = performance.now()
    expect(await host.run(tool, [], { ...limits, timeoutMs: 300 })).toMatchObject({
      failure: 'timeout',
    })
    expect(performance.now() - startedMs).toBeLessThan(900)
    // While it is not gone, the next call answers within its own limit instead of starting another.
    expect(await host.run(tool, [], { ...limits, timeoutMs: 100 })).toMatchObject({
      failure: 'timeout',
    })
    await expect.poll(() => isAlive(pidFile), { timeout: 4000 }).toBe(false)
  })

  it('calls of one tool run one after the other', async () => {
    const tool = script(
      'takes-turns',
      `[ -e ${folder}/lock ] && exit 9; : > ${folder}/lock; sleep 0.1; rm ${folder}/lock`,
    )
    const results = await Promise.all([1, 2, 3].map(() => host.run(tool, [], limits)))
    expect(results.map((result) => result.exitCode)).toEqual([0, 0, 0])
  })

  it('endless output is cut and said to be too large', async () => {
    const result = await host.run(script('floods', 'yes plimsoll'), [], {
      ...limits,
      maxBytes: 4096,
    })
    expect(result.failure).toBe('too_large')
    expect(result.stdout.length).toBeLessThanOrEqual(4096)
  })

  it('our own secrets are not handed to vendor tools', () => {
    const seen = toolEnvironment({ PATH: '/bin', NATS_URL: 'x', PLIMSOLL_DATA: 'x', MY_TOKEN: 'x' })
    expect(seen).toEqual({ PATH: '/bin', LC_ALL: 'C' })
  })
})

function isAlive(pidFile: string): boolean {
  try {
    return process.kill(Number(readFileSync(pidFile, 'utf8')), 0)
  } catch {
    return false
  }
}

describe('reading a page', () => {
  let server: Server
  let base = ''
  const pages: Record<string, RequestListener> = {
    '/ok': (_, response) => response.end('fine'),
    '/gzip': (_, response) => {
      response.setHeader('content-encoding', 'gzip')
      response.end(gzipSync('x'.repeat(100_000)))
    },
    '/bomb': (_, response) => {
      response.setHeader('content-encoding', 'gzip')
      response.end(gzipSync(Buffer.alloc(32 << 20)))
    },
    '/broken-gzip': (_, response) => {
      response.setHeader('content-encoding', 'gzip')
      response.end('not gzip at all')
    },
    '/500': (_, response) => response.writeHead(500).end('internal server error'),
    '/half': (_, response) => {
      response.setHeader('content-length', '1000')
      response.write('half')
      setTimeout(() => response.destroy(), 50)
    },
    '/20MB': (_, response) => response.end(Buffer.alloc(20 << 20, 'x')),
    '/never': () => undefined,
    '/redirect': (_, response) => response.writeHead(302, { location: '/ok' }).end(),
  }

  beforeAll(async () => {
    server = createServer((request, response) => pages[request.url ?? '']?.(request, response))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    base = `http://127.0.0.1:${portOf(server)}`
  })
  afterAll(() => {
    server.closeAllConnections()
    server.close()
  })

  it('gives status and body, unpacked', async () => {
    expect(text((await host.get(`${base}/ok`, limits)).body)).toBe('fine')
    const packed = await host.get(`${base}/gzip`, limits)
    expect(packed).toMatchObject({ status: 200, failure: null })
    expect(packed.body.length).toBe(100_000)
    expect(await host.get(`${base}/500`, limits)).toMatchObject({ status: 500, failure: null })
    expect(await host.get(`${base}/redirect`, limits)).toMatchObject({ status: 302, failure: null })
  })

  it.each([
    ['/half', 'closed_early'],
    ['/20MB', 'too_large'],
    ['/bomb', 'too_large'],
    ['/broken-gzip', 'failed'],
  ])('%s is %s', async (path, failure) => {
    expect((await host.get(base + path, limits)).failure).toBe(failure)
  })

  it('a page that never comes times out', async () => {
    const startedMs = performance.now()
    expect((await host.get(`${base}/never`, { ...limits, timeoutMs: 200 })).failure).toBe('timeout')
    expect(performance.now() - startedMs).toBeLessThan(1500)
  })

  it('what the network did is a word, never a throw', async () => {
    expect((await host.get('http://127.0.0.1:1/metrics', limits)).failure).toBe('refused')
    expect((await host.get('http://no-such-host.invalid/', limits)).failure).toBe('dns')
    expect((await host.get('ftp://127.0.0.1/', limits)).failure).toBe('failed')
    expect((await host.get('not a url', limits)).failure).toBe('failed')
    expect((await host.get(base.replace('http:', 'https:'), limits)).failure).toBe('tls')
  })

  it('a kept connection that the exporter closed is opened again, not reported', async () => {
    let answers = 0
    const flaky = createTcpServer((socket) => {
      socket.on('error', () => socket.destroy())
      socket.on('data', () => {
        answers++
        // Every second request on the wire is answered by closing, as a server does at its idle limit.
        if (answers === 2) socket.destroy()
        else socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok')
      })
    })
    await new Promise<void>((resolve) => flaky.listen(0, '127.0.0.1', resolve))
    const url = `http://127.0.0.1:${portOf(flaky)}/metrics`
    expect(text((await host.get(url, limits)).body)).toBe('ok')
    expect(text((await host.get(url, limits)).body)).toBe('ok')
    expect(answers).toBe(3)
    flaky.close()
  })

  it('one read of a source is capped and its bytes are counted', async () => {
    const meter = { bytes: 0 }
    const io = meteredIo(host, meter)
    await io.get(`${base}/ok`, limits)
    expect(meter.bytes).toBe(4)
    const big = await io.get(`${base}/20MB`, { ...limits, maxBytes: 64 << 20 })
    expect(big.failure).toBe('too_large')
    expect(meter.bytes).toBeLessThanOrEqual(READ_BYTES + 4)
  })
})

function portOf(server: { address(): unknown }): number {
  const address = server.address()
  if (address !== null && typeof address === 'object' && 'port' in address)
    return Number(address.port)
  throw new Error('the test server has no port')
}
