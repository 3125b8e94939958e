import { compareOids } from '../../collector/formats/oid.ts'
import type { SimulatedVariable } from '../../collector/sources/snmp/simulate.ts'

/**
 * As much of an SNMP agent as a collector asks for: GET, GETNEXT and GETBULK of version 2c over variables that are encoded once
 * (RFC 3416, BER of X.690). A real snmpd cannot be hundreds of devices whose values change.
 */

const SEQUENCE = 0x30
const INTEGER = 0x02
const OCTETS = 0x04
const OID = 0x06
const GET = 0xa0
const NEXT = 0xa1
const RESPONSE = 0xa2
const BULK = 0xa5
const TRAP = 0xa7
const NO_SUCH = Buffer.from([0x81, 0])
const END_OF_VIEW = Buffer.from([0x82, 0])
/** Variables of one answer: what fits a datagram. */
const ANSWER_BYTES = 1400

/** Variables of an agent in their order. */
export interface View {
  readonly oids: readonly string[]
  readonly places: ReadonlyMap<string, number>
  /** Name and value of each, encoded. */
  readonly bindings: readonly Buffer[]
}

export function viewOf(variables: readonly SimulatedVariable[]): View {
  const sorted = variables.toSorted((a, b) => compareOids(a.oid, b.oid))
  const oids = sorted.map(({ oid }) => oid)
  return {
    oids,
    places: new Map(oids.map((oid, at) => [oid, at])),
    bindings: sorted.map((one) => binding(one.oid, valueOf(one))),
  }
}

/** The answer to a datagram, or null when it is none of ours. */
export function answerTo(datagram: Buffer, community: string, view: View): Buffer | null {
  const message = partsOf(partsOf(datagram)[0]?.content ?? datagram)
  const [version, given, pdu] = message
  if (version === undefined || given === undefined || pdu === undefined) return null
  if (given.content.toString() !== community) return null
  const [id, first, second, list] = partsOf(pdu.content)
  if (id === undefined || first === undefined || second === undefined || list === undefined)
    return null
  const asked = partsOf(list.content).map(({ content }) => readOid(partsOf(content)[0]?.content))
  const bindings =
    pdu.tag === BULK
      ? bulk(view, asked, Math.max(1, second.content.readIntBE(0, second.content.length)))
      : asked.map((oid) => (pdu.tag === GET ? exact(view, oid) : following(view, oid).binding))
  if (pdu.tag !== GET && pdu.tag !== NEXT && pdu.tag !== BULK) return null
  return wrap(given.content, RESPONSE, id.content, bindings)
}

/** A trap of version 2c. */
export function trapOf(
  community: string,
  trap: string,
  variables: readonly SimulatedVariable[],
): Buffer {
  const frame: SimulatedVariable[] = [
    { oid: '1.3.6.1.2.1.1.3.0', type: 'Timeticks', value: 1 },
    { oid: '1.3.6.1.6.3.1.1.4.1.0', type: 'OID', value: trap },
  ]
  const bindings = [...frame, ...variables].map((one) => binding(one.oid, valueOf(one)))
  return wrap(Buffer.from(community), TRAP, Buffer.from([1]), bindings)
}

function wrap(community: Buffer, tag: number, id: Buffer, bindings: readonly Buffer[]): Buffer {
  const zero = tlv(INTEGER, Buffer.from([0]))
  const list = tlv(SEQUENCE, ...bindings)
  const pdu = tlv(tag, tlv(INTEGER, id), zero, zero, list)
  return tlv(SEQUENCE, tlv(INTEGER, Buffer.from([1])), tlv(OCTETS, community), pdu)
}

const exact = (view: View, oid: string): Buffer => {
  const at = view.places.get(oid)
  return (at === undefined ? null : view.bindings[at]) ?? binding(oid, NO_SUCH)
}

function following(view: View, oid: string): { readonly oid: string; readonly binding: Buffer } {
  const here = view.places.get(oid)
  const at = here === undefined ? view.oids.findIndex((one) => compareOids(one, oid) > 0) : here + 1
  const next = view.oids[at]
  const found = view.bindings[at]
  return next === undefined || found === undefined
    ? { oid, binding: binding(oid, END_OF_VIEW) }
    : { oid: next, binding: found }
}

function bulk(view: View, asked: readonly string[], repetitions: number): Buffer[] {
  const bindings: Buffer[] = []
  let cursors = [...asked]
  let bytes = 0
  for (let round = 0; round < repetitions; round++) {
    const found = cursors.map((oid) => following(view, oid))
    bytes += found.reduce((sum, one) => sum + one.binding.length, 0)
    // Whole rows only, and at least one.
    if (bytes > ANSWER_BYTES && round > 0) break
    bindings.push(...found.map((one) => one.binding))
    cursors = found.map(({ oid }) => oid)
  }
  return bindings
}

const binding = (oid: string, value: Buffer): Buffer => tlv(SEQUENCE, writeOid(oid), value)

function valueOf({ type, value }: SimulatedVariable): Buffer {
  if (type === 'OID') return writeOid(String(value))
  if (type === 'STRING') return tlv(OCTETS, Buffer.from(String(value)))
  const digits = BigInt(value).toString(16)
  const hex = digits.replace('-', '')
  const bytes = Buffer.from(hex.length % 2 === 0 ? `00${hex}` : `000${hex}`, 'hex')
  // -1 is all that is negative here.
  return tlv(TAGS[type], digits.startsWith('-') ? Buffer.from([0xff]) : bytes)
}

const TAGS = {
  INTEGER,
  Counter32: 0x41,
  Gauge32: 0x42,
  Timeticks: 0x43,
  Counter64: 0x46,
} as const

function tlv(tag: number, ...contents: readonly Buffer[]): Buffer {
  const length = contents.reduce((sum, one) => sum + one.length, 0)
  const size =
    length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255]
  return Buffer.concat([Buffer.from([tag, ...size]), ...contents])
}

interface Part {
  readonly tag: number
  readonly content: Buffer
}

function partsOf(bytes: Buffer): Part[] {
  const parts: Part[] = []
  for (let at = 0; at + 2 <= bytes.length;) {
    const tag = bytes[at] ?? 0
    let length = bytes[at + 1] ?? 0
    at += 2
    if (length > 128) {
      const sizes = length - 128
      length = bytes.readUIntBE(at, sizes)
      at += sizes
    }
    parts.push({ tag, content: bytes.subarray(at, at + length) })
    at += length
  }
  return parts
}

function writeOid(oid: string): Buffer {
  const [first = 0, second = 0, ...rest] = oid.split('.').map(Number)
  const bytes = [first * 40 + second, ...rest].flatMap((arc) => {
    const groups = [arc & 127]
    for (let left = arc >>> 7; left > 0; left >>>= 7) groups.unshift((left & 127) | 128)
    return groups
  })
  return tlv(OID, Buffer.from(bytes))
}

function readOid(bytes: Buffer = Buffer.alloc(0)): string {
  const arcs: number[] = []
  let arc = 0
  for (const byte of bytes) {
    arc = arc * 128 + (byte & 127)
    if (byte >= 128) continue
    arcs.push(arc)
    arc = 0
  }
  const [first = 0, ...rest] = arcs
  return [
    Math.min(2, Math.floor(first / 40)),
    first - Math.min(2, Math.floor(first / 40)) * 40,
    ...rest,
  ].join('.')
}
