import { z } from 'zod'
import type { LoadShape } from '../../cli/load/layout.ts'
import { pause } from '../peers/server.ts'
import { type Generator, startGenerator } from './generator-process.ts'
import type { Made } from './generator-words.ts'
import {
  contentOf,
  oneOf,
  type Plane,
  type PlaneProcess,
  type PlaneUse,
  startPlane,
} from './plane.ts'

export interface OursOptions {
  readonly shape: LoadShape
  readonly stepMs: number
  /** Minutes of samples that are measured, each sent at once within itself. */
  readonly minutes: number
  readonly say: (line: string) => void
}

export interface OursResult {
  readonly versions: string
  /** Start of the measured window, epoch ms, and its end. */
  readonly fromMs: number
  readonly toMs: number
  /** By how much the samples' times are later than the instants their values were made for, ms. */
  readonly shiftMs: number
  /** Instants before it under which every device was met, epoch ms. */
  readonly warmMs: readonly number[]
  /** Values that are not null and are in the table, as SQL counted them. */
  readonly samples: number
  readonly rows: number
  /** Of the window, with settling and merging until both had come to rest. */
  readonly cpuS: Readonly<Record<PlaneProcess, number>>
  /** All processes, until the last row was stored, its minute settled, and the rest came: they add up to the whole. */
  readonly phases: { readonly storeS: number; readonly settleS: number; readonly mergeS: number }
  readonly wallS: number
  readonly publishS: number
  /** CPU of the plane while nothing arrived, of a core. */
  readonly idleCores: number
  readonly peakBytes: Readonly<Record<PlaneProcess, number>>
  readonly bytesOnDisk: number
  readonly allSamples: number
  readonly messageBytes: number
  readonly settledMinutes: number
  readonly restatedMinutes: number
}

const MINUTE_MS = 60_000
/**
 * A device enters capacity after ten minutes of samples (DEFINITIONS 1); these instants span eleven. As many as there
 * are minutes, so that ingest's code is compiled before it is measured, as it is in all but its first minute.
 */
const WARM_BEFORE_MS = Array.from({ length: 11 }, (_, index) => (11 - index) * MINUTE_MS)
/** Samples may be 60 s ahead of the log's clock, so a minute can be sent as soon as it has begun… */
const SEND_AFTER_MS = 40_000
/** …and not so late that settling begins before it is stored. */
const SEND_BEFORE_MS = 60_000
const IDLE_MS = 5000
const WAIT_MS = 180_000
/** How often the store is asked how far it is; each question is charged to it. */
const LOOK_MS = 500

/** Feeds the central plane and measures it; what it costs to start and to meet every device first does not count. */
export async function measureOurs(options: OursOptions): Promise<OursResult> {
  const { shape, stepMs, say } = options
  say('central plane: starting nats-server, engine, ingest')
  const plane = await startPlane()
  try {
    const generator = await startGenerator({ shape, natsUrl: plane.natsUrl, stepMs })
    try {
      const startMs = floorMinute(Date.now())
      const warmMs = WARM_BEFORE_MS.map((before) => startMs - before)
      say(`central plane: meeting ${shape.devices} devices`)
      const warm = await generator.prepare(warmMs)
      await generator.send(0)
      await until('the first samples', async () => (await plane.stored()).rows >= warm.rows)
      say('central plane: settling, and making the messages of the first minute')
      const first = await generator.prepare(ticksOf(startMs + MINUTE_MS, stepMs))
      await settledTo(plane, startMs)
      await plane.rest()
      const window = await feed({ ...options, plane, generator, warm, first, startMs })
      return { ...window, ...(await verify(plane, window)), ...facts(plane), warmMs }
    } finally {
      generator.stop()
    }
  } finally {
    await plane.stop()
  }
}

interface Feed extends OursOptions {
  readonly plane: Plane
  readonly generator: Generator
  readonly warm: Made
  /** Made for the minute after `startMs`. */
  readonly first: Made
  readonly startMs: number
}

/** Sends minute after minute, waits until the last one is settled and merged, and reads what that took. */
async function feed({ plane, generator, warm, first, startMs, ...options }: Feed) {
  const { stepMs, minutes, say } = options
  const idle = await idleCores(plane)
  const fromMs = await sendMinute()
  const [cpuBefore, wallBefore] = [cpuOf(plane.use()), performance.now()]
  let made = first
  let madeMs = startMs + MINUTE_MS
  let [rows, values, messageBytes, publishS] = [warm.rows, 0, 0, 0]
  for (let minute = 0; minute < minutes; minute++) {
    const minuteMs = fromMs + minute * MINUTE_MS
    await pause(Math.max(0, minuteMs + SEND_AFTER_MS - Date.now()))
    if (Date.now() > minuteMs + SEND_BEFORE_MS)
      throw new Error('this machine makes less than a minute of messages a minute: fewer --devices')
    publishS += await generator.send(minuteMs - madeMs)
    rows += made.rows
    values += made.values
    messageBytes += made.bytes
    await until('the samples', async () => (await plane.stored()).rows >= rows)
    say(`central plane: minute ${minute + 1} of ${minutes}: ${made.rows} rows stored`)
    if (minute + 1 === minutes) break
    madeMs = minuteMs + MINUTE_MS
    made = await generator.prepare(ticksOf(madeMs, stepMs))
  }
  const toMs = fromMs + minutes * MINUTE_MS
  const storedS = plane.cpuSeconds()
  say('central plane: waiting for its minutes to settle and its merges to end')
  await settledTo(plane, toMs)
  const settledS = plane.cpuSeconds()
  await plane.rest()
  const [cpuAfter, wallAfter] = [cpuOf(plane.use()), performance.now()]
  const cpuS = {
    'nats-server': cpuAfter['nats-server'] - cpuBefore['nats-server'],
    ingest: cpuAfter.ingest - cpuBefore.ingest,
    engine: cpuAfter.engine - cpuBefore.engine,
  }
  const [startS, endS] = [cpuBefore, cpuAfter].map((cpu) =>
    Object.values(cpu).reduce((sum, seconds) => sum + seconds, 0),
  )
  const phases = {
    storeS: storedS - (startS ?? 0),
    settleS: settledS - storedS,
    mergeS: (endS ?? 0) - settledS,
  }
  const wallS = (wallAfter - wallBefore) / 1000
  const shiftMs = fromMs - startMs - MINUTE_MS
  return {
    fromMs,
    toMs,
    values,
    shiftMs,
    cpuS,
    phases,
    wallS,
    publishS,
    messageBytes,
    idleCores: idle,
  }
}

/** Waits for the moment to send the next minute: CPU is counted from there on. Returns its start, epoch ms. */
async function sendMinute(): Promise<number> {
  const thisMs = floorMinute(Date.now())
  const minuteMs = Date.now() - thisMs < SEND_BEFORE_MS - 5000 ? thisMs : thisMs + MINUTE_MS
  await pause(Math.max(0, minuteMs + SEND_AFTER_MS - Date.now()))
  return minuteMs
}

async function idleCores(plane: Plane): Promise<number> {
  const before = plane.cpuSeconds()
  await pause(IDLE_MS)
  return (1000 * (plane.cpuSeconds() - before)) / IDLE_MS
}

const cpuOf = (use: PlaneUse) => ({
  'nats-server': use['nats-server'].cpuS,
  ingest: use.ingest.cpuS,
  engine: use.engine.cpuS,
})

/** No minute settles before its end: until then nobody is asked. */
async function settledTo(plane: Plane, untilMs: number): Promise<void> {
  await pause(Math.max(0, untilMs - Date.now()))
  await until('minutes to settle', async () => ((await plane.settledUntilMs()) ?? 0) >= untilMs)
}

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const endMs = Date.now() + WAIT_MS
  while (!(await holds())) {
    if (Date.now() > endMs) throw new Error(`waited ${WAIT_MS / 1000} s in vain for ${what}`)
    await pause(LOOK_MS)
  }
}

const integer = z.coerce.number()
const Bytes = z.object({ bytes: integer })
const Refused = z.object({ messages: integer })
const Revisions = z.object({ published: integer, minutes: integer })

/** Counts in the table what was fed; only that is a sample. */
async function verify(
  { store }: Plane,
  window: { readonly fromMs: number; readonly toMs: number; readonly values: number },
) {
  const { fromMs, toMs, values } = window
  const content = await contentOf(store, fromMs, toMs)
  if (content.rows !== content.once)
    throw new Error(`${content.rows} rows of ${content.once} samples: something was stored twice`)
  if (content.values !== values)
    throw new Error(`${values} samples were sent, ${content.values} are in the table`)
  const refused = await oneOf(store, Refused, 'SELECT count() AS messages FROM quarantine')
  if (refused.messages > 0) throw new Error(`${refused.messages} messages are in quarantine`)
  const all = await contentOf(store, 0, toMs)
  const { bytes } = await oneOf(
    store,
    Bytes,
    'SELECT sum(bytes_on_disk) AS bytes FROM system.parts WHERE active AND database = currentDatabase()',
  )
  const { published, minutes } = await oneOf(
    store,
    Revisions,
    `SELECT count() AS published, uniqExact(bucket) AS minutes FROM revisions
     WHERE resolution = '1m' AND bucket >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')
       AND bucket < fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')`,
    { from_ms: fromMs, to_ms: toMs },
  )
  return {
    samples: content.values,
    rows: content.rows,
    allSamples: all.values,
    bytesOnDisk: bytes,
    settledMinutes: minutes,
    restatedMinutes: published - minutes,
  }
}

function facts(plane: Plane) {
  const now = plane.use()
  return {
    versions: `nats-server ${plane.natsVersion}, engine ${plane.engineVersion}`,
    peakBytes: {
      'nats-server': now['nats-server'].peakRssBytes,
      ingest: now.ingest.peakRssBytes,
      engine: now.engine.peakRssBytes,
    },
  }
}

const floorMinute = (ms: number) => Math.floor(ms / MINUTE_MS) * MINUTE_MS

const ticksOf = (minuteMs: number, stepMs: number) =>
  Array.from({ length: MINUTE_MS / stepMs }, (_, tick) => minuteMs + tick * stepMs)
