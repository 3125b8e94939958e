import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import type { FieldFailure, FieldLimits, SnmpAnswer, SnmpIo, SnmpPeer } from './field-io.ts'
import type { OpenSession } from './host-snmp-session.ts'
import { type Collected, getAll, newCollected, walkAll } from './host-snmp-walk.ts'

/** A resolved name is asked for again after this long, ms. */
const ADDRESS_MS = 300_000
/** A session nobody used for this long is closed, ms. */
const IDLE_MS = 600_000

/** SNMP for the collector; see createHost. */
export interface SnmpHost extends SnmpIo {
  stop(): void
}

interface Address {
  readonly address: string
  readonly family: 4 | 6
  readonly atMs: number
}

interface Kept {
  readonly session: OpenSession
  usedMs: number
}

interface State {
  readonly sessions: Map<string, Kept>
  readonly addresses: Map<string, Address>
  /** Peers with a call under way. */
  readonly busy: Set<string>
  sweptMs: number
}

/**
 * SNMP over UDP: reads only, one session kept per peer and one call at a time, every answer bounded in time and size. With
 * its host-snmp-* files the only home of net-snmp, which is loaded when the first device is asked: a collector of a node
 * without meters does not carry its 10 MB.
 */
export function createSnmp(): SnmpHost {
  const state: State = {
    sessions: new Map(),
    addresses: new Map(),
    busy: new Set(),
    sweptMs: performance.now(),
  }
  return {
    get: (peer, oids, limits) =>
      call(state, peer, limits, (session, collected) =>
        getAll(session, oids, peer.version === '1', collected),
      ),
    walk: (peer, roots, limits) =>
      call(state, peer, limits, (session, collected) =>
        walkAll(session, roots, peer.version === '1', collected),
      ),
    async traps(listen, onTrap) {
      const { receiveTraps } = await import('./host-snmp-traps.ts')
      return receiveTraps(listen, onTrap)
    },
    addressOf: (host) => (isIP(host) > 0 ? host : (state.addresses.get(host)?.address ?? null)),
    stop() {
      for (const { session } of state.sessions.values()) session.close()
      state.sessions.clear()
    },
  }
}

type Work = (session: OpenSession, collected: Collected) => Promise<FieldFailure | null>

async function call(
  state: State,
  peer: SnmpPeer,
  limits: FieldLimits,
  work: Work,
): Promise<SnmpAnswer> {
  const place = `${peer.host} ${peer.port}`
  if (state.busy.has(place)) return { variables: [], failure: 'busy' }
  state.busy.add(place)
  const collected = newCollected(limits.maxBytes)
  const late = Promise.withResolvers<FieldFailure>()
  const budget = { isSpent: false }
  const timer = setTimeout(() => {
    budget.isSpent = true
    late.resolve('timeout')
  }, limits.timeoutMs)
  const key = sessionKey(peer)
  const tried = attempt(state, { peer, key }, budget, (session) => work(session, collected))
  try {
    const failure = await Promise.race([tried, late.promise])
    return { variables: [...collected.variables], failure: told(state, { peer, key }, failure) }
  } finally {
    clearTimeout(timer)
    state.busy.delete(place)
  }
}

/** A peer, and the key of its session. */
interface Called {
  readonly peer: SnmpPeer
  readonly key: string
}

async function attempt(
  state: State,
  { peer, key }: Called,
  budget: { readonly isSpent: boolean },
  work: (session: OpenSession) => Promise<FieldFailure | null>,
): Promise<FieldFailure | null> {
  const address = await resolve(state, peer.host)
  if (address === null) return 'dns'
  try {
    const kept = state.sessions.get(key) ?? { session: await open(peer, address), usedMs: 0 }
    // A name server that took all the time: nobody waits for this any more, and the next call has a session of its own.
    if (budget.isSpent) {
      if (state.sessions.get(key) !== kept) kept.session.close()
      return 'timeout'
    }
    kept.usedMs = performance.now()
    state.sessions.set(key, kept)
    sweep(state)
    return await work(kept.session)
  } catch (error) {
    const isRefused = error instanceof Error && 'code' in error && error.code === 'ECONNREFUSED'
    return isRefused ? 'refused' : 'failed'
  }
}

async function open(peer: SnmpPeer, address: Address): Promise<OpenSession> {
  const { openSession } = await import('./host-snmp-session.ts')
  return openSession(peer, address)
}

/**
 * A session that failed is not used again: an agent that was restarted has another engine time, and a question nobody
 * answered would go on being asked.
 */
function told(
  state: State,
  { peer, key }: Called,
  failure: FieldFailure | null,
): FieldFailure | null {
  const kept = state.sessions.get(key)
  const sawGarbage = kept?.session.sawGarbage() ?? false
  if (failure === null || failure === 'too_large') return failure
  state.sessions.delete(key)
  kept?.session.close()
  // Its name may have moved: asked for again, and kept until then, because traps are known by it.
  const address = state.addresses.get(peer.host)
  if (address !== undefined) state.addresses.set(peer.host, { ...address, atMs: -ADDRESS_MS })
  return failure === 'timeout' && sawGarbage ? 'garbage' : failure
}

async function resolve(state: State, host: string): Promise<Address | null> {
  const known = state.addresses.get(host)
  const nowMs = performance.now()
  if (known !== undefined && nowMs - known.atMs < ADDRESS_MS) return known
  try {
    const { address, family } = await lookup(host)
    const found: Address = { address, family: family === 6 ? 6 : 4, atMs: nowMs }
    state.addresses.set(host, found)
    return found
  } catch {
    // The name server may be away for a moment: what was known goes on.
    return known ?? null
  }
}

function sweep(state: State): void {
  const nowMs = performance.now()
  if (nowMs - state.sweptMs < IDLE_MS) return
  state.sweptMs = nowMs
  for (const [key, { session, usedMs }] of state.sessions)
    if (nowMs - usedMs > IDLE_MS) {
      session.close()
      state.sessions.delete(key)
    }
}

/** Everything that makes a session: another secret is another session. */
const sessionKey = ({ host, port, version, community, user }: SnmpPeer) =>
  `${host} ${port} ${version} ${user === undefined ? `community ${community ?? ''}` : JSON.stringify([community, user])}`
