import type {
  FieldFailure,
  FieldLimits,
  ModbusAnswer,
  ModbusIo,
  ModbusPeer,
  ModbusRange,
} from './field-io.ts'
import type { ModbusLine, Reply } from './host-modbus-line.ts'

/** A gateway passes a question on to a serial line: 1-2 s are usual there, ms. */
const ANSWER_MS = 3000
/** Calls that wait for the one under way to the same device (units behind one gateway); a further one is `busy`. */
const WAITING = 32
/** A connection nobody used for this long is closed, ms. */
const IDLE_MS = 600_000
/** Wait before a device that could not be reached is tried again: first and longest, ms. */
const RETRY_MS = { first: 500, longest: 15_000 }
/** Values of one request, by the standard: registers and bits. */
const REGISTERS_MAX = 125
const BITS_MAX = 2000

/** Modbus TCP for the collector; see createHost. */
export interface ModbusHost extends ModbusIo {
  stop(): void
}

interface Device {
  line: ModbusLine | null
  /** The call under way and those behind it. */
  last: Promise<unknown>
  waiting: number
  usedMs: number
  /** Not connected to before this; why, and how long the last wait was. */
  retryAtMs: number
  waitMs: number
  failure: FieldFailure
}

/**
 * Modbus TCP: reads only, one kept connection per device and one question at a time, because many gateways serve one
 * master. With host-modbus-line.ts the only home of modbus-serial, whose serial half is never loaded. `random` spreads the
 * attempts to reach devices that were lost together.
 */
export function createModbus(random: () => number = Math.random): ModbusHost {
  const devices = new Map<string, Device>()
  let sweptMs = performance.now()
  const deviceOf = (peer: ModbusPeer): Device => {
    const key = `${peer.host} ${peer.port}`
    const device = devices.get(key) ?? newDevice()
    devices.set(key, device)
    return device
  }
  return {
    async read(peer, ranges, limits) {
      const nowMs = performance.now()
      if (nowMs - sweptMs > IDLE_MS) {
        sweptMs = nowMs
        sweep(devices, nowMs)
      }
      const device = deviceOf(peer)
      if (device.waiting > WAITING) return nothing(ranges, 'busy')
      device.waiting++
      const deadlineMs = nowMs + limits.timeoutMs
      const work: Work = { device, peer, ranges, deadlineMs, maxBytes: limits.maxBytes, random }
      const turn = device.last.then(() => readAll(work)).finally(() => device.waiting--)
      device.last = turn
      return withinTime(turn, ranges, limits)
    },
    stop() {
      for (const { line } of devices.values()) line?.close()
      devices.clear()
    },
  }
}

const newDevice = (): Device => ({
  line: null,
  last: Promise.resolve(),
  waiting: 0,
  usedMs: 0,
  retryAtMs: 0,
  waitMs: 0,
  failure: 'failed',
})

function sweep(devices: Map<string, Device>, nowMs: number): void {
  for (const [key, { line, usedMs, waiting }] of devices)
    if (waiting === 0 && nowMs - usedMs > IDLE_MS) {
      line?.close()
      devices.delete(key)
    }
}

const nothing = (ranges: readonly ModbusRange[], failure: FieldFailure): ModbusAnswer => ({
  ranges: ranges.map(() => null),
  failure,
  exception: null,
})

/** A call that waited behind others for its whole time is `busy`; its turn then does nothing. */
async function withinTime(
  turn: Promise<ModbusAnswer>,
  ranges: readonly ModbusRange[],
  { timeoutMs }: FieldLimits,
): Promise<ModbusAnswer> {
  const late = Promise.withResolvers<ModbusAnswer>()
  const timer = setTimeout(() => late.resolve(nothing(ranges, 'busy')), timeoutMs + 50)
  try {
    return await Promise.race([turn, late.promise])
  } finally {
    clearTimeout(timer)
  }
}

interface Work {
  readonly device: Device
  readonly peer: ModbusPeer
  readonly ranges: readonly ModbusRange[]
  readonly deadlineMs: number
  readonly maxBytes: number
  readonly random: () => number
}

async function readAll(work: Work): Promise<ModbusAnswer> {
  const { device, ranges } = work
  const values: (readonly number[] | null)[] = ranges.map(() => null)
  const silent = new Set<number>()
  let bytes = 0
  let failure: FieldFailure | null = null
  let exception: number | null = null
  for (const [at, range] of ranges.entries()) {
    if (silent.has(range.unit)) continue
    bytes += range.count * 2
    const reply = bytes > work.maxBytes ? TOO_LARGE : await askOnce(work, range)
    if (reply.kind === 'values') values[at] = reply.values
    else if (reply.kind === 'exception') exception ??= reply.code
    else {
      failure ??= reply.failure
      // A unit behind a gateway may be off while its neighbours answer; without a connection nobody does.
      if (reply.failure !== 'timeout' || work.deadlineMs <= performance.now()) break
      silent.add(range.unit)
    }
  }
  device.usedMs = performance.now()
  return { ranges: values, failure, exception }
}

const TOO_LARGE: Reply = { kind: 'failed', failure: 'too_large' }

async function askOnce(work: Work, range: ModbusRange): Promise<Reply> {
  if (!isAskable(range)) return { kind: 'failed', failure: 'failed' }
  const { device } = work
  const wasOpen = device.line?.isOpen() === true
  const reply = await askOn(work, range)
  // Devices close connections that were quiet: that shows at the next question, and is no failure.
  const isStale = wasOpen && reply.kind === 'failed' && reply.failure === 'closed_early'
  return isStale ? askOn(work, range) : reply
}

function isAskable({ unit, address, count, ...range }: ModbusRange): boolean {
  const most = range.function <= 2 ? BITS_MAX : REGISTERS_MAX
  const isWhole = [unit, address, count].every((one) => Number.isInteger(one) && one >= 0)
  return isWhole && unit <= 255 && count >= 1 && count <= most && address + count <= 65_536
}

async function askOn(work: Work, range: ModbusRange): Promise<Reply> {
  const line = await lineOf(work)
  if (typeof line === 'string') return { kind: 'failed', failure: line }
  const leftMs = work.deadlineMs - performance.now()
  if (leftMs <= 0) return { kind: 'failed', failure: 'timeout' }
  const reply = await line.ask(range, Math.min(leftMs, ANSWER_MS))
  if (reply.kind === 'failed') {
    line.close()
    work.device.line = null
  } else work.device.waitMs = 0
  return reply
}

async function lineOf(work: Work): Promise<ModbusLine | FieldFailure> {
  const { device, peer, deadlineMs, random } = work
  if (device.line?.isOpen() === true) return device.line
  device.line?.close()
  device.line = null
  const nowMs = performance.now()
  if (nowMs >= deadlineMs) return 'timeout'
  if (nowMs < device.retryAtMs) return device.failure
  // With the first device: a collector of accelerators does without the library.
  const { openLine } = await import('./host-modbus-line.ts')
  const line = await openLine(peer, Math.min(deadlineMs - nowMs, ANSWER_MS))
  if (typeof line !== 'string') {
    device.line = line
    return line
  }
  const { first, longest } = RETRY_MS
  device.waitMs = Math.min(longest, first + random() * Math.max(first, device.waitMs * 3 - first))
  device.retryAtMs = performance.now() + device.waitMs
  device.failure = line
  return line
}
