import { parseArgs } from 'node:util'
import { startTestEngine } from '../ingest/engine/engine.testing.ts'
import { DAY_METRICS, dayOfDevice, STEP_MS } from './disk/day.ts'
import { type Day, type OurDisk, storeOurDay } from './disk/ours.ts'
import { type PeerDisk, storePeerDay } from './disk/peer-day.ts'
import { madeUpShapes } from './disk/shapes.ts'
import { traceShapes } from './disk/traces.ts'
import { obtainProgram } from './peers/installed.ts'

/**
 * Bytes a sample takes on disk, here and in VictoriaMetrics, for the same values: 200 devices x 20 metrics x 24 h
 * every 10 s. See bench/README.md.
 */
const { values: given } = parseArgs({
  options: {
    devices: { type: 'string', default: '200' },
    hours: { type: 'string', default: '24' },
    'minutes-per-insert': { type: 'string', default: '10' },
    columns: { type: 'string', default: '24' },
    install: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
})
const SEED = 20
/** What ingest's inserts write; the rest is what settling makes of it. */
const SETTLED = /^(ledger_|revisions|restatements|intervals)/

const devices = Number(given.devices)
const ticks = (Number(given.hours) * 3_600_000) / STEP_MS
const say = (line: string) => console.error(`${new Date().toISOString().slice(11, 19)} ${line}`)

const shapes = traceShapes(devices) ?? madeUpShapes(SEED)
if (shapes.origin.startsWith('made up'))
  say(
    'THE TRACES ARE NOT HERE (../shared/traces): the shapes are made up, figures are not comparable',
  )
say(`making ${devices * ticks * DAY_METRICS.length} values; ${shapes.origin}`)
const day: Day = {
  // Yesterday, whole UTC days, so that a day is one partition.
  fromMs: Math.floor(Date.now() / 86_400_000 - 1) * 86_400_000,
  ticks,
  devices: Array.from({ length: devices }, (_, device) => dayOfDevice(shapes, SEED, device, ticks)),
}
const ours = await storeHere()
const program = obtainProgram('victoria-metrics', given.install)
if (program !== null) say('VictoriaMetrics: importing, merging')
const peer = program === null ? null : await storePeerDay(program, day)
print(ours, peer)

async function storeHere(): Promise<OurDisk> {
  const engine = await startTestEngine()
  try {
    let saidMs = Date.now()
    return await storeOurDay(engine, day, {
      minutesPerInsert: Number(given['minutes-per-insert']),
      progress(tick) {
        if (Date.now() - saidMs < 5000) return
        saidMs = Date.now()
        say(`ours: ${Math.round((100 * tick) / ticks)} % stored and settled`)
      },
    })
  } finally {
    await engine.stop()
  }
}

function print(own: OurDisk, other: PeerDisk | null): void {
  const expected = devices * ticks * DAY_METRICS.length
  const per = (bytes: number) => Math.round((10_000 * bytes) / own.samples) / 10_000
  const sum = (list: readonly { readonly bytes: number }[]) =>
    list.reduce((total, { bytes }) => total + bytes, 0)
  const written = sum(own.tables.filter(({ table }) => !SETTLED.test(table)))
  const settled = sum(own.tables.filter(({ table }) => SETTLED.test(table)))
  const peerBytes = other === null ? null : other.dataBytes + other.indexBytes
  const result = {
    shapes: shapes.origin,
    samples: own.samples,
    samples_expected: expected,
    bytes_per_sample: per(written),
    bytes_per_sample_settled_minutes: per(settled),
    victoriametrics_version: other?.version ?? null,
    victoriametrics_samples: other?.samples ?? null,
    bytes_per_sample_victoriametrics: peerBytes === null ? null : per(peerBytes),
    bytes_per_sample_victoriametrics_data: other === null ? null : per(other.dataBytes),
    ratio_to_victoriametrics_bytes:
      peerBytes === null ? null : Math.round((1000 * written) / peerBytes) / 1000,
  }
  console.log(`${shapes.origin}\n`)
  console.table(
    own.tables.map(({ table, rows, bytes }) => ({ table, rows, bytes, 'per sample': per(bytes) })),
  )
  console.table(
    own.columns.slice(0, Number(given.columns)).map((column) => ({
      column: `${column.table}.${column.column}`,
      bytes: column.bytes,
      marks: column.markBytes,
      uncompressed: column.uncompressedBytes,
      'per sample': per(column.bytes + column.markBytes),
      'per value': Math.round((1000 * column.bytes) / (devices * ticks)) / 1000,
    })),
  )
  console.table({
    'ours, what ingest writes': {
      samples: own.samples,
      bytes: written,
      'per sample': per(written),
    },
    'ours, settled minutes': { samples: own.samples, bytes: settled, 'per sample': per(settled) },
    [`VictoriaMetrics ${other?.version ?? '(not here)'}`]: {
      samples: other?.samples ?? null,
      bytes: peerBytes,
      'per sample': result.bytes_per_sample_victoriametrics,
    },
  })
  if (given.json) console.log(JSON.stringify(result))
  if (own.samples !== expected || (other !== null && other.samples !== expected)) {
    console.error(`expected ${expected} samples on both sides`)
    process.exitCode = 1
  }
}
