import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { apcPduVariables, type SimulatedVariable } from '../../collector/sources/snmp/simulate.ts'
import { createStates } from './farm.ts'
import { addressOf, COMMUNITY, isCooling, nameOf, SLOW_MS, troubleOf, type Wrong } from './fleet.ts'
import { say } from './lines.ts'
import { answerTo, trapOf, type View, viewOf } from './snmp-agent.ts'
import { coolingVariables, TRAP } from './snmp-profile.ts'

/** SNMP agents, one socket per address: PDUs with 23 values and cooling units. Arguments: how many, port of traps, `bad`. */
const [count = '0', trapPort = '0', bad] = process.argv.slice(2)
const hasBad = bad === 'bad'
const BANKS = 12
const BANK = '1.3.6.1.4.1.318.1.1.26.8.3.1'

const int = (oid: string, value: number): SimulatedVariable => ({ oid, type: 'INTEGER', value })
const pdu = viewOf([
  ...apcPduVariables({ name: 'pdu', powerWatts: 8120, energyKwh: 91_000, volts: 230, phases: 3 }),
  ...Array.from({ length: BANKS }, (_, at) => at + 1).flatMap((bank) => [
    int(`${BANK}.2.${bank}`, 1),
    int(`${BANK}.3.${bank}`, bank),
    int(`${BANK}.5.${bank}`, 30 + bank),
  ]),
])
const cooling = new Map<string, View>()
const sockets: Socket[] = []
const states = createStates(({ device, tells }) => {
  // Nothing of what changed is in it, as with most devices: it must be asked for.
  if (tells) sockets[device]?.send(trapOf(COMMUNITY, TRAP, []), Number(trapPort), '127.0.0.1')
})

function coolingView(wrong: Wrong): View {
  const key = [...wrong].toSorted().join()
  const known = cooling.get(key) ?? viewOf(coolingVariables('cdu', wrong))
  cooling.set(key, known)
  return known
}

function reply(socket: Socket, device: number, datagram: Buffer, port: number, to: string): void {
  const trouble = troubleOf(device, hasBad)
  if (trouble === 'silent' || trouble === 'locked') return
  const view = isCooling(device) ? coolingView(states.wrongOf(device)) : pdu
  const answer = answerTo(datagram, COMMUNITY, view)
  if (answer === null) return
  const bytes =
    trouble === 'garbage'
      ? Buffer.from(`garbage of ${nameOf('snmp', device)}`)
      : trouble === 'half'
        ? answer.subarray(0, answer.length >> 1)
        : answer
  const send = () => socket.send(bytes, port, to)
  if (trouble === 'slow') setTimeout(send, SLOW_MS)
  else send()
}

let port = 0
for (let device = 0; device < Number(count); device++) {
  const socket = createSocket('udp4')
  socket.on('message', (datagram, from) => reply(socket, device, datagram, from.port, from.address))
  socket.on('error', () => undefined)
  socket.bind(port, addressOf('snmp', device))
  await once(socket, 'listening')
  port ||= socket.address().port
  sockets.push(socket)
}
say({ port })
