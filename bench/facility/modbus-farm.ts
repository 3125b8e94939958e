import { createServer, type Socket } from 'node:net'
import { PUMP_STATES } from '../../schemas/meter-metrics.ts'
import { createMapStore } from '../../collector/sources/modbus/load-map.ts'
import { simulateRegisters, valueKey } from '../../collector/sources/modbus/simulate.ts'
import { createStates } from './farm.ts'
import { indexOf, isCooling, SLOW_MS, troubleOf, type Wrong } from './fleet.ts'
import { say } from './lines.ts'

/** Modbus TCP units: energy meters and cooling units of the maps that come with the source. `bad` as argument: some are bad. */
const hasBad = process.argv[2] === 'bad'
const WORDS = 512
const HEADER = 7
const ILLEGAL_ADDRESS = 2
const DEVICE_FAILURE = 4

/** Words by function code. */
type Image = ReadonlyMap<number, Uint16Array>

const maps = new Map(
  createMapStore()
    .builtIn()
    .map((map) => [map.name, map]),
)
const images = new Map<string, Image>()
const states = createStates(() => undefined)

function imageOf(name: string, wrong: Wrong): Image {
  const key = [name, ...[...wrong].toSorted()].join()
  const known = images.get(key)
  if (known !== undefined) return known
  const map = maps.get(name)
  if (map === undefined) throw new Error(`there is no map ${name}`)
  const values = new Map(map.points.map((point) => [valueKey(point), NORMAL[point.metric] ?? 1]))
  if (wrong.has('flow')) values.set('secondary flow_liters_per_minute', 30)
  if (wrong.has('leak')) values.set('leak/1 leak_state', 2)
  if (wrong.has('pump')) values.set('pump/1 pump_state', PUMP_STATES.indexOf('failed'))
  const image = new Map<number, Uint16Array>()
  for (const word of simulateRegisters(map, values)) {
    const words = image.get(word.function) ?? new Uint16Array(WORDS)
    image.set(word.function, words)
    words[word.address] = word.value
  }
  images.set(key, image)
  return image
}

const NORMAL: Readonly<Record<string, number>> = {
  power_watts: 40_000,
  apparent_power_voltamperes: 41_000,
  energy_joules_total: 9_000_000_000,
  voltage_volts: 231,
  current_amperes: 60,
  frequency_hertz: 50,
  supply_temperature_celsius: 31,
  return_temperature_celsius: 41,
  flow_liters_per_minute: 1100,
  heat_removed_watts: 700_000,
  supply_pressure_pascals: 250_000,
  return_pressure_pascals: 120_000,
  filter_pressure_drop_pascals: 20_000,
  reservoir_level_ratio: 0.8,
  pump_speed_ratio: 0.6,
  pump_state: PUMP_STATES.indexOf('running'),
  leak_state: 0,
}

/** The answer to a request, exception included. */
function answer(request: Buffer, device: number): Buffer {
  const func = request.readUInt8(HEADER)
  const address = request.readUInt16BE(HEADER + 1)
  const count = request.readUInt16BE(HEADER + 3)
  const name = isCooling(device) ? 'example-cdu' : 'energy-meter'
  const words = imageOf(name, states.wrongOf(device)).get(func)
  const isLocked = troubleOf(device, hasBad) === 'locked'
  if (isLocked || words === undefined || address + count > WORDS)
    return frame(request, [func | 0x80, isLocked ? DEVICE_FAILURE : ILLEGAL_ADDRESS])
  const taken = [...words.subarray(address, address + count)]
  const bytes =
    func <= 2
      ? Array.from({ length: Math.ceil(count / 8) }, (_, at) =>
          taken.slice(at * 8, at * 8 + 8).reduce((sum, bit, place) => sum | (bit << place), 0),
        )
      : taken.flatMap((word) => [word >> 8, word & 255])
  return frame(request, [func, bytes.length, ...bytes])
}

function frame(request: Buffer, pdu: readonly number[]): Buffer {
  const header = Buffer.from(request.subarray(0, HEADER))
  header.writeUInt16BE(pdu.length + 1, 4)
  return Buffer.concat([header, Buffer.from(pdu)])
}

function serve(socket: Socket): void {
  const device = indexOf(socket.localAddress ?? '')
  const trouble = troubleOf(device, hasBad)
  socket.on('error', () => undefined)
  socket.on('data', (request) => {
    if (trouble === 'silent' || typeof request === 'string' || request.length < 12) return
    const reply = answer(request, device)
    if (trouble === 'garbage') socket.write('220 welcome\r\n')
    else if (trouble === 'half') socket.end(reply.subarray(0, HEADER + 2))
    else if (trouble === 'slow') setTimeout(() => void socket.write(reply), SLOW_MS)
    else socket.write(reply)
  })
}

const server = createServer({ noDelay: true }, serve)
server.listen(0, '0.0.0.0', () => {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  say({ port: address.port })
})
