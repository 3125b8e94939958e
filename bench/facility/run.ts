import { createSocket } from 'node:dgram'
import { X509Certificate } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { z } from 'zod'
import { SMALL_HEAP_FLAG } from '../../cli/collector-heap.ts'
import { useOf } from '../peers/proc.ts'
import { scratchFolder } from '../peers/scratch.ts'
import { pause } from '../peers/server.ts'
import { Ready } from './farm.ts'
import {
  addressOf,
  COMMUNITY,
  COMMUNITY_ENV,
  isCooling,
  KINDS,
  type Kind,
  nameOf,
  PASSWORD,
  PASSWORD_ENV,
  troubleOf,
  USER,
} from './fleet.ts'
import { type LineChild, startChild } from './lines.ts'
import { COOLING_PROFILE } from './snmp-profile.ts'
import { type Lane, runTrials } from './trials.ts'

/** One way to run the collector. */
export interface Scene {
  readonly name: string
  readonly intervalS: number
  readonly hasBad: boolean
  /** Traps and event subscriptions; without them changes are found by reading. */
  readonly tells: boolean
  /** Changes per protocol that are timed; 0 = none. */
  readonly trials: number
}

export interface Size {
  readonly counts: Readonly<Record<Kind, number>>
  readonly seconds: number
}

/** What one scene cost. Times in ms, memory in MB of 10^6 bytes. */
export interface SceneResult {
  readonly scene: string
  readonly meters: number
  readonly cpuPercentOfOneCore: number
  readonly peakMegabytes: number
  readonly rssMegabytes: number
  readonly okReads: number
  readonly failedReads: number
  readonly missedCells: number
  readonly soundFailed: number
  readonly latencyMs: readonly Latency[]
  readonly fastLane: readonly Lane[]
}

interface Latency {
  readonly sound: Kind
  readonly reads: number
  readonly p50: number
  readonly p99: number
  readonly max: number
}

const READY_MS = 60_000
/** Everything is looked for and read once; where fast points are read, the usual flow is known too (a minute of reads). */
const WARM_UP_S = { seldom: 45, often: 75 } as const

const Reads = z.object({
  reads: z.array(
    z.object({
      node: z.string(),
      ok: z.number(),
      failed: z.number(),
      tookMs: z.array(z.number()),
    }),
  ),
  missedCells: z.number(),
})

/** Starts farms and collector, waits until it runs evenly, and measures. */
export async function runFacility(scene: Scene, size: Size): Promise<SceneResult> {
  const folder = scratchFolder('facility')
  const ports = { traps: await freePort('udp'), events: await freePort('tcp') }
  const bad = scene.hasBad ? ['bad'] : []
  const farms: Record<Kind, LineChild> = {
    redfish: startChild(scriptOf('redfish-farm'), { args: bad }),
    snmp: startChild(scriptOf('snmp-farm'), {
      args: [String(size.counts.snmp), String(ports.traps), ...bad],
    }),
    modbus: startChild(scriptOf('modbus-farm'), { args: bad }),
  }
  try {
    const ready = await Promise.all(KINDS.map((kind) => farms[kind].next(Ready, READY_MS)))
    const [redfish, snmp, modbus] = ready.map(({ port }) => port)
    const cert = ready[0]?.cert ?? ''
    const file = join(folder.path, 'collector.json')
    const config = configOf(scene, size, {
      ...ports,
      redfish: redfish ?? 0,
      snmp: snmp ?? 0,
      modbus: modbus ?? 0,
      fingerprint: new X509Certificate(cert).fingerprint256,
    })
    writeFileSync(file, JSON.stringify({ ...config, spool: { directory: folder.path } }))
    return await measure(scene, size, file, farms)
  } finally {
    await Promise.all(Object.values(farms).map((farm) => farm.stop()))
    folder.remove()
  }
}

const scriptOf = (name: string) => join(import.meta.dirname, `${name}.ts`)

async function measure(
  scene: Scene,
  { counts, seconds }: Size,
  file: string,
  farms: Readonly<Record<Kind, LineChild>>,
): Promise<SceneResult> {
  // As bin/plimsoll starts it.
  const collector = startChild(scriptOf('collector'), {
    args: [file],
    flags: [SMALL_HEAP_FLAG],
    env: { MALLOC_ARENA_MAX: '1', [PASSWORD_ENV]: PASSWORD, [COMMUNITY_ENV]: COMMUNITY },
  })
  const ask = async (word: 'forget' | 'reads' | 'watch') => {
    collector.send({ ask: word })
    await collector.next(z.object({ done: z.literal(word) }), READY_MS)
  }
  try {
    await collector.next(z.object({ started: z.literal(true) }), READY_MS)
    await pause(1000 * (scene.tells ? WARM_UP_S.seldom : WARM_UP_S.often))
    await ask('forget')
    const before = useOf(collector.pid)
    const startedMs = performance.now()
    await pause(seconds * 1000)
    const tookMs = performance.now() - startedMs
    const after = useOf(collector.pid)
    const said = collector.next(Reads, READY_MS)
    await ask('reads')
    const { reads, missedCells } = await said
    const { sound, latencyMs } = latencies(reads, scene.hasBad)
    const fastLane =
      scene.trials === 0
        ? []
        : await ask('watch').then(() => runTrials(scene, counts, farms, collector))
    const sum = (of: (one: (typeof reads)[number]) => number) =>
      reads.reduce((total, one) => total + of(one), 0)
    return {
      scene: scene.name,
      meters: KINDS.reduce((total, kind) => total + counts[kind], 0),
      cpuPercentOfOneCore: rounded(((after.cpuS - before.cpuS) * 100_000) / tookMs),
      peakMegabytes: rounded(after.peakRssBytes / 1e6),
      rssMegabytes: rounded(after.rssBytes / 1e6),
      okReads: sum(({ ok }) => ok),
      failedReads: sum(({ failed }) => failed),
      missedCells,
      soundFailed: sound.reduce((total, { failed }) => total + failed, 0),
      latencyMs,
      fastLane,
    }
  } finally {
    await collector.stop()
  }
}

type Read = z.infer<typeof Reads>['reads'][number]

/** How long reads of devices took that nothing is wrong with. */
function latencies(reads: readonly Read[], hasBad: boolean) {
  const sound = reads.filter(
    ({ node }) => troubleOf(Number(node.split('-').at(-1)), hasBad) === 'none',
  )
  const latencyMs = KINDS.map((kind): Latency => {
    const took = sound
      .filter(({ node }) => node.startsWith(kind))
      .flatMap((one) => one.tookMs)
      .toSorted((a, b) => a - b)
    const at = (share: number) => rounded(took[Math.floor((took.length - 1) * share)] ?? 0)
    return { sound: kind, reads: took.length, p50: at(0.5), p99: at(0.99), max: at(1) }
  })
  return { sound, latencyMs }
}

interface Places {
  readonly redfish: number
  readonly snmp: number
  readonly modbus: number
  readonly traps: number
  readonly events: number
  readonly fingerprint: string
}

function configOf({ intervalS, tells }: Scene, { counts }: Size, places: Places) {
  const scheme = { redfish: 'https', snmp: 'snmp', modbus: 'modbus' } as const
  const section = (kind: Kind) => ({
    interval: `${intervalS}s`,
    full_every: '30s',
    targets: Array.from({ length: counts[kind] }, (_, index) => ({
      address: `${scheme[kind]}://${addressOf(kind, index)}:${places[kind]}`,
      meter: nameOf(kind, index),
    })),
  })
  const cooling = Array.from({ length: counts.modbus }, (_, index) => index)
    .filter(isCooling)
    .map((index) => nameOf('modbus', index))
  const events = `127.0.0.1:${places.events}`
  return {
    sources: {
      redfish: {
        ...section('redfish'),
        user: USER,
        password_env: PASSWORD_ENV,
        tls: { fingerprints: { '*': places.fingerprint } },
        ...(tells ? { events: { listen: events, public_url: `http://${events}/events` } } : {}),
      },
      snmp: {
        ...section('snmp'),
        community_env: COMMUNITY_ENV,
        profiles: [COOLING_PROFILE],
        ...(tells ? { traps: { listen: `127.0.0.1:${places.traps}` } } : {}),
      },
      modbus: {
        ...section('modbus'),
        map: 'energy-meter',
        devices: [{ targets: cooling, map: 'example-cdu' }],
      },
    },
  }
}

async function freePort(kind: 'udp' | 'tcp'): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>()
  if (kind === 'udp') {
    const socket = createSocket('udp4')
    socket.bind(0, '127.0.0.1', () => {
      const { port } = socket.address()
      socket.close(() => resolve(port))
    })
    return promise
  }
  const server = createServer()
  server.listen(0, '127.0.0.1', () => {
    const address = server.address()
    const port = address === null || typeof address === 'string' ? 0 : address.port
    server.close(() => resolve(port))
  })
  return promise
}

const rounded = (value: number) => Math.round(value * 10) / 10
