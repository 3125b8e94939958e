import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { z } from 'zod'
import {
  childrenOf,
  type Plimsoll,
  startPlimsoll,
  tempFolder,
  until,
} from './cli/process.testing.ts'
import {
  type NumberedExporter,
  readSpool,
  sampleName,
  startNumberedExporter,
} from './cli/recorder.testing.ts'
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
  collector: 5,
  ingest: 4,
  'engine child': 2,
  // With its supervisor.
  engine: 2,
  nats: 3,
}
/** A batch is closed at most 2 s after its first row and spooled at once; the rest is a slow machine. */
const UNSPOOLED_MS = 3_500

let folder: Awaited<ReturnType<typeof tempFolder>>
let site: Site
let exporters: NumberedExporter[] = []
let engine: Plimsoll
let ingest: Plimsoll
let collector: Plimsoll
let home: string

beforeAll(async () => {
  folder = await tempFolder()
  site = await prepareSite(folder.path)
  engine = site.engine
  exporters = await Promise.all(
    Array.from({ length: EXPORTERS }, (_, index) => startNumberedExporter(`h1-n0${index}`, GPUS)),
  )
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

/** What must be in the end, gathered on the way. */
const seen = {
  collectorKilledAtMs: new Array<number>(),
  spooledMessages: new Set<string>(),
  spooledSamples: new Set<string>(),
}

async function noteSpool(): Promise<void> {
  const { messages, samples } = await readSpool(join(home, 'spool'))
  for (const name of messages) seen.spooledMessages.add(name)
  for (const name of samples) seen.spooledSamples.add(name)
}

async function killOne(victim: Victim): Promise<void> {
  if (victim === 'nats') return site.nats.kill()
  if (victim === 'ingest') return ingest.kill()
  if (victim === 'engine') return engine.kill()
  if (victim === 'engine child') {
    for (const pid of childrenOf(engine.pid)) process.kill(pid, 'SIGKILL')
    return
  }
  seen.collectorKilledAtMs.push(Date.now())
  await collector.kill()
  await noteSpool()
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

const Row = z.object({ key: z.string(), ts_ms: z.coerce.number(), number: z.coerce.number() })

async function storedSamples(): Promise<z.infer<typeof Row>[]> {
  const rows = await site.store.query(
    `SELECT canonical_key AS key, toUnixTimestamp64Milli(ts) AS ts_ms, pcie_replay_total AS number
     FROM samples
     LEFT JOIN (SELECT device_id, any(canonical_key) AS canonical_key FROM devices GROUP BY device_id) AS known
     ON known.device_id = samples.device_id`,
  )
  return z.array(Row).parse(rows)
}

const Stored = z.object({
  boot: z.string(),
  first_seq: z.coerce.number(),
  last_seq: z.coerce.number(),
  row_count: z.coerce.number(),
  lost: z.number(),
})

async function storedBatches(): Promise<z.infer<typeof Stored>[]> {
  return z
    .array(Stored)
    .parse(
      await site.store.query(
        'SELECT boot, first_seq, last_seq, row_count, lost FROM batches ORDER BY boot, first_seq',
      ),
    )
}

/** Overlaps and holes of what is stored of each boot. */
function unevenBoots(batches: readonly z.infer<typeof Stored>[]): string[] {
  const next = new Map<string, number>()
  return batches.flatMap(({ boot, first_seq, last_seq }) => {
    const expected = next.get(boot) ?? 1
    next.set(boot, last_seq + 1)
    return first_seq === expected ? [] : [`${boot}: ${expected} expected, ${first_seq} stored`]
  })
}

/** Answers that went out and are not in the store, by when they went out. */
function missingAnswers(samples: readonly z.infer<typeof Row>[]): number[] {
  const stored = new Set(samples.map(({ key, number }) => `${key} ${number}`))
  return exporters.flatMap(({ keys, sent }) =>
    [...sent].flatMap(([number, atMs]) =>
      keys.every((key) => stored.has(`${key} ${number}`)) ? [] : [atMs],
    ),
  )
}

async function drained(): Promise<void> {
  await until(
    'everything that was spooled to be stored',
    async () => {
      if (!ingest.isRunning()) ingest = site.startIngest()
      const batches = await storedBatches()
      const isStored = (name: string) => {
        const [boot = '', seq = ''] = name.split(' ')
        return batches.some(
          (batch) =>
            batch.boot === boot && batch.first_seq <= Number(seq) && Number(seq) <= batch.last_seq,
        )
      }
      return [...seen.spooledMessages].every(isStored)
    },
    45_000,
  )
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
  const [sigtermAtMs, code] = [Date.now(), await collector.stop()]
  expect(code).toBe(0)
  expect(collector.log()).toContain('left_in_spool=true')
  await noteSpool()
  for (const { exporter } of exporters) await exporter.stop()
  await site.nats.restart()
  ingest = site.startIngest()
  collector = startCollector()
  await drained()

  const [samples, batches] = [await storedSamples(), await storedBatches()]
  const names = samples.map(({ key, ts_ms, number }) => sampleName(key, ts_ms, number))
  const distinct = new Set(names)
  const cells = new Set(samples.map(({ key, ts_ms }) => `${key} ${ts_ms}`))
  const missing = missingAnswers(samples)
  const sent = exporters.reduce((sum, { sent: answers }) => sum + answers.size, 0)
  const boots = new Set(batches.map(({ boot }) => boot))
  console.log(
    `${kills} kill -9 (seed ${SEED}) and one SIGTERM: ${sent} answers of ${EXPORTERS} exporters with ${GPUS} GPUs, ` +
      `${samples.length} samples in ${cells.size} cells, ${distinct.size} distinct, ${boots.size} boots, ` +
      `${batches.length} stored ranges; ${missing.length} answers died with a collector before they were spooled`,
  )

  // Doubles nothing.
  expect(names.length).toBe(distinct.size)
  expect(unevenBoots(batches)).toEqual([])
  expect(batches.filter(({ lost }) => lost !== 0)).toEqual([])
  expect(batches.reduce((sum, { row_count }) => sum + row_count, 0)).toBe(samples.length)
  // A cell has two samples only where a collector was started anew within it and read again.
  const repeats = samples.length - cells.size
  expect(repeats).toBeLessThanOrEqual((boots.size - 1) * EXPORTERS * GPUS)
  // Loses nothing that was spooled.
  expect([...seen.spooledSamples].filter((name) => !distinct.has(name))).toEqual([])
  // What is missing was in the memory of a collector that was killed; SIGTERM loses nothing at all.
  const unexplained = missing.filter(
    (atMs) =>
      !seen.collectorKilledAtMs.some(
        (killed) => atMs <= killed + 50 && killed - atMs <= UNSPOOLED_MS,
      ),
  )
  expect(unexplained.map((atMs) => atMs - sigtermAtMs)).toEqual([])
  const refused = await site.store.query(
    'SELECT reason, count() AS n FROM quarantine GROUP BY reason',
  )
  expect(refused).toEqual([])
}, 180_000)
