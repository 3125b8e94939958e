import { cpuSeconds, type ProcessUse, useOf } from './proc.ts'
import type { PeerBlock } from './samples.ts'
import { pause, type ServerProcess } from './server.ts'

export type PeerProtocol = 'influx lines' | 'remote write' | 'native import'

/** One series of an answer: its labels, and [epoch s, value] pairs (one for an instant query). */
export interface PeerSeries {
  readonly metric: Readonly<Record<string, string>>
  readonly values: readonly (readonly [number, number])[]
}

export interface RangeQuery {
  readonly fromMs: number
  readonly toMs: number
  readonly stepMs: number
}

/** Bytes a peer keeps: its values, and what finds them (labels, postings). */
export interface PeerBytes {
  readonly data: number
  readonly index: number
}

/** A running VictoriaMetrics or Prometheus of Debian, with its data in a folder of its own. */
export interface Peer {
  readonly name: 'VictoriaMetrics' | 'Prometheus'
  /** Debian's package version. */
  readonly version: string
  readonly url: string
  readonly pid: number
  readonly protocols: readonly PeerProtocol[]
  /** A block as the body of one request. This is the caller's CPU, not the peer's. */
  encode(protocol: PeerProtocol, block: PeerBlock): Uint8Array
  /** Sends one body; rejects with the peer's words when it does not take it. */
  send(protocol: PeerProtocol, body: Uint8Array): Promise<void>
  /** PromQL at one instant. */
  query(text: string, atMs: number): Promise<PeerSeries[]>
  queryRange(text: string, range: RangeQuery): Promise<PeerSeries[]>
  /** Samples it has in [fromMs, toMs), asked by query. */
  count(fromMs: number, toMs: number): Promise<number>
  use(): ProcessUse
  /** What is in memory goes to disk; resolves when merges and CPU have come to rest. */
  settle(): Promise<void>
  /** Brings the data into the form it will keep for long (merged, or as a block) and measures it. */
  bytesOnDisk(): Promise<PeerBytes>
  /** Stops it and removes its data. */
  stop(): Promise<void>
}

/** Bodies on their way at once: enough to keep two cores busy. */
const IN_FLIGHT = 4
/** At rest: below this share of a core… */
const QUIET_SHARE = 0.05
/** …in this many looks, each so long, ms. */
const QUIET_LOOKS = 4
const LOOK_MS = 500
const QUIET_MAX_MS = 120_000

/** Sends bodies, several at a time; the time to make them is the caller's. */
export async function sendAll(
  peer: Pick<Peer, 'send'>,
  protocol: PeerProtocol,
  bodies: Iterable<Uint8Array>,
): Promise<void> {
  const iterator = bodies[Symbol.iterator]()
  const work = async () => {
    for (let next = iterator.next(); next.done !== true; next = iterator.next())
      await peer.send(protocol, next.value)
  }
  await Promise.all(Array.from({ length: IN_FLIGHT }, work))
}

/** Resolves when these processes use almost no CPU any more; rejects after two minutes of work. */
export async function untilQuiet(pids: readonly number[]): Promise<void> {
  const cpu = () => pids.reduce((total, pid) => total + cpuSeconds(pid), 0)
  const endMs = performance.now() + QUIET_MAX_MS
  let before = cpu()
  for (let quiet = 0; quiet < QUIET_LOOKS;) {
    await pause(LOOK_MS)
    const now = cpu()
    quiet = now - before < (QUIET_SHARE * LOOK_MS) / 1000 ? quiet + 1 : 0
    before = now
    if (performance.now() > endMs) throw new Error('it does not come to rest within two minutes')
  }
}

/** Posts a body; rejects with status and answer when it is not taken. */
export async function post(url: string, body: Uint8Array, headers: Record<string, string> = {}) {
  const response = await fetch(url, { method: 'POST', body: new Uint8Array(body), headers })
  const text = await response.text()
  if (!response.ok) throw new Error(`${url}: ${response.status} ${text.slice(0, 500)}`)
}

/** Gets a page; rejects when it is not 2xx. */
export async function get(url: string): Promise<string> {
  const response = await fetch(url)
  const text = await response.text()
  if (!response.ok) throw new Error(`${url}: ${response.status} ${text.slice(0, 500)}`)
  return text
}

/** What both peers share. */
export function peerBase(url: string, server: ServerProcess) {
  return { url, pid: server.pid, use: () => useOf(server.pid) }
}
