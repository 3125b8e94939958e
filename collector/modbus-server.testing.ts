import { createServer, type Socket } from 'node:net'
import { ServerTCP } from 'modbus-serial'

/** Registers of a real server for tests: `function unit address` -> word. What is not there is exception 2. */
export interface ModbusServer {
  readonly port: number
  readonly words: Map<string, number>
  /** Words asked for, in order, by their keys. */
  readonly asked: string[]
  /** Connections taken so far. */
  readonly connections: () => number
  /** Ends the open connections, as devices do with quiet ones. */
  hangUp(): void
  stop(): Promise<void>
}

/** The key of a word of a server. */
export const wordKey = (func: number, unit: number, address: number) => `${func} ${unit} ${address}`

/** A port nobody uses at this moment. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.on('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      const port = address === null || typeof address === 'string' ? 0 : address.port
      server.close(() => resolve(port))
    })
  })
}

class Refused extends Error {
  readonly modbusErrorCode = 2
}

/** Starts the library's own server; units other than `unit` are met with silence when it is given. */
export async function startModbusServer(given: {
  readonly unit?: number
  readonly port?: number
}): Promise<ModbusServer> {
  const port = given.port ?? (await freePort())
  const words = new Map<string, number>()
  const asked: string[] = []
  const sockets = new Set<Socket>()
  let connections = 0
  const word = (func: number) => (address: number, unit: number) => {
    asked.push(wordKey(func, unit, address))
    const value = words.get(wordKey(func, unit, address))
    if (value === undefined) throw new Refused(`no word ${address}`)
    return value
  }
  const vector = {
    getCoil: (address: number, unit: number) => word(1)(address, unit) !== 0,
    getDiscreteInput: (address: number, unit: number) => word(2)(address, unit) !== 0,
    getHoldingRegister: word(3),
    getInputRegister: word(4),
  }
  const options = {
    host: '127.0.0.1',
    port,
    ...(given.unit === undefined ? {} : { unitID: given.unit }),
  }
  const server = new ServerTCP(vector, options)
  server.on('error', () => undefined)
  server.on('socketError', () => undefined)
  await new Promise<void>((resolve) => server.on('initialized', () => resolve()))
  const inner: unknown = Reflect.get(server, '_server')
  if (
    inner !== null &&
    typeof inner === 'object' &&
    'on' in inner &&
    typeof inner.on === 'function'
  )
    inner.on('connection', (socket: Socket) => {
      connections++
      sockets.add(socket)
    })
  const hangUp = () => {
    for (const socket of sockets) socket.destroy()
    sockets.clear()
  }
  return {
    port,
    words,
    asked,
    connections: () => connections,
    hangUp,
    async stop() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      hangUp()
      await closed
    },
  }
}
