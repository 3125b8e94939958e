import * as http from 'node:http'
import { createServer } from 'node:https'
import { selfSigned } from '../../collector/sources/redfish/certificate.testing.ts'
import { isJson, type Json, word } from '../../collector/sources/redfish/json.ts'
import { CDU, PDU } from '../../collector/sources/redfish/reads.testing.ts'
import { redfishTree } from '../../collector/sources/redfish/simulate.ts'
import { createStates, type Order } from './farm.ts'
import { indexOf, isCooling, nameOf, PASSWORD, SLOW_MS, troubleOf, type Wrong } from './fleet.ts'
import { say } from './lines.ts'

/** Controllers over TLS with logins and event subscriptions: PDUs with 24 outlets, and cooling units. `bad` as argument: some are bad. */
const hasBad = process.argv[2] === 'bad'
const OUTLETS = 24
const SESSIONS = '/redfish/v1/SessionService/Sessions'
const SUBSCRIPTIONS = '/redfish/v1/EventService/Subscriptions'
const UNIT = '/redfish/v1/ThermalEquipment/CDUs/1'

/** Answers by path, as bytes. */
type Answers = ReadonlyMap<string, Buffer>

const pdus = answersOf(
  redfishTree({
    pdus: [
      {
        ...PDU,
        outlets: Array.from({ length: OUTLETS }, (_, at) => ({
          id: `A${at + 1}`,
          watts: 340 + at,
          joules: 13_000_000_000 + at,
          volts: 230.4,
          amperes: 1.48,
        })),
      },
    ],
  }),
)
const cooling = new Map<string, Answers>()

function coolingAnswers(wrong: Wrong): Answers {
  const key = [...wrong].toSorted().join()
  const known = cooling.get(key)
  if (known !== undefined) return known
  const { secondary, pumps, leaks } = CDU
  const made = answersOf(
    redfishTree({
      cdus: [
        {
          ...CDU,
          secondary: { ...secondary, litersPerMinute: wrong.has('flow') ? 40 : 1100 },
          pumps: pumps.map((pump) =>
            pump.id === '1' && wrong.has('pump') ? { ...pump, state: 'failed' } : pump,
          ),
          leaks: leaks.map(({ id }) => ({
            id,
            state: id === '1' && wrong.has('leak') ? 'critical' : 'ok',
          })),
        },
      ],
    }),
  )
  cooling.set(key, made)
  return made
}

function answersOf(tree: ReadonlyMap<string, Json>): Answers {
  const answers = new Map<string, Buffer>()
  for (const [path, body] of tree) {
    answers.set(path, Buffer.from(JSON.stringify(body)))
    const { Members: members } = body
    if (!Array.isArray(members)) continue
    const inPlace = members.map((one: unknown) =>
      isJson(one) ? tree.get(word(one, '@odata.id')) : one,
    )
    const whole = JSON.stringify({ ...body, Members: inPlace })
    answers.set(`${path}?$expand=.($levels=1)`, Buffer.from(whole))
  }
  return answers
}

/** Of each device: where its events go, and with which token. */
const subscribed = new Map<number, { readonly destination: string; readonly context: string }>()
const states = createStates((order) => {
  const to = subscribed.get(order.device)
  if (order.tells && to !== undefined) push(order, to)
})

const ORIGINS: Readonly<Record<Order['change'], string>> = {
  leak: `${UNIT}/LeakDetection/LeakDetectors/1`,
  flow: `${UNIT}/SecondaryCoolantConnectors/1`,
  pump: `${UNIT}/Pumps/1`,
}
const agent = new http.Agent({ keepAlive: true, maxSockets: 8 })

function push(
  { change, isWrong, device }: Order,
  { destination, context }: { readonly destination: string; readonly context: string },
): void {
  const leak = `Environmental.1.1.0.LeakDetected${isWrong ? 'Critical' : 'Normal'}`
  const event = {
    MessageId: change === 'leak' ? leak : 'ResourceEvent.1.0.3.ResourceChanged',
    MessageSeverity: isWrong ? 'Critical' : 'OK',
    Message: `${change} of ${nameOf('redfish', device)}`,
    OriginOfCondition: { '@odata.id': ORIGINS[change] },
  }
  const body = JSON.stringify({ Context: context, Events: [event] })
  const sent = http.request(destination, {
    agent,
    method: 'POST',
    headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
  })
  sent.on('response', (response) => response.resume())
  sent.on('error', (error) => process.stderr.write(`an event was not taken: ${error.message}\n`))
  sent.end(body)
}

function take(
  request: http.IncomingMessage,
  response: http.ServerResponse,
  { device, body }: { readonly device: number; readonly body: string },
): void {
  const send = (status: number, bytes: Buffer | string, headers: http.OutgoingHttpHeaders = {}) =>
    void response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(bytes)
  const isLocked = troubleOf(device, hasBad) === 'locked'
  if (request.method === 'POST' && request.url === SESSIONS) {
    const given: unknown = JSON.parse(body)
    if (isLocked || !isJson(given) || word(given, 'Password') !== PASSWORD) return send(401, '{}')
    const location = `${SESSIONS}/1`
    return send(201, '{}', { 'x-auth-token': `token-${device}`, location })
  }
  if (request.headers['x-auth-token'] !== `token-${device}`) return send(401, '{}')
  if (request.method === 'DELETE') return send(204, '')
  if (request.method === 'POST') {
    const given: unknown = JSON.parse(body)
    if (!isJson(given)) return send(400, '{}')
    const place = { destination: word(given, 'Destination'), context: word(given, 'Context') }
    subscribed.set(device, place)
    return send(201, '{}', { location: `${SUBSCRIPTIONS}/1` })
  }
  if (request.url === SUBSCRIPTIONS) return send(200, '{"Members":[]}')
  if (request.url === `${SUBSCRIPTIONS}/1`) return send(200, '{}')
  const answers = isCooling(device) ? coolingAnswers(states.wrongOf(device)) : pdus
  const found = answers.get((request.url ?? '').replace(/\/$/, ''))
  if (found === undefined) return send(404, '{}')
  if (troubleOf(device, hasBad) !== 'half') return send(200, found)
  response.writeHead(200, { 'content-length': found.length }).write(found.subarray(0, 40))
  setImmediate(() => response.destroy())
}

const { cert, key } = selfSigned()
const server = createServer({ cert, key }, (request, response) => {
  const device = indexOf(request.socket.localAddress ?? '')
  const trouble = troubleOf(device, hasBad)
  let body = ''
  request.on('data', (chunk: Buffer) => (body += chunk.toString('utf8')))
  request.on('end', () => {
    const reply = () => take(request, response, { device, body })
    if (trouble === 'garbage') response.end('<html>starting</html>')
    else if (trouble === 'slow') setTimeout(reply, SLOW_MS)
    else if (trouble !== 'silent') reply()
  })
})
server.keepAliveTimeout = 120_000
server.listen(0, '0.0.0.0', () => {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  say({ port: address.port, cert })
})
