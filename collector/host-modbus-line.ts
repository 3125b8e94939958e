import { connect, type Socket } from 'node:net'
import modbusSerial from 'modbus-serial'
import type { FieldFailure, ModbusPeer, ModbusRange } from './field-io.ts'

/** Bytes of one answer: 125 registers and their header are 259. */
const ANSWER_BYTES = 1024

/** What one question brought: numbers, the exception of the device, or why there is nothing. */
export type Reply =
  | { readonly kind: 'values'; readonly values: readonly number[] }
  | { readonly kind: 'exception'; readonly code: number }
  | { readonly kind: 'failed'; readonly failure: FieldFailure }

/** One open connection to a device. After `failed` it is closed: a late answer must not be taken for the next one. */
export interface ModbusLine {
  isOpen(): boolean
  /** Never rejects. */
  ask(range: ModbusRange, timeoutMs: number): Promise<Reply>
  close(): void
}

const failed = (failure: FieldFailure): Reply => ({ kind: 'failed', failure })

/** Connects to a device, or says why not. Never rejects. */
export async function openLine(
  peer: ModbusPeer,
  timeoutMs: number,
): Promise<ModbusLine | FieldFailure> {
  const socket = await connected(peer, timeoutMs)
  return typeof socket === 'string' ? socket : lineOn(socket)
}

function connected(peer: ModbusPeer, timeoutMs: number): Promise<Socket | FieldFailure> {
  return new Promise((resolve) => {
    const socket = connect({ host: peer.host, port: peer.port, noDelay: true, keepAlive: true })
    const give = (result: Socket | FieldFailure) => {
      clearTimeout(timer)
      if (typeof result === 'string') socket.destroy()
      resolve(result)
    }
    const timer = setTimeout(() => give('timeout'), timeoutMs)
    socket.on('error', (error) => give(connectFailure(error)))
    socket.once('connect', () => give(socket))
  })
}

function connectFailure(error: Error): FieldFailure {
  const code = 'code' in error ? error.code : undefined
  if (code === 'ECONNREFUSED') return 'refused'
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'dns'
  return code === 'ETIMEDOUT' ? 'timeout' : 'failed'
}

async function lineOn(socket: Socket): Promise<ModbusLine | FieldFailure> {
  const client = new modbusSerial.default()
  /** Resolves the question under way; the library does not when the connection ends. */
  let interrupt: ((reply: Reply) => void) | null = null
  let answerBytes = 0
  const end = (failure: FieldFailure) => {
    socket.destroy()
    interrupt?.(failed(failure))
  }
  // Before the library sees them: it waits for as many bytes as any header promises.
  socket.on('data', (chunk: Uint8Array) => {
    const isStart = answerBytes === 0
    answerBytes += chunk.length
    const isModbus = !isStart || chunk.length < 4 || (chunk[2] === 0 && chunk[3] === 0)
    if (!isModbus || answerBytes > ANSWER_BYTES) end('garbage')
  })
  socket.on('close', () => interrupt?.(failed('closed_early')))
  try {
    await client.linkTCP(socket, { port: socket.remotePort ?? 0 })
  } catch {
    socket.destroy()
    return 'closed_early'
  }
  client.on('error', () => end('failed'))
  return {
    isOpen: () => !socket.destroyed && socket.writable,
    async ask(range, timeoutMs) {
      answerBytes = 0
      const { promise, resolve } = Promise.withResolvers<Reply>()
      interrupt = resolve
      const timer = setTimeout(() => end('timeout'), timeoutMs)
      void askLibrary(client, range).then(resolve)
      const reply = await promise
      clearTimeout(timer)
      interrupt = null
      forgetAnswered(client)
      if (reply.kind === 'failed') socket.destroy()
      return reply
    },
    close() {
      client.destroy(() => undefined)
      socket.destroy()
    },
  }
}

type Client = InstanceType<typeof modbusSerial.default>

const NO_BYTES = Buffer.alloc(0)

/**
 * The library keeps every question with its callbacks until the number comes round, 256 questions later, and an empty slice of the
 * last answer, which holds on to the 64 kB it was cut from: 0.3 MB per connection. It offers no way to let go of them.
 */
function forgetAnswered(client: Client): void {
  const asked: unknown = Reflect.get(client, '_transactions')
  if (typeof asked === 'object' && asked !== null)
    for (const number of Object.keys(asked)) Reflect.deleteProperty(asked, number)
  const port: unknown = Reflect.get(client, '_port')
  if (typeof port === 'object' && port !== null) Reflect.set(port, '_clientRcvData', NO_BYTES)
}

async function askLibrary(client: Client, range: ModbusRange): Promise<Reply> {
  const { count } = range
  client.setID(range.unit)
  try {
    const { data } = await question(client, range)
    // Bits come in whole bytes: those behind the last one mean nothing.
    return { kind: 'values', values: data.slice(0, count).map(Number) }
  } catch (error) {
    const code: unknown = error instanceof Error ? Reflect.get(error, 'modbusCode') : undefined
    if (typeof code === 'number') return { kind: 'exception', code }
    const isClosed = error instanceof Error && error.name === 'PortNotOpenError'
    return failed(isClosed ? 'closed_early' : 'garbage')
  }
}

function question(
  client: Client,
  { function: func, address, count }: ModbusRange,
): Promise<{ readonly data: readonly (number | boolean)[] }> {
  if (func === 1) return client.readCoils(address, count)
  if (func === 2) return client.readDiscreteInputs(address, count)
  return func === 3
    ? client.readHoldingRegisters(address, count)
    : client.readInputRegisters(address, count)
}
