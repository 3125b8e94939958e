import { existsSync, fdatasyncSync, openSync, readFileSync, writeSync } from 'node:fs'
import { z } from 'zod'
import { bitSet } from '#schemas/batch.ts'
import { decodeBatch } from '#schemas/wire.ts'

/**
 * What a collector of a fault run produced, written by itself beside its spool. A line is one JSON array:
 *
 *     ["run"]                                       the process starts
 *     ["+", boot, seq, atMs, t0Ms, stepMs, cells]   a batch is about to be handed to the spool
 *     ["=", boot, seq, isInMemory]                  the spool has taken it: from now on it counts as produced
 *     ["disk"]                                      what was only in memory is on disk now
 *
 * `cells` is flat: index of the device on its node, tick, and number of the read, for each row that is present. `atMs` is
 * the true time, whatever the clock of the collector says. The first kind of line tells what may be in the store, the
 * second what must be.
 */
export interface Journal {
  appending(boot: string, seq: number, payload: Uint8Array): void
  appended(boot: string, seq: number, isInMemory: boolean): void
  onDisk(): void
}

/** The metric whose value is the number of the read that a row came from. */
export const NUMBER_METRIC = 'pcie_replay_total'

export function openJournal(path: string): Journal {
  const file = openSync(path, 'a')
  // A line that a kill -9 cut ends here.
  if (existsSync(path)) writeSync(file, '\n')
  const write = (line: unknown) => writeSync(file, `${JSON.stringify(line)}\n`)
  write(['run'])
  return {
    appending(boot, seq, payload) {
      write(['+', boot, seq, Date.now(), ...cellsOf(payload)])
    },
    appended(boot, seq, isInMemory) {
      write(['=', boot, seq, isInMemory ? 1 : 0])
      fdatasyncSync(file)
    },
    onDisk: () => void write(['disk']),
  }
}

function cellsOf(payload: Uint8Array): [t0Ms: number, stepMs: number, cells: number[]] {
  const decoded = decodeBatch(payload)
  if (!decoded.ok)
    throw new Error(`the collector made a message nobody can read: ${decoded.reason}`)
  const { devices, ticks, t0Ms, stepMs, present, columns } = decoded.batch
  const numbers = columns.find(({ name }) => name === NUMBER_METRIC)?.values
  const cells: number[] = []
  for (let row = 0; row < ticks * devices.length; row += 1)
    if (bitSet(present, row))
      cells.push(
        devices[row % devices.length]?.index ?? -1,
        Math.floor(row / devices.length),
        numbers?.[row] ?? 0,
      )
  return [t0Ms, stepMs, cells]
}

/** One batch as its collector knew it. */
export interface ProducedBatch {
  readonly boot: string
  readonly seq: number
  /** True time at which it was handed to the spool, epoch ms. */
  readonly atMs: number
  readonly t0Ms: number
  readonly stepMs: number
  /** Flat: device, tick, number of the read. */
  readonly cells: readonly number[]
  /** The spool took it. False: the process died between the two lines, it may be stored or not. */
  isProduced: boolean
  /** It was only in memory, under an alarm that says so, when its process was killed. */
  hasDiedInMemory: boolean
}

const count = z.number()
const Line = z.union([
  z.tuple([z.literal('run')]),
  z.tuple([z.literal('disk')]),
  z.tuple([z.literal('+'), z.string(), count, count, count, count, z.array(count)]),
  z.tuple([z.literal('='), z.string(), count, count]),
])

/** Everything in a journal, by `boot seq`. Lines that a kill cut are passed over. */
export function parseJournal(text: string): Map<string, ProducedBatch> {
  const batches = new Map<string, ProducedBatch>()
  let inMemory: ProducedBatch[] = []
  for (const part of text.split('\n')) {
    const line = lineOf(part)
    if (line === null) continue
    if (line[0] === 'disk') inMemory = []
    else if (line[0] === 'run') {
      for (const batch of inMemory) batch.hasDiedInMemory = true
      inMemory = []
    } else if (line[0] === '+') {
      const [, boot, seq, atMs, t0Ms, stepMs, cells] = line
      const isNew = { isProduced: false, hasDiedInMemory: false }
      batches.set(`${boot} ${seq}`, { boot, seq, atMs, t0Ms, stepMs, cells, ...isNew })
    } else {
      const batch = batches.get(`${line[1]} ${line[2]}`)
      if (batch === undefined) continue
      batch.isProduced = true
      if (line[3] === 1) inMemory.push(batch)
    }
  }
  return batches
}

function lineOf(text: string): z.infer<typeof Line> | null {
  if (text === '') return null
  try {
    return Line.parse(JSON.parse(text))
  } catch {
    return null
  }
}

/** Reads a journal; one that does not exist yet is empty. */
export const readJournal = (path: string) =>
  parseJournal(existsSync(path) ? readFileSync(path, 'utf8') : '')
