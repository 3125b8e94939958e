import { readFileSync } from 'node:fs'
import { type NativeColumn } from '../ingest/store/native-block.ts'
import { startTestEngine } from '../ingest/engine/engine.testing.ts'

/**
 * What the store costs: rows per second into the embedded engine as Native blocks over HTTP, and the
 * price of one small query. Prints one JSON object. Usage: bin/node24 bench/engine-insert.ts [queries]
 */
const ROWS = 200_000
const METRICS = 20
const ROUNDS = 5
const QUERIES = Number(process.argv[2] ?? 2_000)

/** CPU seconds and resident bytes of this process's only child, from /proc (Linux). */
function child(): { cpuS: number; rssBytes: number } {
  const pid = readFileSync(`/proc/${process.pid}/task/${process.pid}/children`, 'utf8').trim()
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const ticks = Number(fields[11]) + Number(fields[12])
  return { cpuS: ticks / 100, rssBytes: Number(fields[21]) * 4096 }
}

function block(round: number, blockRows: number): NativeColumn[] {
  const ts = new Float64Array(blockRows)
  const deviceId = new BigUint64Array(blockRows)
  for (let row = 0; row < blockRows; row += 1) {
    ts[row] = Date.UTC(2026, 0, 1) + (round * 100 + Math.floor(row / 2048)) * 10_000
    deviceId[row] = (BigInt(row % 2048) * 0x9e3779b97f4a7c15n) & 0xffffffffffffffffn
  }
  const columns: NativeColumn[] = [
    { name: 'ts', type: "DateTime64(3, 'UTC')", values: ts },
    { name: 'device_id', type: 'UInt64', values: deviceId },
  ]
  for (let metric = 0; metric < METRICS; metric += 1) {
    const values = Float32Array.from({ length: blockRows }, () => Math.round(Math.random() * 100))
    columns.push({ name: `m${metric}`, type: 'Nullable(Float32)', values })
  }
  return columns
}

const engine = await startTestEngine()
try {
  const metrics = Array.from(
    { length: METRICS },
    (_, m) => `m${m} Nullable(Float32) CODEC(ZSTD(1))`,
  )
  await engine.store.command(
    `CREATE TABLE bench (ts DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)), device_id UInt64 CODEC(ZSTD(1)), ${metrics.join(', ')})
     ENGINE = MergeTree PARTITION BY toYYYYMMDD(ts) ORDER BY (toStartOfTenMinutes(ts), device_id, ts)
     SETTINGS non_replicated_deduplication_window = 10000`,
  )
  const inserts = []
  for (const blockRows of [ROWS, 10_000, 800]) {
    const blocks = Array.from({ length: ROUNDS }, (_, round) => block(round, blockRows))
    const before = child()
    const started = performance.now()
    for (const [round, columns] of blocks.entries()) {
      await engine.store.insertNative('bench', columns, blockRows, `${blockRows}-${round}`)
    }
    const wallS = (performance.now() - started) / 1_000
    const rows = blockRows * ROUNDS
    inserts.push({
      block_rows: blockRows,
      insert_ms: Math.round((wallS / ROUNDS) * 10_000) / 10,
      samples_per_wall_second: Math.round((rows * METRICS) / wallS),
      samples_per_engine_cpu_second: Math.round((rows * METRICS) / (child().cpuS - before.cpuS)),
    })
  }
  const before = child()
  const started = performance.now()
  for (let query = 0; query < QUERIES; query += 1) {
    await engine.reader.query('SELECT {q:UInt32} AS q', { q: query })
  }
  const query_ms = Math.round(((performance.now() - started) / QUERIES) * 100) / 100
  const rss_grown_bytes = child().rssBytes - before.rssBytes
  process.stdout.write(
    `${JSON.stringify({ metrics: METRICS, inserts, queries: QUERIES, query_ms, rss_grown_bytes }, null, 2)}\n`,
  )
} finally {
  await engine.stop()
}
