import { execFileSync } from 'node:child_process'
import { createServer, type Server, type Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { createModbus, type ModbusHost } from './host-modbus.ts'
import { freePort, type ModbusServer, startModbusServer, wordKey } from './modbus-server.testing.ts'

/** The library's own server, and sockets that misbehave where it would not. */

const LIMITS = { timeoutMs: 4000, maxBytes: 65_536 }
const SHORT = { timeoutMs: 500, maxBytes: 65_536 }
const open: { stop(): unknown }[] = []
afterEach(async () => {
  for (const one of open.splice(0)) await one.stop()
})

const host = (random?: () => number): ModbusHost => {
  const made = createModbus(random)
  open.push(made)
  return made
}
const serve = async (
  given: Parameters<typeof startModbusServer>[0] = {},
): Promise<ModbusServer> => {
  const made = await startModbusServer(given)
  open.push(made)
  return made
}
const at = (port: number) => ({ host: '127.0.0.1', port })
const input = (address: number, count = 1, unit = 1) =>
  ({ unit, function: 4, address, count }) as const

/** A socket server that answers every chunk with what `reply` gives. */
async function raw(reply: (chunk: Uint8Array, socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>()
  const server: Server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.on('data', (chunk: Uint8Array) => reply(chunk, socket))
  })
  const port = await freePort()
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  open.push({
    stop: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        for (const socket of sockets) socket.destroy()
      }),
  })
  return port
}

describe('Modbus TCP against a real server', () => {
  it('reads words and bits of all four functions over one kept connection', async () => {
    const server = await serve()
    for (const [address, value] of [0x1234, 0xffff, 7].entries()) {
      server.words.set(wordKey(3, 1, address), value)
      server.words.set(wordKey(4, 1, address), value)
    }
    for (const address of [0, 1, 2, 3, 4]) {
      server.words.set(wordKey(1, 1, address), address % 2)
      server.words.set(wordKey(2, 1, address), 1)
    }
    const modbus = host()
    const functions = [1, 2, 3, 4] as const
    const ranges = functions.map((one) => ({ ...input(0, 3), function: one }))
    for (let round = 0; round < 2; round++) {
      const answer = await modbus.read(at(server.port), ranges, LIMITS)
      expect(answer).toEqual({
        ranges: [
          [0, 1, 0],
          [1, 1, 1],
          [0x1234, 0xffff, 7],
          [0x1234, 0xffff, 7],
        ],
        failure: null,
        exception: null,
      })
    }
    expect(server.connections()).toBe(1)
  })

  it('an exception costs its range only', async () => {
    const server = await serve()
    server.words.set(wordKey(4, 1, 10), 42)
    const answer = await host().read(at(server.port), [input(0), input(10)], LIMITS)
    expect(answer).toEqual({ ranges: [null, [42]], failure: null, exception: 2 })
  })

  it('a unit that is silent is asked once, and its neighbours still answer', async () => {
    const server = await serve({ unit: 1 })
    server.words.set(wordKey(4, 1, 0), 9)
    const ranges = [input(0, 1, 7), input(1, 1, 7), input(0)]
    const started = performance.now()
    const answer = await host().read(at(server.port), ranges, { ...LIMITS, timeoutMs: 9000 })
    expect(answer.ranges).toEqual([null, null, [9]])
    expect(answer.failure).toBe('timeout')
    expect(performance.now() - started).toBeLessThan(6000)
  }, 15_000)

  it('a connection that the device closed while it was quiet is opened anew', async () => {
    const server = await serve()
    server.words.set(wordKey(4, 1, 0), 5)
    const modbus = host()
    expect((await modbus.read(at(server.port), [input(0)], LIMITS)).ranges).toEqual([[5]])
    server.hangUp()
    expect((await modbus.read(at(server.port), [input(0)], LIMITS)).ranges).toEqual([[5]])
    expect(server.connections()).toBe(2)
  })

  it('a device that is gone is tried again after a wait, and found again', async () => {
    const port = await freePort()
    const modbus = host(() => 0)
    expect((await modbus.read(at(port), [input(0)], LIMITS)).failure).toBe('refused')
    const server = await serve({ port })
    server.words.set(wordKey(4, 1, 0), 3)
    expect((await modbus.read(at(port), [input(0)], LIMITS)).failure).toBe('refused')
    expect(server.connections()).toBe(0)
    await expect
      .poll(async () => (await modbus.read(at(port), [input(0)], LIMITS)).ranges, { timeout: 5000 })
      .toEqual([[3]])
  })

  it('calls to one gateway wait for each other', async () => {
    const server = await serve()
    for (const unit of [1, 2, 3]) server.words.set(wordKey(4, unit, 0), unit)
    const modbus = host()
    const answers = await Promise.all(
      [1, 2, 3].map((unit) => modbus.read(at(server.port), [input(0, 1, unit)], LIMITS)),
    )
    expect(answers.map(({ ranges }) => ranges)).toEqual([[[1]], [[2]], [[3]]])
    expect(server.connections()).toBe(1)
  })

  it('refuses ranges no device could answer without asking it', async () => {
    const server = await serve()
    for (const range of [input(0, 126), input(65_535, 2), input(-1), input(0, 1, 256), input(0, 0)])
      expect((await host().read(at(server.port), [range], LIMITS)).failure).toBe('failed')
    expect(server.asked).toEqual([])
  })
})

describe('a connection that is kept for long', () => {
  it('is answered right after the numbers of questions came round', async () => {
    const server = await serve()
    server.words.set(wordKey(4, 1, 0), 0)
    const modbus = host()
    for (let question = 0; question < 600; question++) {
      server.words.set(wordKey(4, 1, 0), question)
      const answer = await modbus.read(at(server.port), [input(0)], LIMITS)
      expect(answer.ranges).toEqual([[question]])
    }
    expect(server.connections()).toBe(1)
  })
})

describe('what is no Modbus', () => {
  it('silence, half an answer and a late one end in time', async () => {
    const silent = await raw(() => undefined)
    expect((await host().read(at(silent), [input(0)], SHORT)).failure).toBe('timeout')
    const half = await raw((chunk, socket) =>
      socket.write(Uint8Array.from([chunk[0] ?? 0, chunk[1] ?? 0, 0, 0, 0, 5, 1, 4, 2])),
    )
    expect((await host().read(at(half), [input(0)], SHORT)).failure).toBe('timeout')
  })

  it('another protocol and a flood are garbage at once', async () => {
    const web = await raw((_, socket) => socket.write('HTTP/1.1 400 Bad Request\r\n\r\n'))
    expect((await host().read(at(web), [input(0)], LIMITS)).failure).toBe('garbage')
    const flood = await raw((_, socket) => socket.write(new Uint8Array(4096)))
    expect((await host().read(at(flood), [input(0)], LIMITS)).failure).toBe('garbage')
  })

  it('an answer of another length or unit is garbage, a closed line is said', async () => {
    const answerWith = (body: readonly number[]) => (chunk: Uint8Array, socket: Socket) =>
      socket.write(Uint8Array.from([chunk[0] ?? 0, chunk[1] ?? 0, 0, 0, 0, body.length, ...body]))
    const long = await raw(answerWith([1, 4, 4, 0, 1, 0, 2]))
    expect((await host().read(at(long), [input(0)], LIMITS)).failure).toBe('garbage')
    const stranger = await raw(answerWith([9, 4, 2, 0, 1]))
    expect((await host().read(at(stranger), [input(0)], LIMITS)).failure).toBe('garbage')
    const closing = await raw((_, socket) => socket.destroy())
    expect((await host().read(at(closing), [input(0)], LIMITS)).failure).toBe('closed_early')
  })
})

it('the library brings nothing native and no serial port', () => {
  const script = `import('./collector/host-modbus.ts').then(() => console.log(JSON.stringify({
    native: process.report.getReport().sharedObjects.filter((one) => one.endsWith('.node')) })))`
  const out = execFileSync(process.execPath, ['--input-type=module', '-e', script], {
    encoding: 'utf8',
  })
  expect(JSON.parse(out.trim().split('\n').at(-1) ?? '')).toEqual({ native: [] })
})
