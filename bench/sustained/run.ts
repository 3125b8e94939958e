import type { LoadShape } from '../../cli/load/layout.ts'
import { type Generator, startGenerator } from '../ingest/generator-process.ts'
import { type Made, NOTHING_MADE } from '../ingest/generator-words.ts'
import { contentOf, type Plane, type PlaneProcess, startPlane } from '../ingest/plane.ts'
import { pause } from '../peers/server.ts'

export interface SustainedOptions {
  readonly shape: LoadShape
  readonly stepMs: number
  readonly minutes: number
  readonly ingestArgs: readonly string[]
  readonly say: (line: string) => void
}

/** CPU of a core and memory of each process over a stretch of time. */
export type Shares = Readonly<Record<PlaneProcess, number>>

export interface SustainedResult {
  readonly devices: number
  readonly stepMs: number
  readonly seconds: number
  readonly sent: Made
  readonly rowsInTable: number
  /** Different (device, time) in the table: equal to both others when each sample is there exactly once. */
  readonly rowsOnce: number
  readonly valuesInTable: number
  readonly cpuS: Shares
  /** The same over the whole window, cores in all. */
  readonly cores: number
  readonly idleCores: number
  /** From the end of a sample's cell to its presence in the table, of the collector that is furthest behind. */
  readonly lagMaxMs: number
  readonly lagP99Ms: number
  readonly lagMaxMessages: number
  /** The same from the sample's own time: one interval more. */
  readonly sampleAgeMaxMs: number
  readonly settledAgeMaxMs: number
  readonly peakBytes: Shares
  /** How late the generator itself was at most, ms: what it adds is not the pipeline's. */
  readonly generatorLateMs: number
  readonly generatorCores: number
}

const MINUTE_MS = 60_000
const REPORT_MS = 10_000
const LOOK_MS = 1000
/** A whole minute: within it one is settled, of devices that all are silent. */
const IDLE_MS = 60_000
/** As in bench/ingest: what brings every device into capacity. */
const WARM_BEFORE_MS = [11 * MINUTE_MS, 6 * MINUTE_MS, MINUTE_MS]
/** Instants that are made ahead and repeated; counters begin anew with each lap. */
const LAP_MS = { fast: 20_000, slow: MINUTE_MS }
const WAIT_MS = 300_000

/** Feeds a central plane at the true rate and watches it. */
export async function runSustained(options: SustainedOptions): Promise<SustainedResult> {
  const { shape, stepMs, ingestArgs, say } = options
  say(`starting the central plane for ${shape.devices} devices`)
  const plane = await startPlane({ ingestArgs })
  try {
    const generator = await startGenerator({ shape, natsUrl: plane.natsUrl, stepMs })
    try {
      return await feed(options, plane, generator)
    } finally {
      generator.stop()
    }
  } finally {
    await plane.stop()
  }
}

async function feed(options: SustainedOptions, plane: Plane, generator: Generator) {
  const { shape, stepMs, minutes, say } = options
  const startMs = Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS
  const warm = await generator.prepare(WARM_BEFORE_MS.map((before) => startMs - before))
  await generator.send(0)
  await until('the first samples', async () => (await plane.stored()).rows >= warm.rows)
  await until('capacity', async () => ((await plane.settledUntilMs()) ?? 0) >= startMs)
  say('making messages, then measuring what it costs when nothing arrives')
  const lapMs = stepMs < 10_000 ? LAP_MS.fast : LAP_MS.slow
  await generator.prepare(
    Array.from({ length: lapMs / stepMs }, (_, tick) => startMs + tick * stepMs),
  )
  await plane.rest()
  const idleBefore = plane.cpuSeconds()
  await pause(IDLE_MS)
  const idleCores = (1000 * (plane.cpuSeconds() - idleBefore)) / IDLE_MS
  const fromMs = Math.ceil((Date.now() + 500) / stepMs) * stepMs
  const toMs = fromMs + minutes * MINUTE_MS
  const before = plane.use()
  const generatorBefore = generator.cpuSeconds()
  const progress = { sent: NOTHING_MADE, lateMs: 0 }
  const watching = watch(plane, { ...options, fromMs, warm, progress })
  const sent = await generator.replay({ fromMs, toMs }, (now, lateMs) => {
    progress.sent = now
    progress.lateMs = Math.max(progress.lateMs, lateMs)
  })
  const generatorCores = (1000 * (generator.cpuSeconds() - generatorBefore)) / (Date.now() - fromMs)
  const seen = await watching.stop()
  const seconds = (Date.now() - fromMs) / 1000
  const after = plane.use()
  await until('all rows', async () => (await plane.stored()).rows >= warm.rows + sent.rows)
  say('waiting for the last minutes to settle')
  const lastMinuteMs = Math.floor(toMs / MINUTE_MS) * MINUTE_MS
  await until('minutes', async () => ((await plane.settledUntilMs()) ?? 0) >= lastMinuteMs)
  const content = await contentOf(plane.store, fromMs, toMs)
  const cpuS = sharesOf((name) => after[name].cpuS - before[name].cpuS)
  return {
    devices: shape.devices,
    stepMs,
    seconds,
    sent,
    rowsInTable: content.rows,
    rowsOnce: content.once,
    valuesInTable: content.values,
    cpuS,
    cores: sumOf(cpuS) / seconds,
    idleCores,
    ...seen,
    peakBytes: sharesOf((name) => plane.use()[name].peakRssBytes),
    generatorLateMs: progress.lateMs,
    generatorCores,
  }
}

interface Watched extends SustainedOptions {
  readonly fromMs: number
  readonly warm: Made
  readonly progress: { readonly sent: Made; readonly lateMs: number }
}

/** Looks every second, says every ten how it goes. */
function watch(plane: Plane, { fromMs, stepMs, warm, progress, say }: Watched) {
  const lags: number[] = []
  const found = { lagMaxMessages: 0, settledAgeMaxMs: 0, sampleAgeMaxMs: 0 }
  const over = new AbortController()
  const looking = (async () => {
    let last = { atMs: fromMs, rows: warm.rows, use: plane.use() }
    let worst = { lagMs: 0, messages: 0 }
    while (!over.signal.aborted) {
      await pause(LOOK_MS)
      if (over.signal.aborted || Date.now() < fromMs + 2 * stepMs + 3000) continue
      const stored = await plane.stored()
      const ageMs = stored.newest_ms === null ? 0 : Date.now() - stored.newest_ms
      // A sample bears the start of its cell, and nodes are read throughout the cell.
      const lagMs = Math.max(0, ageMs - stepMs)
      found.sampleAgeMaxMs = Math.max(found.sampleAgeMaxMs, ageMs)
      const messages = progress.sent.messages + warm.messages - stored.messages
      lags.push(lagMs)
      worst = { lagMs: Math.max(worst.lagMs, lagMs), messages: Math.max(worst.messages, messages) }
      found.lagMaxMessages = Math.max(found.lagMaxMessages, messages)
      const seconds = (Date.now() - last.atMs) / 1000
      if (seconds * 1000 < REPORT_MS) continue
      const { rows } = stored
      const age = Date.now() - ((await plane.settledUntilMs()) ?? 0)
      found.settledAgeMaxMs = Math.max(found.settledAgeMaxMs, age)
      const use = plane.use()
      const shares = sharesOf((name) => (use[name].cpuS - last.use[name].cpuS) / seconds)
      say(
        `${Math.round((rows - last.rows) / seconds)} rows/s; lag ${(worst.lagMs / 1000).toFixed(1)} s, ${worst.messages} messages; ` +
          `CPU ${said(shares, (share) => `${Math.round(100 * share)} %`)}; memory ${said(
            sharesOf((name) => use[name].rssBytes),
            (bytes) => `${Math.round(bytes / 2 ** 20)} MiB`,
          )}; settled ${Math.round(age / 1000)} s ago; generator late ${progress.lateMs} ms`,
      )
      last = { atMs: Date.now(), rows, use }
      worst = { lagMs: 0, messages: 0 }
    }
  })()
  return {
    async stop() {
      over.abort()
      await looking
      const sorted = lags.toSorted((a, b) => a - b)
      const lagP99Ms = sorted[Math.floor(0.99 * sorted.length)] ?? 0
      return { ...found, lagMaxMs: sorted.at(-1) ?? 0, lagP99Ms }
    },
  }
}

const sharesOf = (of: (name: PlaneProcess) => number): Shares => ({
  'nats-server': of('nats-server'),
  ingest: of('ingest'),
  engine: of('engine'),
})

export const sumOf = (shares: Shares) =>
  Object.values(shares).reduce((sum, share) => sum + share, 0)

const said = (shares: Shares, of: (value: number) => string) =>
  Object.entries(shares)
    .map(([name, value]) => `${name} ${of(value)}`)
    .join(', ')

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const endMs = Date.now() + WAIT_MS
  while (!(await holds())) {
    if (Date.now() > endMs) throw new Error(`waited ${WAIT_MS / 1000} s in vain for ${what}`)
    await pause(LOOK_MS)
  }
}
