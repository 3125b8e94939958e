import { createSocket, type Socket } from 'node:dgram'
import * as library from 'net-snmp'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { SnmpPeer, SnmpTrap, TrapListen } from './field-io.ts'
import { createSnmp } from './host-snmp.ts'
import { COMMUNITY, freeUdpPort, type Snmpd, startSnmpd, V3_USER } from './snmpd.testing.ts'

const ROOT = '1.3.6.1.4.1.99999.1'
const limits = { timeoutMs: 8000, maxBytes: 1 << 20 }
const snmp = createSnmp()
let agent: Snmpd

beforeAll(async () => {
  agent = await startSnmpd([
    ...Array.from({ length: 120 }, (_, at) => ({
      oid: `${ROOT}.1.${at + 1}`,
      type: 'INTEGER' as const,
      value: at,
    })),
    { oid: `${ROOT}.2.1`, type: 'STRING', value: 'outlet A1' },
    { oid: `${ROOT}.3.1`, type: 'Counter32', value: 4_294_967_295 },
    { oid: `${ROOT}.4.1`, type: 'Gauge32', value: 4_000_000_000 },
    { oid: `${ROOT}.5.1`, type: 'INTEGER', value: -1 },
  ])
})
afterAll(async () => {
  snmp.stop()
  await agent.stop()
})

const peer = (over: Partial<SnmpPeer> = {}): SnmpPeer => ({
  host: '127.0.0.1',
  port: agent.port,
  version: '2c',
  community: COMMUNITY,
  ...over,
})
const v3 = (over: Partial<NonNullable<SnmpPeer['user']>> = {}): SnmpPeer => ({
  host: '127.0.0.1',
  port: agent.port,
  version: '3',
  user: { ...V3_USER, ...over },
})
const numbers = (found: { readonly variables: readonly { value: object }[] }) =>
  found.variables.map(({ value }) => ('number' in value ? value.number : value))

describe('a real snmpd', () => {
  it.each(['1', '2c'] as const)('version %s: walks columns whole, in order', async (version) => {
    const found = await snmp.walk(peer({ version }), [`${ROOT}.1`, `${ROOT}.5`], limits)
    expect(found.failure).toBeNull()
    expect(found.variables).toHaveLength(121)
    const first = found.variables.filter(({ oid }) => oid.startsWith(`${ROOT}.1.`))
    expect(numbers({ variables: first })).toEqual(Array.from({ length: 120 }, (_, at) => at))
    expect(found.variables.at(-1)?.oid).toBeDefined()
  })

  it('version 3 with authentication and encryption, again over the same session', async () => {
    for (let time = 0; time < 2; time++) {
      const found = await snmp.walk(v3(), [`${ROOT}.1`], limits)
      expect([found.failure, found.variables.length]).toEqual([null, 120])
    }
  })

  it('gives every type as it is, and what does not exist as no value', async () => {
    const oids = [`${ROOT}.2.1`, `${ROOT}.3.1`, `${ROOT}.4.1`, `${ROOT}.5.1`, `${ROOT}.9.9`]
    for (const version of ['1', '2c'] as const) {
      const { variables, failure } = await snmp.get(peer({ version }), oids, limits)
      expect(failure).toBeNull()
      expect(variables.map(({ value }) => value)).toEqual([
        { kind: 'text', text: 'outlet A1' },
        { kind: 'counter32', number: 4_294_967_295 },
        { kind: 'gauge32', number: 4_000_000_000 },
        { kind: 'integer', number: -1 },
        { kind: 'none' },
      ])
    }
  })

  it('a root without anything below it is walked to nothing', async () => {
    expect(await snmp.walk(peer(), [`${ROOT}.77`], limits)).toEqual({
      variables: [],
      failure: null,
    })
  })

  it('stops where the bytes end', async () => {
    const found = await snmp.walk(peer(), [`${ROOT}.1`], { ...limits, maxBytes: 2000 })
    expect(found.failure).toBe('too_large')
    expect(found.variables.length).toBeLessThan(60)
  })

  it('a wrong community is silence, a wrong user or key is refused, and a right one then works', async () => {
    const short = { ...limits, timeoutMs: 600 }
    expect(await snmp.get(peer({ community: 'wrong' }), [`${ROOT}.5.1`], short)).toEqual({
      variables: [],
      failure: 'timeout',
    })
    const wrong = [
      v3({ name: 'nobody' }),
      v3({ auth: { protocol: 'sha256', key: 'not-the-key-at-all' } }),
      v3({ priv: { protocol: 'aes', key: 'not-the-key-at-all' } }),
    ]
    for (const one of wrong)
      expect(
        (await snmp.get(one, [`${ROOT}.5.1`], { ...limits, timeoutMs: 1500 })).failure,
      ).toMatch(/not_permitted|timeout/)
    expect((await snmp.get(v3(), [`${ROOT}.5.1`], limits)).failure).toBeNull()
  })

  it('an agent that was restarted has another engine and another time: the next call but one works', async () => {
    const before = await startSnmpd([])
    const restarted = { ...v3(), port: before.port }
    const name = ['1.3.6.1.2.1.1.5.0']
    expect((await snmp.get(restarted, name, limits)).failure).toBeNull()
    await before.stop()
    expect((await snmp.get(restarted, name, { ...limits, timeoutMs: 500 })).failure).toBe('refused')
    const again = await startSnmpd([], [], before.port)
    try {
      expect((await snmp.get(restarted, name, limits)).failure).toBeNull()
    } finally {
      await again.stop()
    }
    // Restarted while nobody asked: the kept session meets an engine it does not know.
    const third = await startSnmpd([], [], before.port)
    try {
      await snmp.get(restarted, name, { ...limits, timeoutMs: 1500 })
      expect((await snmp.get(restarted, name, limits)).failure).toBeNull()
    } finally {
      await third.stop()
    }
  })

  it('one call at a time per peer; another peer is not held up', async () => {
    const [first, second, other] = await Promise.all([
      snmp.walk(peer(), [`${ROOT}.1`], limits),
      snmp.walk(peer(), [`${ROOT}.1`], limits),
      snmp.walk(peer({ host: '127.0.0.2' }), [`${ROOT}.1`], limits),
    ])
    expect([first.failure, second.failure, other.failure]).toEqual([null, 'busy', null])
  })

  it('knows the address of a name after a read, and of an address at once', async () => {
    expect(snmp.addressOf('localhost')).toBeNull()
    await snmp.get(peer({ host: 'localhost' }), [`${ROOT}.5.1`], { ...limits, timeoutMs: 500 })
    expect(snmp.addressOf('localhost')).toMatch(/^(127\.0\.0\.1|::1)$/)
    expect(snmp.addressOf('10.1.2.3')).toBe('10.1.2.3')
  })
})

describe('what is no agent', () => {
  let server: Socket | undefined
  afterEach(() => server?.close())

  /** Answers every datagram with these; null = not at all. */
  async function answering(make: (asked: Buffer) => readonly Buffer[]): Promise<number> {
    const socket = createSocket('udp4')
    server = socket
    socket.on('message', (asked, from) => {
      for (const bytes of make(asked)) socket.send(bytes, from.port, from.address)
    })
    await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', () => resolve()))
    return socket.address().port
  }

  it('silence is a timeout in time, and delays nobody else', async () => {
    const port = await answering(() => [])
    const silent = snmp.walk(peer({ port }), [`${ROOT}.1`], { ...limits, timeoutMs: 1500 })
    const began = performance.now()
    const found = await snmp.walk(peer(), [`${ROOT}.1`], limits)
    expect(found.failure).toBeNull()
    expect(performance.now() - began).toBeLessThan(1200)
    expect((await silent).failure).toBe('timeout')
  })

  it('garbage is said to be garbage, and ends nothing', async () => {
    const whole = Buffer.from('30260201010406707562', 'hex')
    const shapes: ((asked: Buffer) => Buffer[])[] = [
      () => [Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'), Buffer.alloc(0), whole],
      (asked) => [asked.subarray(0, asked.length - 3)],
      // The question itself, sent back, with every byte of it flipped in turn.
      (asked) =>
        Array.from(asked, (byte, at) => {
          const flipped = Buffer.from(asked)
          flipped[at] = byte ^ 0xff
          return flipped
        }),
    ]
    for (const shape of shapes) {
      const port = await answering(shape)
      for (const one of [peer({ port }), { ...v3(), port }]) {
        const found = await snmp.get(one, [`${ROOT}.5.1`], { ...limits, timeoutMs: 400 })
        expect(found.failure).toMatch(/garbage|timeout|failed|not_permitted/)
      }
      server?.close()
    }
    server = undefined
  })

  it('a port where nothing listens is refused, a name nobody has is dns', async () => {
    const port = await freeUdpPort()
    expect((await snmp.get(peer({ port }), [`${ROOT}.5.1`], limits)).failure).toBe('refused')
    const nobody = peer({ host: 'no-such-host.invalid' })
    expect((await snmp.get(nobody, [`${ROOT}.5.1`], limits)).failure).toBe('dns')
  })
})

describe('traps', () => {
  const ends: (() => Promise<void>)[] = []
  afterEach(async () => {
    for (const end of ends.splice(0)) await end()
  })

  async function listen(allow: TrapListen['allow']) {
    const port = await freeUdpPort()
    const traps: SnmpTrap[] = []
    const refused: string[] = []
    const waiting: (() => void)[] = []
    const note = () => {
      for (const wake of waiting.splice(0)) wake()
    }
    const ear = await snmp.traps(
      {
        host: '127.0.0.1',
        port,
        allow,
        onRefused: (why) => {
          refused.push(why)
          note()
        },
      },
      (trap) => {
        traps.push(trap)
        note()
      },
    )
    ends.push(() => ear.stop())
    const heard = async (count: number) => {
      while (traps.length + refused.length < count)
        await new Promise<void>((resolve) => waiting.push(resolve))
    }
    return { port, traps, refused, heard }
  }

  it("an agent's own trap at its start, version 2c and version 3", async () => {
    const ear = await listen([{ version: '2c', community: 'trap-word' }, v3()])
    const { auth, name, priv } = V3_USER
    const second = await startSnmpd(
      [],
      [
        `trap2sink 127.0.0.1:${ear.port} trap-word`,
        `trapsess -v 3 -e 0x8000000001020304 -u ${name} -l authPriv -a SHA-256 -A ${auth.key} -x AES -X ${priv.key} 127.0.0.1:${ear.port}`,
      ],
    )
    ends.push(() => second.stop())
    await ear.heard(2)
    expect(ear.refused).toEqual([])
    for (const trap of ear.traps)
      expect(trap).toMatchObject({ from: '127.0.0.1', trap: '1.3.6.1.6.3.1.1.5.1' })
  })

  it('a version 1 trap has the OID of RFC 3584; strangers and garbage are counted', async () => {
    const ear = await listen([{ version: '2c', community: 'trap-word' }])
    const send = (community: string, act: (session: library.Session) => void) => {
      const session = library.createSession('127.0.0.1', community, { trapPort: ear.port })
      act(session)
      ends.push(() => Promise.resolve(void session.close()))
    }
    send('trap-word', (session) =>
      session.trap(
        '1.3.6.1.4.1.318.0.5',
        [{ oid: `${ROOT}.1.1`, type: library.ObjectType.Integer, value: 7 }],
        () => undefined,
      ),
    )
    await ear.heard(1)
    expect(ear.traps[0]?.variables.at(-1)).toEqual({
      oid: `${ROOT}.1.1`,
      value: { kind: 'integer', number: 7 },
    })
    send('wrong', (session) => session.trap(library.TrapType.LinkDown, () => undefined))
    await ear.heard(2)
    expect(ear.refused).toEqual(['stranger'])
    const socket = createSocket('udp4')
    socket.send(Buffer.from('no trap'), ear.port, '127.0.0.1')
    await ear.heard(3)
    socket.close()
    expect(ear.refused).toEqual(['stranger', 'garbage'])
  })

  it('a version 3 message without a user does not get through', async () => {
    const ear = await listen([v3()])
    const session = library.createV3Session(
      '127.0.0.1',
      { name: '', level: library.SecurityLevel.noAuthNoPriv },
      { trapPort: ear.port, engineID: '8000B98380aabbccddeeff00112233445566' },
    )
    session.trap(library.TrapType.LinkDown, () => undefined)
    await ear.heard(1)
    session.close()
    expect([ear.traps, ear.refused]).toEqual([[], ['stranger']])
  })

  it('more than is looked at in a second is counted, and a taken port is an error', async () => {
    const ear = await listen([{ version: '2c', community: 'trap-word' }])
    const again = { host: '127.0.0.1', port: ear.port, allow: [], onRefused: () => undefined }
    await expect(snmp.traps(again, () => undefined)).rejects.toThrow(/EADDRINUSE/)
    const socket = createSocket('udp4')
    while (!ear.refused.includes('flood')) {
      for (let sent = 0; sent < 20; sent++) socket.send('x', ear.port, '127.0.0.1')
      await new Promise<void>((resolve) => setImmediate(resolve))
    }
    socket.close()
    expect(ear.refused.filter((why) => why === 'garbage').length).toBeLessThanOrEqual(1000)
  })
})
