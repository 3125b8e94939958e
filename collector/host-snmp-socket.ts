import { createSocket, type Socket, type SocketType } from 'node:dgram'

type Done = (error: Error | null) => void

/** What the SNMP library asks of a UDP socket. */
export interface GuardedSocket {
  on(event: 'message' | 'close' | 'error', listener: (...args: unknown[]) => void): void
  bind(port?: number, address?: string): void
  send(
    bytes: Buffer,
    offset: number,
    length: number,
    port: number,
    address: string,
    done: Done,
  ): void
  ref(): void
  unref(): void
  close(done?: () => void): void
  address(): unknown
}

export interface GuardWords {
  /** A datagram the library could not digest. */
  readonly onBad: () => void
  /** Whether this datagram is looked at at all. */
  readonly admit?: () => boolean
}

/**
 * A UDP socket between the SNMP library and the world. The library decodes what arrives inside the socket's own event and
 * throws at some malformed messages, which would end the process: here such a datagram is counted and forgotten.
 */
export function guardSocket(
  socket: Socket,
  { onBad, admit = () => true }: GuardWords,
): GuardedSocket {
  let isClosed = false
  // The library is given sockets that are connected already, or never are.
  const hasPeer = isConnected(socket)
  return {
    on(event, listener) {
      if (event !== 'message') {
        socket.on(event, listener)
        return
      }
      socket.on('message', (bytes, from) => {
        if (!admit()) return
        try {
          listener(bytes, from)
        } catch {
          onBad()
        }
      })
    },
    bind: (port, address) => void socket.bind(port, address),
    // A connected socket knows its only peer; an unconnected one is told.
    send: (bytes, _offset, _length, port, address, done) =>
      hasPeer ? socket.send(bytes, done) : socket.send(bytes, port, address, done),
    ref: () => void socket.ref(),
    unref: () => void socket.unref(),
    close(done) {
      if (isClosed) return
      isClosed = true
      socket.close(done)
    },
    address: () => socket.address(),
  }
}

function isConnected(socket: Socket): boolean {
  try {
    socket.remoteAddress()
    return true
  } catch {
    return false
  }
}

/** A socket that speaks with one peer only: datagrams from elsewhere do not reach it, and a closed port is told. */
export async function connectSocket(
  kind: SocketType,
  peer: { readonly address: string; readonly port: number },
): Promise<Socket> {
  const socket = createSocket(kind)
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  socket.once('error', reject)
  socket.connect(peer.port, peer.address, () => resolve())
  try {
    await promise
  } catch (error) {
    socket.close()
    throw error
  }
  socket.off('error', reject)
  socket.unref()
  return socket
}
