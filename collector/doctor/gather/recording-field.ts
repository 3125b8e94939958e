import type { FieldIo, FieldResponse, SnmpAnswer, SnmpVariable } from '../../field-io.ts'

/** What a device said, and how the question ended. */
export type KeepAnswer = (what: string, result: string, bytes: Uint8Array) => void

/** A session is how some devices let us in; nothing else on them is ours to change. */
const SESSION = /\/Sessions(?:\/|$)/
const REFUSED: FieldResponse = {
  status: null,
  body: new Uint8Array(),
  headers: {},
  failure: 'not_permitted',
}

/**
 * The protocols of facility devices for one read: what devices say is kept, and they are only asked. No port is opened, because
 * a collector beside us may hold it.
 */
export function recordingField(field: FieldIo, keep: KeepAnswer): FieldIo {
  const { snmp, modbus } = field
  const keepSnmp = (what: string, { variables, failure }: SnmpAnswer) =>
    keep(what, failure ?? 'ok', new TextEncoder().encode(variables.map(lineOf).join('\n')))
  return {
    snmp: {
      async get(peer, oids, limits) {
        const answer = await snmp.get(peer, oids, limits)
        keepSnmp(`snmp get ${peer.host}:${peer.port}`, answer)
        return answer
      },
      async walk(peer, roots, limits) {
        const answer = await snmp.walk(peer, roots, limits)
        keepSnmp(`snmp walk ${peer.host}:${peer.port} ${roots.slice(0, 4).join(' ')}`, answer)
        return answer
      },
      traps: noEar,
      addressOf: (host) => snmp.addressOf(host),
    },
    ...(modbus === undefined
      ? {}
      : {
          modbus: {
            async read(peer, ranges, limits) {
              const answer = await modbus.read(peer, ranges, limits)
              const said = JSON.stringify(
                ranges.map((range, at) => ({ ...range, values: answer.ranges[at] ?? null })),
              )
              const what = `modbus read ${peer.host}:${peer.port}`
              keep(what, answer.failure ?? 'ok', new TextEncoder().encode(said))
              return answer
            },
          },
        }),
    async request(url, request, limits) {
      const isReading = request.method === 'GET'
      if (!isReading && !SESSION.test(new URL(url).pathname)) return REFUSED
      const answer = await field.request(url, request, limits)
      // What a login answers is nobody's to keep.
      if (isReading)
        keep(`GET ${url}`, answer.failure ?? `status ${answer.status ?? '?'}`, answer.body)
      return answer
    },
    hear: noEar,
  }
}

const noEar = () => Promise.reject(new Error('doctor asks only, and opens no port'))

function lineOf({ oid, value }: SnmpVariable): string {
  if (value.kind === 'none') return `${oid} -`
  if (value.kind === 'bytes') return `${oid} ${Buffer.from(value.bytes).toString('hex')}`
  return `${oid} ${'number' in value ? String(value.number) : value.text}`
}
