import { describe, expect, it } from 'vitest'
import type { SnmpAnswer, SnmpIo, SnmpPeer, SnmpVariable } from '../../field-io.ts'
import { identify, type Known, readColumns } from './device.ts'
import { plansOf } from './options.ts'
import { apcPduVariables } from './simulate.ts'

const NONE: SnmpVariable['value'] = { kind: 'none' }

/** An agent in this process: what it was asked for, and what it has. */
function agent(version: SnmpPeer['version'] = '2c') {
  const has = new Map(
    apcPduVariables({ name: 'a', powerWatts: 6600, energyKwh: 10, volts: 230, phases: 3 }).map(
      ({ oid, type, value }): [string, SnmpVariable['value']] => [
        oid,
        type === 'INTEGER' || type === 'Gauge32'
          ? { kind: 'integer', number: Number(value) }
          : { kind: 'text', text: String(value) },
      ],
    ),
  )
  const asked: string[] = []
  let failure: SnmpAnswer['failure'] = null
  const snmp: SnmpIo = {
    async get(_, oids) {
      asked.push('get')
      if (failure !== null) return { variables: [], failure }
      return { variables: oids.map((oid) => ({ oid, value: has.get(oid) ?? NONE })), failure }
    },
    async walk(_, roots) {
      asked.push('walk')
      const variables = [...has]
        .filter(([oid]) => roots.some((root) => oid.startsWith(`${root}.`)))
        .map(([oid, value]) => ({ oid, value }))
      return { variables, failure: null }
    },
    traps: () => Promise.reject(new Error('no traps here')),
    addressOf: () => null,
  }
  const line = () => ({
    snmp,
    peer: { host: 'pdu', port: 161, version },
    deadlineMs: performance.now() + 1000,
  })
  return { has, asked, line, fail: (why: SnmpAnswer['failure']) => (failure = why) }
}

async function knownOf(one: ReturnType<typeof agent>): Promise<Known> {
  const found = await identify(one.line(), plansOf({ profiles: [] }), {
    profile: 'apc-rpdu2',
    nowMs: 0,
  })
  if (found === null || 'failure' in found) throw new Error('the PDU was not recognized')
  one.asked.length = 0
  return found
}

async function points(one: ReturnType<typeof agent>, known: Known) {
  const got = await readColumns(one.line(), known, known.plan.values)
  return 'failure' in got ? got.failure : got.meters.map(({ point }) => point)
}

describe('values of a device', () => {
  it('are walked once and then asked for by name, with the same result', async () => {
    const one = agent()
    const known = await knownOf(one)
    const first = await points(one, known)
    expect(first).toContain('phase/3')
    expect(await points(one, known)).toEqual(first)
    expect(one.asked).toEqual(['walk', 'get'])
  })

  it('are walked again when one has vanished, or the agent refuses the whole question', async () => {
    const one = agent()
    const known = await knownOf(one)
    await points(one, known)
    for (const oid of one.has.keys()) if (oid.endsWith('.3')) one.has.delete(oid)
    expect(await points(one, known)).not.toContain('phase/3')
    one.fail('failed')
    expect(await points(one, known)).toContain('phase/2')
    one.fail('timeout')
    expect(await points(one, known)).toBe('timeout')
    expect(one.asked).toEqual(['walk', 'get', 'walk', 'get', 'walk', 'get'])
  })

  it('are always walked in version 1, which answers single names only', async () => {
    const one = agent('1')
    const known = await knownOf(one)
    await points(one, known)
    await points(one, known)
    expect(one.asked).toEqual(['walk', 'walk'])
  })
})
