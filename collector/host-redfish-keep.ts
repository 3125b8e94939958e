import type { Agent } from 'node:http'
import type { Socket } from 'node:net'

/** How long connections that nobody uses stay open. */
export interface KeepLimits {
  /** Connections that stay open until the next read. */
  readonly kept: number
  /** Of those, ms: longer than the slowest usual cadence. */
  readonly keptMs: number
  /** Of any other one, ms: long enough for a fast lane. */
  readonly idleMs: number
}

/**
 * An open connection costs some 60 kB, opening one again 1 ms of CPU, also with a session of before (measured). As many are kept as a
 * collector of 2,000 meters has within 200 MB: the first ones, until they end. Closing the one that was used longest ago would close each
 * just before its turn. With 640 kept of 760 the others cost as much memory in handshakes as they save.
 */
const LIMITS: KeepLimits = { kept: 800, keptMs: 75_000, idleMs: 5000 }

/** Decides which connections stay open between reads. */
export interface Keeper {
  /** Watches the connections of an agent; returns it. */
  watch(agent: Agent): Agent
}

export function createKeeper(limits: Partial<KeepLimits> = {}): Keeper {
  const { kept, keptMs, idleMs } = { ...LIMITS, ...limits }
  const holders = new WeakSet<Socket>()
  let count = 0
  const holds = (socket: Socket): boolean => {
    if (holders.has(socket)) return true
    if (count >= kept) return false
    count++
    holders.add(socket)
    socket.once('close', () => count--)
    return true
  }
  return {
    watch(agent) {
      // The agent's own handler, which ran before, sets the time that the device asked for, or none.
      agent.on('free', (socket: Socket) => {
        if (socket.destroyed) return
        const ms = holds(socket) ? keptMs : idleMs
        const asked = socket.timeout ?? 0
        socket.setTimeout(asked === 0 ? ms : Math.min(ms, asked))
      })
      return agent
    },
  }
}
