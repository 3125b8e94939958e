/**
 * One process that reads thousands of PDU controllers by Redfish over TLS, slow, silent and broken ones among them:
 * `npm run bench -- redfish [--targets N] [--seconds N] [--interval N] [--json]`. The controllers run in another process; what counts is CPU and
 * memory of this one, and how long the sound ones took while others hang.
 */
import { spawn } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import { createClock, systemTime } from '../collector/clock.ts'
import { readMeters } from '../collector/meter-samples.ts'
import { createRunner, type TargetRead } from '../collector/runner.ts'
import { loadSources } from '../collector/sources.ts'
import { fieldWorld } from '../collector/sources/redfish/reads.testing.ts'
import { toTarget } from '../collector/targets/target.ts'

const { values: options } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    targets: { type: 'string', default: '1000' },
    seconds: { type: 'string', default: '90' },
    interval: { type: 'string', default: '30' },
  },
})
const COUNT = Number(options.targets)
const SECONDS = Number(options.seconds)
const INTERVAL_MS = Number(options.interval) * 1000

const child = spawn(process.execPath, [join(import.meta.dirname, 'redfish-farm.ts')], {
  stdio: ['ignore', 'pipe', 'inherit'],
})
try {
  const { port, cert } = await started()
  const { fingerprint256 } = new X509Certificate(cert)
  const result = await measure(port, fingerprint256)
  if (options.json) process.stdout.write(`${JSON.stringify(result)}\n`)
  else console.table(result)
} finally {
  child.kill()
}

async function started(): Promise<{ port: number; cert: string }> {
  for await (const line of createInterface({ input: child.stdout })) {
    const said: unknown = JSON.parse(line)
    if (typeof said === 'object' && said !== null && 'port' in said && 'cert' in said)
      return { port: Number(said.port), cert: String(said.cert) }
  }
  throw new Error('the farm did not start')
}

async function measure(port: number, fingerprint: string) {
  const world = fieldWorld()
  const time = systemTime
  const seen = { reads: 0, ok: 0, samples: 0, soundMs: 0, soundFailed: 0, rssMax: 0 }
  let counts = false
  const onRead = (read: TargetRead) => {
    const { samples } = readMeters(read)
    seen.rssMax = Math.max(seen.rssMax, process.memoryUsage.rss())
    if (!counts) return
    seen.reads++
    seen.samples += samples.length
    if (read.interpretation.outcome === 'ok') seen.ok++
    if (Number(read.target.node.split('.')[3]) % 100 < 12) return
    seen.soundMs = Math.max(seen.soundMs, read.durationMs)
    if (read.interpretation.outcome !== 'ok') seen.soundFailed++
  }
  const source = (await loadSources()).find(({ name }) => name === 'redfish')
  if (source === undefined) throw new Error('there is no source redfish')
  const clock = createClock(time)
  const runner = createRunner({ time, clock, io: world.io, onRead, onGone: () => undefined })
  const timeoutMs = Math.min(10_000, INTERVAL_MS)
  const section = {
    source,
    options: source.config.parse({ tls: { fingerprints: { '*': fingerprint } } }),
    intervalMs: INTERVAL_MS,
    timeoutMs,
  }
  const targets = Array.from({ length: COUNT }, (_, at) => {
    const address = `127.1.${at >> 8}.${at & 255}`
    return toTarget(`https://${address}:${port}`, { node: address }, 'bench', source.address)
  })
  runner.setTargets(section, targets)
  // The first interval connects and looks for what there is.
  await sleep(INTERVAL_MS + timeoutMs)
  counts = true
  const before = process.cpuUsage()
  const startedMs = performance.now()
  await sleep(SECONDS * 1000)
  const { user, system } = process.cpuUsage(before)
  const tookMs = performance.now() - startedMs
  counts = false
  const { missedCells } = runner.stats()
  await runner.stop(1000)
  world.stop()
  return {
    targets: COUNT,
    cpuPercentOfOneCore: rounded((user + system) / 10 / tookMs),
    rssMaxMegabytes: rounded(seen.rssMax / 1e6),
    reads: seen.reads,
    okReads: seen.ok,
    samplesPerSecond: rounded((seen.samples * 1000) / tookMs),
    slowestSoundMs: rounded(seen.soundMs),
    soundFailed: seen.soundFailed,
    missedCells,
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

function rounded(value: number): number {
  return Math.round(value * 10) / 10
}
