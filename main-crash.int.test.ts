import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import {
  childrenOf,
  type Plimsoll,
  startPlimsoll,
  tempFolder,
  until,
} from './cli/process.testing.ts'
import { createLossCheck, FAULTLESS, type LossCheck } from './cli/loss.testing.ts'
import { type NumberedExporter, startNumberedExporter } from './cli/recorder.testing.ts'
import { prepareSite, type Site } from './cli/site.testing.ts'

/**
 * kill -9 of every process in turn, in a random order that a seed repeats: exporters that number their
 * answers -> collector -> nats-server -> ingest -> engine.
 */

const SEED = Number(process.env['CRASH_SEED'] ?? 20_260_501)
const EXPORTERS = 4
const GPUS = 2
type Victim = 'collector' | 'ingest' | 'engine' | 'engine child' | 'nats'
const KILLS: Readonly<Record<Victim, number>> = {
  collector: 3,
  ingest: 3,
  'engine child': 1,
  // With its supervisor.
  engine: 1,
  nats: 2,
}
let folder: Awaited<ReturnType<typeof tempFolder>>
let site: Site
let exporters: NumberedExporter[] = []
let engine: Plimsoll
let ingest: Plimsoll
let collector: Plimsoll
let home: string
let check: LossCheck
const spool = () => join(home, 'spool')

beforeAll(async () => {
  folder = await tempFolder()
  site = await prepareSite(folder.path)
  engine = site.engine
  exporters = await Promise.all(
    Array.from({ length: EXPORTERS }, (_, index) => startNumberedExporter(`h1-n0${index}`, GPUS)),
  )
  check = createLossCheck(exporters)
  home = join(folder.path, 'collector')
  await mkdir(home)
  const targets = exporters.map(({ exporter }) => `'${exporter.target}'`).join(', ')
  await writeFile(
    join(home, 'collector.yaml'),
    `collector: crash\nsources:\n  dcgm-exporter: { interval: 1s, targets: [${targets}] }\n`,
  )
  ingest = site.startIngest()
  collector = startCollector()
})

afterAll(async () => {
  await collector?.kill()
  await site?.stop()
  for (const { exporter } of exporters) await exporter.stop()
  await folder?.remove()
})

function startCollector(): Plimsoll {
  const args = ['collector', '--config', join(home, 'collector.yaml'), '--data', home]
  return startPlimsoll(args, { env: site.env })
}

async function killOne(victim: Victim): Promise<void> {
  if (victim === 'nats') return site.nats.kill()
  if (victim === 'ingest') return ingest.kill()
  if (victim === 'engine') return engine.kill()
  if (victim === 'engine child') {
    for (const pid of childrenOf(engine.pid)) process.kill(pid, 'SIGKILL')
    return
  }
  check.killing()
  await collector.kill()
  await check.noteSpool(spool())
}

async function restart(victim: Victim): Promise<void> {
  if (victim === 'nats') await site.nats.restart()
  if (victim === 'engine') engine = await site.startEngine()
  if (victim === 'collector') collector = startCollector()
  // As a service manager does: what gave up because the bus was away is started again.
  if (victim === 'ingest' || !ingest.isRunning()) ingest = site.startIngest()
}

function victims(): Victim[] {
  const names = ['collector', 'ingest', 'engine', 'engine child', 'nats'] as const
  return names.flatMap((name) => Array.from({ length: KILLS[name] }, (): Victim => name))
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

/** mulberry32: the same sequence for the same seed. */
function randomOf(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

function shuffled<T>(list: readonly T[], random: () => number): T[] {
  return list
    .map((value) => ({ value, place: random() }))
    .toSorted((a, b) => a.place - b.place)
    .map(({ value }) => value)
}

it('kill -9 of collector, ingest and engine loses nothing that was spooled and doubles nothing', async () => {
  const random = randomOf(SEED)
  let kills = 0
  const order = shuffled(victims(), random)
  await collector.says(/collector started/)
  while (order.length > 0) {
    await pause(300 + random() * 2_000)
    // Now and then two at once.
    const hit = new Set(order.splice(0, random() < 0.3 ? 2 : 1))
    // Often a collector that has read something, now and then one that has only just begun.
    if (hit.has('collector') && random() < 0.8) await collector.says(/targets ok/)
    for (const victim of hit) await killOne(victim)
    kills += hit.size
    await pause(random() * 900)
    for (const victim of hit) await restart(victim)
  }
  await collector.says(/connected to the bus/)
  await pause(3_000)

  // The collector is asked to stop in the middle of its work, while its messages have nowhere to go.
  await Promise.all([ingest.kill(), site.nats.kill()])
  await pause(2_000)
  expect(await collector.stop()).toBe(0)
  expect(collector.log()).toContain('left_in_spool=true')
  await check.noteSpool(spool())
  for (const { exporter } of exporters) await exporter.stop()
  await site.nats.restart()
  ingest = site.startIngest()
  collector = startCollector()
  await until(
    'everything that was spooled to be stored',
    () => {
      if (!ingest.isRunning()) ingest = site.startIngest()
      return check.isDrained(site.store)
    },
    45_000,
  )

  const { counts, faults } = await check.verdict(site.store)
  console.log(`${kills} kill -9 (seed ${SEED}) and one SIGTERM: ${counts}`)
  expect(faults).toEqual(FAULTLESS)
  const refused = await site.store.query(
    'SELECT reason, count() AS n FROM quarantine GROUP BY reason',
  )
  expect(refused).toEqual([])
}, 180_000)
