import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { z } from 'zod'
import { type OursResult, measureOurs } from './ingest/ours.ts'
import { measurePeer, type PeerResult } from './ingest/peers.ts'
import { type DiskFigures, ingestJson, LIVE_TICKS, printIngest } from './ingest/table.ts'
import { obtainProgram } from './peers/installed.ts'
import { startPrometheus } from './peers/prometheus.ts'
import { atTheEnd } from './peers/scratch.ts'
import { startVictoriaMetrics } from './peers/victoria-metrics.ts'

/**
 * Samples per CPU-second: the central plane beside VictoriaMetrics and Prometheus, the same values of the same series,
 * one after the other in one run. See bench/README.md for what is counted.
 */
const { values: given } = parseArgs({
  options: {
    short: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    install: { type: 'boolean', default: false },
    devices: { type: 'string' },
    interval: { type: 'string', default: '1' },
    minutes: { type: 'string' },
    'peer-instants': { type: 'string' },
    'no-disk': { type: 'boolean', default: false },
    'no-peers': { type: 'boolean', default: false },
  },
})
const mayInstall = given.install || given.short
const devices = Number(given.devices ?? (given.short ? 8000 : 20_000))
const stepMs = Number(given.interval) * 1000
const minutes = Number(given.minutes ?? (given.short ? 1 : 3))
const ticks = Number(given['peer-instants'] ?? (given.short ? 8 : 12))
const shape = {
  devices,
  collectors: Math.ceil(devices / 6250),
  cluster: 'bench',
  seed: 7,
}

const startedMs = performance.now()
const say = (line: string) =>
  console.error(
    `${String(Math.round((performance.now() - startedMs) / 1000)).padStart(4)} s  ${line}`,
  )

/** What a short run leaves out when the machine is slow, so that it ends within four minutes, s since its start. */
const BULK_UNTIL_S = 115
const TWO_HOURS_UNTIL_S = 200
const DISK_UNTIL_S = 222
const isLate = (seconds: number) => given.short && performance.now() - startedMs > 1000 * seconds

const peers = given['no-peers'] ? [] : (['victoria-metrics', 'prometheus'] as const)
const programs = new Map(peers.map((name) => [name, obtainProgram(name, mayInstall)] as const))
obtainProgram('nats-server', mayInstall)
const ours = await measureOurs({ shape, stepMs, minutes, say })
const victoria = await besideVictoria(ours, programs.get('victoria-metrics') ?? null)
const prometheus = await besidePrometheus(ours, programs.get('prometheus') ?? null)
const disk = given['no-disk'] || isLate(DISK_UNTIL_S) ? null : await diskFigures(hoursOnDisk())
const result = { devices, stepMs, ours, victoria, prometheus, disk }
printIngest(result)
if (given.json) console.log(JSON.stringify(ingestJson(result)))

function hoursOnDisk(): number {
  if (!given.short) return 24
  return isLate(TWO_HOURS_UNTIL_S) ? 1 : 2
}

async function besideVictoria(own: OursResult, program: string | null): Promise<PeerResult | null> {
  if (program === null) return null
  say('VictoriaMetrics: starting')
  const peer = await startVictoriaMetrics(program)
  try {
    return await measurePeer(
      peer,
      [
        { protocol: 'influx lines', ticksPerRequest: LIVE_TICKS },
        { protocol: 'remote write', ticksPerRequest: LIVE_TICKS },
        { protocol: 'native import', ticksPerRequest: LIVE_TICKS },
        // Nobody can send what has not been measured yet: this is what importing history costs.
        ...(isLate(BULK_UNTIL_S)
          ? []
          : [{ protocol: 'native import', ticksPerRequest: ticks } as const]),
      ],
      { shape, stepMs, ticks, say, ...own },
    )
  } finally {
    await peer.stop()
  }
}

async function besidePrometheus(
  own: OursResult,
  program: string | null,
): Promise<PeerResult | null> {
  if (program === null) return null
  say('Prometheus: starting')
  const peer = await startPrometheus(program)
  try {
    const ways = [{ protocol: 'remote write', ticksPerRequest: LIVE_TICKS }] as const
    return await measurePeer(peer, ways, { shape, stepMs, ticks, say, ...own })
  } finally {
    await peer.stop()
  }
}

/** The bench of bytes on disk, as a process of its own; null when it failed, which it has said then. */
async function diskFigures(hours: number): Promise<DiskFigures | null> {
  say(`bytes on disk: 200 devices x 20 metrics x ${hours} h`)
  const script = fileURLToPath(new URL('./disk.ts', import.meta.url))
  const args = [script, '--json', '--hours', String(hours), ...(mayInstall ? ['--install'] : [])]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const forget = atTheEnd(() => child.kill('SIGTERM'))
  let text = ''
  child.stdout.on('data', (bytes: Buffer) => (text += bytes.toString()))
  const code = await new Promise((resolve) => child.once('close', resolve))
  forget()
  const last = text.trim().split('\n').at(-1) ?? ''
  if (code !== 0) {
    console.error(`bytes on disk: the bench ended with ${String(code)}`)
    return null
  }
  return {
    ...z
      .object({
        bytes_per_sample: z.number(),
        bytes_per_sample_settled_minutes: z.number(),
        bytes_per_sample_victoriametrics: z.number().nullable(),
      })
      .parse(JSON.parse(last)),
    hours,
  }
}
