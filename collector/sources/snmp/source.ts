import { type Interpretation, type MeterReading, unread } from '#schemas/reading.ts'
import { byPace } from '../../formats/meter-pace.ts'
import type { Detection, ReadContext, Source } from '../../source.ts'
import { identify, isStale, type Known, type Line, readColumns } from './device.ts'
import { describeTrap, failureOf, FAILURES } from './faults.ts'
import { interpretWalk, labelsOf, recognizeWalk, SOURCE_NAME, withRefused } from './interpret.ts'
import { listenForTraps } from './listen.ts'
import { accessFor, plansOf, SnmpConfig } from './options.ts'
import { FAST_METRICS } from './profile.ts'
import { createSecrets, placeOf, type Secrets } from './secrets.ts'

const MEMORY = 'device'
/** To identify a device takes a walk or two: so many devices of a long list begin per second. */
const STARTS_PER_SECOND = 25
/** Reads of 2,000 meters begin some 40 at a time, ms. */
const GATHER_MS = 500

/** What a target's memory holds; the same object is found by its address when a trap comes. */
export interface Kept {
  known: Known | null
  /** Tick of the last full read. */
  fullMs: number
  /** Where between two full reads this device has its own, 0..1: all at once would be a burst. */
  readonly phase: number
}

/** SNMP as a source; `secrets` say where communities and keys are read. */
export function createSnmpSource(
  secrets: Secrets = createSecrets(),
  random: () => number = Math.random,
): Source<SnmpConfig> {
  const keptByMemory = new WeakMap<object, { readonly address: string }>()
  const devices = new Map<string, Kept>()
  return {
    name: SOURCE_NAME,
    transport: 'snmp',
    address: { schemes: ['snmp'], port: 161, path: '/' },
    defaultIntervalMs: 30_000,
    startsPerSecond: STARTS_PER_SECOND,
    gatherMs: GATHER_MS,
    config: SnmpConfig,
    // Which metrics come depends on the device.
    expects: [],
    recognize: recognizeWalk,
    interpret: (bytes) => interpretWalk(bytes, plansOf({ profiles: [] })),
    detect: () => Promise.resolve(NOT_LOCAL),
    isDue({ memory, target, config, nowMs }) {
      const kept = memory.has(MEMORY) ? devices.get(target.address) : undefined
      const { full_every: fullEveryMs } = config
      if (kept === undefined || kept.known === null || fullEveryMs === undefined) return true
      const { plan } = kept.known
      if (plan.fast.length > 0 || isStale(kept.known, nowMs)) return true
      return isNewCell(kept, nowMs, fullEveryMs)
    },
    read(context) {
      const kept = keptOf(context, devices, random)
      keptByMemory.set(context.memory, { address: context.target.address })
      return readTarget(context, kept, secrets)
    },
    close(memory) {
      const kept = keptByMemory.get(memory)
      if (kept !== undefined) devices.delete(kept.address)
      memory.clear()
    },
    listen: (context) =>
      listenForTraps(context, {
        secrets,
        knownOf: (address) => devices.get(address)?.known ?? null,
      }),
    describeFault: (type, code) => (type === 'trap' ? describeTrap(code) : null),
  }
}

export default createSnmpSource()

const NOT_LOCAL: Detection = {
  state: 'absent',
  looked: 'nowhere: SNMP devices are named as targets',
}

function keptOf(
  { memory, target }: ReadContext<SnmpConfig>,
  devices: Map<string, Kept>,
  random: () => number,
): Kept {
  const before = devices.get(target.address)
  const kept =
    memory.has(MEMORY) && before !== undefined
      ? before
      : { known: null, fullMs: 0, phase: random() }
  memory.set(MEMORY, kept)
  devices.set(target.address, kept)
  return kept
}

async function readTarget(
  context: ReadContext<SnmpConfig>,
  kept: Kept,
  secrets: Secrets,
): Promise<Interpretation> {
  const { io, target, config, nowMs, timeoutMs } = context
  const snmp = io.field?.snmp
  if (snmp === undefined) return unread(SOURCE_NAME, FAILURES.no_field)
  const deadlineMs = performance.now() + timeoutMs
  const access = accessFor(config, [target.node, placeOf(target).host])
  const peer = await secrets.peerOf(target, access)
  if (typeof peer === 'string') return unread(SOURCE_NAME, { ...FAILURES.no_secret, detail: peer })
  const line: Line = { snmp, peer, deadlineMs }
  if (kept.known === null || isStale(kept.known, nowMs)) {
    const given = { profile: access.profile, nowMs }
    const found = await identify(line, plansOf(config), given)
    if (found === null) return unread(SOURCE_NAME, FAILURES.no_profile)
    if ('failure' in found) return unread(SOURCE_NAME, failureOf(found.failure))
    kept.known = found
  }
  return readKnown({ line, kept, known: kept.known }, config.full_every ?? null, nowMs)
}

async function readKnown(
  { line, kept, known }: { line: Line; kept: Kept; known: Known },
  fullEveryMs: number | null,
  nowMs: number,
): Promise<Interpretation> {
  const isFull = fullEveryMs === null || isNewCell(kept, nowMs, fullEveryMs)
  const got = await readColumns(line, known, isFull ? known.plan.values : known.plan.fast)
  if ('failure' in got) return unread(SOURCE_NAME, failureOf(got.failure))
  if (isFull) kept.fullMs = nowMs
  if (isFull && got.meters.length === 0) {
    // Another device may have taken its place.
    kept.known = null
    return withRefused(unread(SOURCE_NAME, FAILURES.no_values), got.rejections)
  }
  return {
    ...withRefused(unread(SOURCE_NAME, FAILURES.no_values), got.rejections),
    outcome: 'ok',
    reason: null,
    detail: null,
    meters:
      fullEveryMs === null ? got.meters : got.meters.flatMap((one) => paced(one, fullEveryMs)),
    toolLabels: labelsOf(known.plan, known.description),
  }
}

const isNewCell = ({ fullMs, phase }: Kept, nowMs: number, cellMs: number) =>
  Math.floor(fullMs / cellMs + phase) !== Math.floor(nowMs / cellMs + phase)

/** What is read on every tick speaks for a tick, the rest until the next full read. */
function paced({ metrics, ...reading }: MeterReading, fullEveryMs: number): MeterReading[] {
  const { fast, slow } = byPace(metrics, FAST_METRICS)
  return [
    ...(fast === null ? [] : [{ ...reading, metrics: fast }]),
    ...(slow === null ? [] : [{ ...reading, metrics: slow, stepMs: fullEveryMs }]),
  ]
}
