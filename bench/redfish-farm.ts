import { createServer } from 'node:https'
import { selfSigned } from '../collector/sources/redfish/certificate.testing.ts'
import { redfishTree, type SimulatedPdu } from '../collector/sources/redfish/simulate.ts'

/**
 * A process that answers for thousands of PDU controllers over TLS: every loopback address is another one, with 24 outlets. Of
 * a hundred, five never answer, five take 10 s, and two answer garbage. Prints its port and the certificate's PEM.
 *
 *     bin/node24 bench/redfish-farm.ts
 */
const OUTLETS = 24
const SLOW_MS = 10_000

const pdu: SimulatedPdu = {
  id: '1',
  watts: 8125.5,
  joules: 328_444_200_000,
  celsius: 26.3,
  outlets: Array.from({ length: OUTLETS }, (_, at) => ({
    id: `A${at + 1}`,
    watts: 340 + at,
    joules: 13_000_000_000 + at,
    volts: 230.4,
    amperes: 1.48,
  })),
}
const tree = redfishTree({ pdus: [pdu] })
const answers = new Map([...tree].map(([path, body]) => [path, JSON.stringify(body)]))
const outlets = '/redfish/v1/PowerEquipment/RackPDUs/1/Outlets'
const members = pdu.outlets.map(({ id }) => tree.get(`${outlets}/${id}`))
const whole = { ...tree.get(outlets), Members: members }
answers.set(`${outlets}?$expand=.($levels=1)`, JSON.stringify(whole))

const { cert, key } = selfSigned()
const server = createServer({ cert, key }, (request, response) => {
  const last = Number((request.headers.host ?? '').split(':')[0]?.split('.')[3] ?? 0) % 100
  const reply = () => {
    const body = answers.get((request.url ?? '').replace(/\/$/, ''))
    response.writeHead(body === undefined ? 404 : 200, { 'content-type': 'application/json' })
    response.end(body ?? '{}')
  }
  if (last >= 12) reply()
  else if (last >= 10) response.end('<html>starting</html>')
  else if (last >= 5) setTimeout(reply, SLOW_MS)
})
server.keepAliveTimeout = 120_000
server.listen(0, '0.0.0.0', () => {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  process.stdout.write(`${JSON.stringify({ port: address.port, cert })}\n`)
})
