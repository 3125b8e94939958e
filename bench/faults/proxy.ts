import { createConnection, createServer, type Server, type Socket } from 'node:net'

/** What a way through the network does to what goes over it. */
export type LinkState =
  | { readonly kind: 'open' }
  /** Connections end at once and none is taken. */
  | { readonly kind: 'cut' }
  /** Nothing moves, nothing ends; what was sent arrives when it opens again, as TCP repeats it. */
  | { readonly kind: 'stalled' }
  /** What is sent is gone, and nobody is told; connections end when it opens again. */
  | { readonly kind: 'swallowed' }
  | { readonly kind: 'delayed'; readonly byMs: number }
  /** The reader takes so many bytes a second and lets the others wait. */
  | { readonly kind: 'slow'; readonly bytesPerSecond: number }

export interface Link {
  readonly host: string
  readonly port: number
  set(state: LinkState): void
  close(): Promise<void>
}

interface Pair {
  readonly client: Socket
  readonly server: Socket
  /** Lost bytes: what goes on over it would be torn. */
  isTorn: boolean
}

/** A slow reader takes something at least this often. */
const SLOW_MS_MAX = 5000

const HOST = '127.0.0.1'

/** Listens on a port and hands everything on to another, under the state it is in. */
export async function openLink(to: {
  readonly port: number
  readonly host?: string
  /** A socket file to listen on instead of a port; `port` is 0 then. */
  readonly listenPath?: string
}): Promise<Link> {
  const { port: targetPort, host: targetHost = HOST, listenPath } = to
  const pairs = new Set<Pair>()
  let state: LinkState = { kind: 'open' }
  const now = () => state
  const server = createServer((client) => {
    client.on('error', () => undefined)
    if (state.kind === 'cut') {
      reset(client)
      return
    }
    const upstream = createConnection({ host: targetHost, port: targetPort })
    const pair: Pair = { client, server: upstream, isTorn: false }
    pairs.add(pair)
    const end = () => {
      pairs.delete(pair)
      client.destroy()
      upstream.destroy()
    }
    for (const socket of [client, upstream]) {
      socket.setNoDelay(true)
      socket.on('error', end)
      socket.on('close', end)
    }
    carry(pair, client, upstream, now)
    carry(pair, upstream, client, now)
  })
  const port = await listen(server, listenPath)
  const reset = (socket: Socket) =>
    listenPath !== undefined ? socket.destroy() : socket.resetAndDestroy()
  const end = (pair: Pair) => {
    reset(pair.client)
    pair.server.resetAndDestroy()
  }
  return {
    host: HOST,
    port,
    set(next) {
      state = next
      for (const pair of pairs) {
        const isStill = next.kind === 'stalled'
        for (const socket of [pair.client, pair.server])
          if (isStill) socket.pause()
          else socket.resume()
        if (next.kind === 'cut' || (next.kind === 'open' && pair.isTorn)) end(pair)
      }
    },
    async close() {
      for (const pair of pairs) end(pair)
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** One direction of a connection: what waits for its time leaves in order, even when the delay is over. */
function carry(pair: Pair, from: Socket, to: Socket, now: () => LinkState): void {
  const held: { readonly chunk: Buffer; readonly dueMs: number }[] = []
  let isDraining = false
  const goOn = () => now().kind !== 'stalled' && from.resume()
  const write = (chunk: Buffer) => {
    if (to.destroyed || to.write(chunk) || isDraining) return
    isDraining = true
    from.pause()
    to.once('drain', () => {
      isDraining = false
      goOn()
    })
  }
  const release = () => {
    for (let first = held[0]; first !== undefined; first = held[0]) {
      const leftMs = first.dueMs - performance.now()
      if (leftMs > 0) {
        setTimeout(release, leftMs)
        return
      }
      held.shift()
      write(first.chunk)
    }
  }
  from.on('data', (chunk: Buffer) => {
    const state = now()
    if (state.kind === 'swallowed') {
      pair.isTorn = true
      return
    }
    if (state.kind === 'delayed' || held.length > 0) {
      const byMs = state.kind === 'delayed' ? state.byMs : 0
      held.push({ chunk, dueMs: Math.max(held.at(-1)?.dueMs ?? 0, performance.now() + byMs) })
      if (held.length === 1) setTimeout(release, byMs)
      return
    }
    write(chunk)
    if (state.kind !== 'slow') return
    from.pause()
    setTimeout(goOn, Math.min(SLOW_MS_MAX, (chunk.length / state.bytesPerSecond) * 1000))
  })
  if (now().kind === 'stalled') from.pause()
}

function listen(server: Server, path: string | undefined): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(path === undefined ? { port: 0, host: HOST } : { path }, () => {
      const address = server.address()
      resolve(typeof address === 'object' ? (address?.port ?? 0) : 0)
    })
  })
}
