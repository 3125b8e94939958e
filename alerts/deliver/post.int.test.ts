import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import { type AddressInfo, connect, createServer as createTcpServer, type Server } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { isAddressAllowed, pinnedAddresses } from './address.ts'
import { createPost } from './post.ts'

const open: Server[] = []
afterEach(async () => {
  await Promise.all(
    open.splice(0).map(async (server) => {
      server.close()
      if ('closeAllConnections' in server && typeof server.closeAllConnections === 'function')
        server.closeAllConnections()
      await once(server, 'close')
    }),
  )
})

async function listening(server: Server): Promise<number> {
  open.push(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}
const serve = (listener: RequestListener) => listening(createServer(listener))

const LOCAL = { host: 'receiver.test', networks: ['127.0.0.0/8'] }
const local = () => Promise.resolve([{ address: '127.0.0.1', family: 4 as const }])
const request = (port: number, body = '{}') => ({
  url: `http://receiver.test:${port}/in`,
  headers: { 'content-type': 'application/json', 'webhook-id': 'ntf_1' },
  body,
})

describe('a request', () => {
  it('carries its bytes and headers to the address that was checked', async () => {
    let got = ''
    const port = await serve((incoming, answer) => {
      incoming.setEncoding('utf8')
      incoming.on('data', (text: string) => (got += text))
      incoming.on('end', () => {
        got += ` ${String(incoming.headers['webhook-id'])} ${incoming.headers.host ?? ''}`
        answer.writeHead(202, { 'retry-after': '3' }).end('done')
      })
    })
    const answer = await createPost(local)(request(port, '{"a":"利用率"}'), { entry: LOCAL })
    expect(answer).toMatchObject({ status: 202, body: 'done' })
    expect(answer.headers['retry-after']).toBe('3')
    expect(got).toBe(`{"a":"利用率"} ntf_1 receiver.test:${port}`)
  })

  it('follows no redirect', async () => {
    let isAsked = false
    const other = await serve((_, answer) => {
      isAsked = true
      answer.end()
    })
    const port = await serve((_, answer) => {
      answer.writeHead(307, { location: `http://127.0.0.1:${other}/` }).end()
    })
    const answer = await createPost(local)(request(port), { entry: LOCAL })
    expect(answer.status).toBe(307)
    expect(isAsked).toBe(false)
  })

  it('asks a name once: one that changes between check and use leads nowhere else', async () => {
    let asked = 0
    const rebinding = () => {
      asked += 1
      return Promise.resolve([
        { address: asked === 1 ? '10.255.255.1' : '127.0.0.1', family: 4 as const },
      ])
    }
    const port = await serve((_, answer) => answer.end('reached'))
    const post = createPost(rebinding)
    const entry = { host: 'receiver.test' }
    await expect(post(request(port), { entry, timeoutMs: 300 })).rejects.toThrow()
    expect(asked).toBe(1)
    await expect(post(request(port), { entry })).rejects.toThrow(
      /127\.0\.0\.1, which the allow-list does not permit/,
    )
  })

  it('ends in time, and reads no endless answer', async () => {
    const silent = await serve(() => {})
    const post = createPost(local)
    await expect(post(request(silent), { entry: LOCAL, timeoutMs: 200 })).rejects.toThrow(
      'no answer in time',
    )
    const endless = await serve((_, answer) => {
      const more = () => {
        while (answer.write('x'.repeat(65_536)));
        answer.once('drain', more)
      }
      more()
    })
    const answer = await post(request(endless), { entry: LOCAL })
    expect(answer.body.length).toBeLessThanOrEqual(65_536)
    const reset = await listening(createTcpServer((socket) => socket.resetAndDestroy()))
    await expect(post(request(reset), { entry: LOCAL })).rejects.toThrow(
      /ECONNRESET|socket hang up/,
    )
  })

  it('goes through a proxy by CONNECT, which looks the name up', async () => {
    const port = await serve((_, answer) => answer.end('by proxy'))
    const asked: string[] = []
    const proxy = createServer()
    proxy.on('connect', (incoming, socket) => {
      asked.push(incoming.url ?? '')
      const onward = connect(port, '127.0.0.1', () => {
        socket.write('HTTP/1.1 200 Connection Established\r\n\r\n')
        onward.pipe(socket)
        socket.pipe(onward)
      })
    })
    const proxyPort = await listening(proxy)
    const never = () => Promise.reject(new Error('looked up here'))
    const route = { entry: LOCAL, proxy: `http://127.0.0.1:${proxyPort}` }
    const answer = await createPost(never)(request(80), route)
    expect(answer.body).toBe('by proxy')
    expect(asked).toEqual(['receiver.test:80'])
    const refuses = createServer()
    refuses.on('connect', (_, socket) => socket.end('HTTP/1.1 403 Forbidden\r\n\r\n'))
    const refusing = await listening(refuses)
    await expect(
      createPost(never)(request(80), { entry: LOCAL, proxy: `http://127.0.0.1:${refusing}` }),
    ).rejects.toThrow(/proxy refused/)
  })

  it('says which file of authorities cannot be read', async () => {
    const route = { entry: LOCAL, caFile: '/nowhere/ca.pem' }
    await expect(createPost(local)(request(1), route)).rejects.toThrow('/nowhere/ca.pem')
  })
})

describe('addresses', () => {
  it.each([
    ['169.254.169.254', 4, false],
    ['127.0.0.1', 4, false],
    ['0.0.0.0', 4, false],
    ['::1', 6, false],
    ['::ffff:127.0.0.1', 6, false],
    ['::ffff:a9fe:a9fe', 6, false],
    ['fe80::1', 6, false],
    ['224.0.0.1', 4, false],
    ['10.1.2.3', 4, true],
    ['192.168.0.9', 4, true],
    ['203.0.113.9', 4, true],
    ['fd12::9', 6, true],
  ] as const)('%s: %s', (address, family, allowed) => {
    expect(isAddressAllowed({ address, family }, { host: 'a.example' })).toBe(allowed)
  })

  it('of a name with networks are only those inside; one written out is meant', async () => {
    const entry = { host: 'a.example', networks: ['10.20.0.0/16'] }
    const both = () =>
      Promise.resolve([
        { address: '10.21.0.1', family: 4 as const },
        { address: '10.20.0.1', family: 4 as const },
      ])
    expect(await pinnedAddresses('a.example', entry, both)).toEqual([
      { address: '10.20.0.1', family: 4 },
    ])
    expect(isAddressAllowed({ address: '127.0.0.1', family: 4 }, { host: '127.0.0.1' })).toBe(true)
  })
})
