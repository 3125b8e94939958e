import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { decodeBatch } from '../../schemas/wire.ts'
import { growHeapFor } from '../../cli/collector-heap.ts'
import { createCollector } from '../../collector/collector.ts'
import { parseConfig } from '../../collector/config-file.ts'
import { createHost } from '../../collector/host.ts'
import type { Source } from '../../collector/source.ts'
import { loadSources } from '../../collector/sources.ts'
import { openSpool } from '../../collector/spool/spool.ts'
import { hearLines, say } from './lines.ts'

/**
 * The collector that is measured, in a process of its own, with the same V8 limits as `plimsoll collector`; the argument is its
 * configuration. Everything is real but the bus. It counts reads per target, and on demand prints events as they reach the spool.
 */
const Ask = z.object({ ask: z.enum(['forget', 'reads', 'watch']) })

/** Reads of one target. */
interface Reads {
  ok: number
  failed: number
  readonly tookMs: number[]
}

const [file = ''] = process.argv.slice(2)
const reads = new Map<string, Reads>()
let isWatching = false

/** The same source; how long its reads take is written down. */
function timed(source: Source): Source {
  return {
    ...source,
    async read(context) {
      const startedMs = performance.now()
      const result = await source.read(context)
      const own = reads.get(context.target.node) ?? { ok: 0, failed: 0, tookMs: [] }
      reads.set(context.target.node, own)
      own.tookMs.push(Math.round((performance.now() - startedMs) * 10) / 10)
      if (result.outcome === 'ok') own.ok++
      else own.failed++
      return result
    },
  }
}

function tell(payload: Uint8Array): void {
  const decoded = decodeBatch(payload)
  if (!decoded.ok) return
  const atMs = Date.now()
  for (const record of decoded.batch.records)
    if (record.kind === 'event' && record.edge === 'open')
      say({ event: record.type, node: record.node, atMs })
}

const silent = () => undefined
const sources = (await loadSources()).map(timed)
const config = parseConfig(readFileSync(file, 'utf8'), { file, sources, host: 'bench' })
growHeapFor(config, process)
const host = createHost()
const collector = createCollector({
  config,
  sources,
  publisher: {
    publish: () => Promise.resolve(),
    onWatermark: () => silent,
    onResend: () => silent,
    onControl: () => silent,
    connected: () => true,
  },
  io: host,
  logger: {
    info: silent,
    warn: (text, about) => process.stderr.write(`${text} ${JSON.stringify(about)}\n`),
    error: (text, about) => process.stderr.write(`${text} ${JSON.stringify(about)}\n`),
  },
  random: randomBytes,
  openSpool: async (options) => {
    const spool = await openSpool(options)
    return {
      ...spool,
      async append(entry) {
        const position = await spool.append(entry)
        if (isWatching) tell(entry.payload)
        return position
      },
    }
  },
})
await collector.start()
const missedNow = () => collector.stats()?.runner.missedCells ?? 0
/** Those of the start, when a first read may still run as its regular place comes. */
let missedBefore = 0
hearLines(
  Ask,
  ({ ask }) => {
    if (ask === 'watch') isWatching = true
    if (ask === 'forget') {
      reads.clear()
      missedBefore = missedNow()
    }
    if (ask === 'reads') {
      const missedCells = missedNow() - missedBefore
      say({ reads: [...reads].map(([node, own]) => ({ node, ...own })), missedCells })
    }
    say({ done: ask })
  },
  async () => {
    await collector.stop()
    host.stop()
  },
)
say({ started: true, execArgv: process.execArgv })
