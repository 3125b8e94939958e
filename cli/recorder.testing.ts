import { bitSet } from '#schemas/batch.ts'
import { decodeBatch } from '#schemas/wire.ts'
import { writeExporterPage } from '../collector/sources/dcgm-exporter/simulate.ts'
import { openSpool } from '../collector/spool/spool.ts'
import { gpuNode } from './page-values.testing.ts'
import { type Exporter, startExporter } from './site.testing.ts'

/** An exporter whose every answer carries its own number, so that it can be recognised in the store. */
export interface NumberedExporter {
  readonly exporter: Exporter
  /** Canonical keys of its GPUs. */
  readonly keys: readonly string[]
  /** Number of an answer -> epoch ms at which it had gone out whole. */
  readonly sent: ReadonlyMap<number, number>
}

/** The number is printed as DCGM_FI_DEV_PCIE_REPLAY_COUNTER, a counter without a unit to be guessed. */
export async function startNumberedExporter(node: string, gpus: number): Promise<NumberedExporter> {
  const sent = new Map<number, number>()
  let count = 0
  const devices = gpuNode(node, gpus)
  const exporter = await startExporter(
    () => {
      count += 1
      const numbered = devices.map((device) => ({
        ...device,
        metrics: { ...device.metrics, pcie_replay_total: count },
      }))
      return { body: writeExporterPage(numbered) }
    },
    (body) => {
      const number = /^DCGM_FI_DEV_PCIE_REPLAY_COUNTER\{.*\} (\d+)$/m.exec(body)?.[1]
      if (number !== undefined) sent.set(Number(number), Date.now())
    },
  )
  return { exporter, keys: devices.map(({ uuid }) => `uuid:${uuid}`), sent }
}

/** One sample as it is recognised: device, time and the number of the answer it came from. */
export const sampleName = (key: string, tsMs: number, number: number) => `${key} ${tsMs} ${number}`

/** What a spool holds: message sequences by boot, and the samples in them. */
export interface Spooled {
  readonly messages: ReadonlySet<string>
  readonly samples: ReadonlySet<string>
}

/** Reads a spool whose collector is dead, as the next collector will find it. */
export async function readSpool(directory: string): Promise<Spooled> {
  const messages = new Set<string>()
  const samples = new Set<string>()
  const spool = await openSpool({ directory, maxBytes: 2 ** 32, onGap: () => undefined })
  try {
    let position = spool.first()
    for (;;) {
      const records = await spool.readFrom(position, 256)
      for (const record of records) {
        messages.add(`${record.boot} ${record.seq}`)
        for (const name of samplesOf(record.payload)) samples.add(name)
        position = record.position + 1
      }
      if (records.length === 0) return { messages, samples }
    }
  } finally {
    await spool.close()
  }
}

function samplesOf(payload: Uint8Array): string[] {
  const decoded = decodeBatch(payload)
  if (!decoded.ok) throw new Error(`a spooled message cannot be decoded: ${decoded.reason}`)
  const { devices, ticks, t0Ms, stepMs, present, columns } = decoded.batch
  const numbers = columns.find(({ name }) => name === 'pcie_replay_total')?.values
  const names: string[] = []
  for (let tick = 0; tick < ticks; tick += 1)
    for (const [at, device] of devices.entries()) {
      const row = tick * devices.length + at
      const key = device.keys[0] ?? ''
      if (bitSet(present, row))
        names.push(sampleName(key, t0Ms + tick * stepMs, numbers?.[row] ?? 0))
    }
  return names
}
