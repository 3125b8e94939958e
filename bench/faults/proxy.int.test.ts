import { once } from 'node:events'
import { createConnection, createServer, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Link, openLink } from './proxy.ts'

let link: Link
let stop: () => void
const open = new Set<Socket>()

beforeEach(async () => {
  const server = createServer((socket) => {
    open.add(socket)
    socket.on('error', () => undefined)
    socket.pipe(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  link = await openLink({ port: typeof address === 'object' ? (address?.port ?? 0) : 0 })
  stop = () => server.close()
})
afterEach(async () => {
  for (const socket of open) socket.destroy()
  open.clear()
  await link.close()
  stop()
})

async function dial() {
  const socket = createConnection({ host: link.host, port: link.port })
  open.add(socket)
  let heard = ''
  let isEnded = false
  socket.on('data', (bytes) => (heard += bytes.toString()))
  socket.on('close', () => (isEnded = true))
  socket.on('error', () => undefined)
  // A link that is cut ends it before it is connected.
  await Promise.race([once(socket, 'connect'), once(socket, 'close')]).catch(() => undefined)
  const waitFor = async (holds: () => boolean) => {
    const endMs = Date.now() + 2000
    while (Date.now() < endMs && !holds()) await sleep(5)
  }
  const hears = async (text: string) => {
    await waitFor(() => heard === text)
    return heard
  }
  const ends = async () => {
    await waitFor(() => isEnded)
    return isEnded
  }
  return { say: (text: string) => socket.write(text), hears, ends, heard: () => heard }
}

describe('a way through the proxy', () => {
  it('carries both directions while it is open', async () => {
    const { say, hears } = await dial()
    say('hello')
    expect(await hears('hello')).toBe('hello')
  })

  it('ends what there is and takes nothing new while it is cut', async () => {
    const { ends } = await dial()
    link.set({ kind: 'cut' })
    expect(await ends()).toBe(true)
    expect(await (await dial()).ends()).toBe(true)
  })

  it('holds everything back while it is stalled, and then gives it in order', async () => {
    const { say, hears, heard } = await dial()
    say('1')
    await hears('1')
    link.set({ kind: 'stalled' })
    say('2')
    await sleep(80)
    say('3')
    expect(heard()).toBe('1')
    link.set({ kind: 'open' })
    expect(await hears('123')).toBe('123')
  })

  it('loses what is sent while it swallows, and ends the torn connection afterwards', async () => {
    const { say, ends, heard } = await dial()
    link.set({ kind: 'swallowed' })
    say('lost')
    await sleep(80)
    expect(heard()).toBe('')
    link.set({ kind: 'open' })
    expect(await ends()).toBe(true)
  })

  it('delays without changing the order, also when the delay ends', async () => {
    const { say, hears } = await dial()
    link.set({ kind: 'delayed', byMs: 120 })
    say('a')
    await sleep(40)
    link.set({ kind: 'open' })
    say('b')
    expect(await hears('ab')).toBe('ab')
  })
})
