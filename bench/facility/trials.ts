import { z } from 'zod'
import { pause } from '../peers/server.ts'
import { Changed } from './farm.ts'
import { type Change, CHANGES, isCooling, type Kind, KINDS, nameOf } from './fleet.ts'
import type { LineChild } from './lines.ts'

/** Time from a change in a device to its event in the spool, of one protocol, ms. */
export interface Lane {
  readonly lane: string
  readonly changes: number
  readonly unseen: number
  readonly p50: number
  readonly p99: number
  readonly max: number
}

const Event = z.object({ event: z.string(), node: z.string(), atMs: z.number() })

/** Between two changes of one protocol, ms: not in step with any interval. */
const EVERY_MS = 530
/** A change that is not seen by then counts as unseen. */
const PATIENCE_MS = 20_000
const TURNING_BACK_MS = 10_000

interface Trial {
  readonly kind: Kind
  readonly change: Change
  readonly atMs: number
  seenMs: number | null
}

/** Lets things go wrong in cooling units, one after the other, and waits for the events. */
export async function runTrials(
  { trials, tells }: { readonly trials: number; readonly tells: boolean },
  counts: Readonly<Record<Kind, number>>,
  farms: Readonly<Record<Kind, LineChild>>,
  collector: LineChild,
): Promise<readonly Lane[]> {
  const open = new Map<string, Trial>()
  const done: Trial[] = []
  const off = collector.on((line) => {
    const given = Event.safeParse(line)
    if (!given.success) return
    const trial = open.get(`${given.data.node} ${given.data.event}`)
    if (trial !== undefined) trial.seenMs ??= given.data.atMs
  })
  const one = async (kind: Kind, device: number, change: Change) => {
    const farm = farms[kind]
    const answered = farm.next(
      Changed.refine(
        ({ changed }) => changed.device === device && changed.change === change && changed.isWrong,
      ),
      PATIENCE_MS,
    )
    farm.send({ device, change, isWrong: true, tells })
    const trial: Trial = { kind, change, atMs: (await answered).atMs, seenMs: null }
    const key = `${nameOf(kind, device)} ${change}`
    open.set(key, trial)
    done.push(trial)
    await pause(TURNING_BACK_MS)
    farm.send({ device, change, isWrong: false, tells })
    await pause(PATIENCE_MS - TURNING_BACK_MS)
    open.delete(key)
  }
  // Without a trap or an event nothing but a short interval makes a fast lane.
  const kinds = KINDS.filter((kind) => !(tells && kind === 'modbus'))
  const running: Promise<void>[] = []
  for (let trial = 0; trial < trials; trial++) {
    for (const kind of kinds) {
      const units = Array.from({ length: counts[kind] }, (_, index) => index).filter(isCooling)
      const device = units[trial % units.length]
      const change = CHANGES[Math.floor(trial / units.length) % CHANGES.length]
      if (device !== undefined && change !== undefined) running.push(one(kind, device, change))
    }
    await pause(EVERY_MS)
  }
  await Promise.all(running)
  off()
  return kinds.map((kind) => laneOf(kind, tells, done))
}

const NAMES: Readonly<Record<Kind, string>> = {
  redfish: 'Redfish event subscription',
  snmp: 'SNMP trap',
  modbus: '',
}

function laneOf(kind: Kind, tells: boolean, done: readonly Trial[]): Lane {
  const own = done.filter((trial) => trial.kind === kind)
  const lags = own
    .flatMap(({ seenMs, atMs }) => (seenMs === null ? [] : [seenMs - atMs]))
    .toSorted((a, b) => a - b)
  const at = (share: number) => Math.round(lags[Math.floor((lags.length - 1) * share)] ?? 0)
  return {
    lane: tells ? NAMES[kind] : `${kind}, read every 2 s`,
    changes: own.length,
    unseen: own.length - lags.length,
    p50: at(0.5),
    p99: at(0.99),
    max: at(1),
  }
}
