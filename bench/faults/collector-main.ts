/**
 * A collector of a fault run: the collector's own code over simulated devices, with a journal of what it handed to its
 * spool and a clock that the harness moves (`{"offsetMs": 45000}` as a line on standard input). Argument: its
 * settings as JSON.
 */
import { randomBytes } from 'node:crypto'
import { createInterface } from 'node:readline'
import { z } from 'zod'
import { type TimeSource, systemTime } from '../../collector/clock.ts'
import { createCollector } from '../../collector/collector.ts'
import type { CollectorConfig } from '../../collector/config.ts'
import type { Source, SourceIo } from '../../collector/source.ts'
import { openSpool } from '../../collector/spool/spool.ts'
import { createLoadSource, loadAddress } from '../../cli/load/source.ts'
import { createLogger } from '../../cli/log.ts'
import { openNatsPublisher } from '../../ingest/bus/publisher.ts'
import { openJournal, NUMBER_METRIC } from './journal.ts'
import { partOf } from './fleet.ts'

const Settings = z.strictObject({
  seed: z.int(),
  position: z.int(),
  /** Number of the first read: reads of all collectors and starts have different ones. */
  firstNumber: z.int(),
  spool: z.string(),
  spoolBytes: z.int(),
  journal: z.string(),
  nats: z.string(),
  offsetMs: z.int(),
  intervalMs: z.int(),
})
export type CollectorSettings = z.infer<typeof Settings>

/** What waits in memory while the disk refuses: a minute's worth, so that a long refusal has to drop some. */
const MEMORY_BYTES = 64 * 1024
const Order = z.strictObject({ offsetMs: z.int() })

const settings = Settings.parse(JSON.parse(process.argv[2] ?? '{}'))
const log = createLogger((line) => console.error(line), Date.now, 'collector')
const journal = openJournal(settings.journal)
let { offsetMs } = settings
const wallMs = () => Date.now() + offsetMs
const time: TimeSource = { ...systemTime, wallMs }
const part = partOf(settings.seed, settings.position)
const config = configOf(numbered(createLoadSource(part.nodes, settings.seed, { rows: 0 })))
const { cluster, collector: name } = config
const publisher = openNatsPublisher({
  connect: { url: settings.nats },
  cluster,
  collector: name,
  logger: log,
  now: wallMs,
})
const collector = createCollector({
  config,
  sources: [],
  publisher,
  io: nothingOutside(),
  logger: log,
  random: randomBytes,
  time,
  simulated: true,
  async openSpool(options) {
    const spool = await openSpool({
      ...options,
      memoryBytes: MEMORY_BYTES,
      onAlarm(alarm) {
        if (alarm.state === 'cleared') journal.onDisk()
        options.onAlarm?.(alarm)
      },
    })
    return {
      ...spool,
      async append(entry) {
        journal.appending(entry.boot, entry.seq, entry.payload)
        const position = await spool.append(entry)
        journal.appended(entry.boot, entry.seq, spool.stats().alarm !== null)
        return position
      },
    }
  },
})

createInterface({ input: process.stdin }).on('line', (line) => {
  offsetMs = Order.parse(JSON.parse(line)).offsetMs
  log.info('the clock was set', { offset_ms: offsetMs })
})
process.on('SIGTERM', () => void end())
// The collector's timers do not keep a process alive.
setInterval(() => undefined, 60_000)
await collector.start()

async function end(): Promise<void> {
  await collector.stop()
  await publisher.close()
  process.exit(0)
}

/** Every row carries the number of the read it came from, so that it can be recognised in the store. */
function numbered(source: Source): Source {
  let number = settings.firstNumber
  return {
    ...source,
    async read(context) {
      const answer = await source.read(context)
      number += 1
      const devices = answer.devices.map((device) => ({
        ...device,
        metrics: { ...device.metrics, [NUMBER_METRIC]: number },
      }))
      return { ...answer, devices }
    },
  }
}

function configOf(source: Source): CollectorConfig {
  const targets = part.nodes.map((node) => ({
    address: loadAddress(node),
    node: node.name,
    isNodeNamed: true,
    hall: node.hall,
    rack: node.rack,
    pool: node.pool,
    cluster: '',
  }))
  return {
    cluster: part.cluster,
    collector: part.collector,
    node: part.collector,
    labels: { hall: '', rack: '', pool: '' },
    nodeLabels: new Map(),
    sources: [
      {
        source,
        options: {},
        targets,
        fileSd: [],
        httpSd: [],
        prometheus: [],
        refreshMs: 60_000,
        isLocal: false,
        intervalMs: settings.intervalMs,
        timeoutMs: 1000,
      },
    ],
    spool: { directory: settings.spool, maxBytes: settings.spoolBytes },
    nats: null,
    thresholds: [],
  }
}

/** Simulated tools need no outside world. */
function nothingOutside(): SourceIo {
  const bytes = new Uint8Array()
  return {
    run: async () => ({ exitCode: null, stdout: bytes, stderr: bytes, failure: 'not_found' }),
    stream: () => 'busy',
    get: async () => ({ status: null, body: bytes, failure: 'refused' }),
    hasCommand: async () => false,
  }
}
