import { X509Certificate } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { SMALL_HEAP_FLAG } from '../../cli/collector-heap.ts'
import { useOf } from '../peers/proc.ts'
import { scratchFolder } from '../peers/scratch.ts'
import { pause } from '../peers/server.ts'
import { configOf, freePort } from './config.ts'
import { Ready } from './farm.ts'
import {
  COMMUNITY,
  COMMUNITY_ENV,
  KINDS,
  type Kind,
  PASSWORD,
  PASSWORD_ENV,
  troubleOf,
} from './fleet.ts'
import { type LineChild, startChild } from './lines.ts'
import { measureProduct } from './product.ts'
import {
  type Latency,
  metersOf,
  rounded,
  type Scene,
  type SceneResult,
  type Size,
  warmUpMs,
} from './scene.ts'
import { runTrials } from './trials.ts'

const READY_MS = 60_000

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
    return scene.isProduct
      ? await measureProduct(scene, size, { file, folder: folder.path })
      : await measure(scene, size, file, farms)
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
    await pause(warmUpMs(scene))
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
      meters: metersOf(counts),
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
