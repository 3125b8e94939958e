import { describe, expect, it } from 'vitest'
import type { SnmpVariable } from './field-io.ts'
import type { OpenSession, Reply } from './host-snmp-session.ts'
import { getAll, newCollected, walkAll } from './host-snmp-walk.ts'

const integer = (oid: string, number: number): SnmpVariable => ({
  oid,
  value: { kind: 'integer', number },
})
const reply = (columns: readonly (readonly SnmpVariable[])[]): Reply => ({
  columns,
  failure: null,
  isNoSuchName: false,
  isTooBig: false,
})
const tooBig: Reply = { ...reply([]), failure: 'too_large', isTooBig: true }

function session(answers: Partial<Pick<OpenSession, 'get' | 'next' | 'bulk'>>): OpenSession {
  const unasked = () => Promise.reject(new Error('not asked here'))
  return {
    get: unasked,
    next: unasked,
    bulk: unasked,
    sawGarbage: () => false,
    close: () => undefined,
    ...answers,
  }
}

describe('walking', () => {
  it('an agent that names the same OID again and again is not walked for ever', async () => {
    const stuck = session({
      bulk: () => Promise.resolve(reply([[integer('1.3.1', 1), integer('1.3.1', 1)]])),
    })
    expect(await walkAll(stuck, ['1.3'], false, newCollected(1000))).toBe('garbage')
  })

  it('an agent that answers nothing at all is not asked for ever', async () => {
    const empty = session({ bulk: () => Promise.resolve(reply([[]])) })
    expect(await walkAll(empty, ['1.3'], false, newCollected(1000))).toBe('garbage')
  })

  it('asks for less when the answer would be too big, down to one value', async () => {
    const asked: number[] = []
    const small = session({
      bulk(oids, repetitions) {
        asked.push(repetitions)
        if (repetitions > 1) return Promise.resolve(tooBig)
        const [cursor = ''] = oids
        const done = cursor === '1.3.2'
        return Promise.resolve(reply([[done ? integer('1.4.1', 0) : integer('1.3.2', 5)]]))
      },
    })
    const collected = newCollected(1000)
    expect(await walkAll(small, ['1.3'], false, collected)).toBeNull()
    expect(collected.variables).toEqual([integer('1.3.2', 5)])
    expect(asked).toEqual([48, 24, 12, 6, 3, 1, 1])
    const never = session({ bulk: () => Promise.resolve(tooBig) })
    expect(await walkAll(never, ['1.3'], false, newCollected(1000))).toBe('too_large')
  })

  it('takes a truncated answer for what it holds and asks on', async () => {
    const rows: Readonly<Record<string, readonly SnmpVariable[]>> = {
      '1.1': [integer('1.1.1', 1)],
      '1.1.1': [integer('1.1.2', 2), integer('1.2.1', 9)],
      '1.2': [],
    }
    const cut = session({
      bulk: (oids) =>
        Promise.resolve(
          reply(oids.map((oid) => rows[oid] ?? [{ oid, value: { kind: 'none' } as const }])),
        ),
    })
    const collected = newCollected(1000)
    const failure = await walkAll(cut, ['1.1', '1.2'], false, collected)
    expect(collected.variables).toEqual([integer('1.1.1', 1), integer('1.1.2', 2)])
    // The second column never answered: that is said, not taken for an empty table.
    expect(failure).toBe('garbage')
  })

  it('single values are asked for in smaller lots when they are too big together', async () => {
    const picky = session({
      get: (oids) =>
        Promise.resolve(oids.length > 2 ? tooBig : reply(oids.map((oid) => [integer(oid, 1)]))),
    })
    const collected = newCollected(1000)
    const oids = ['1.1', '1.2', '1.3', '1.4', '1.5']
    expect(await getAll(picky, oids, false, collected)).toBeNull()
    expect(collected.variables.map(({ oid }) => oid)).toEqual(oids)
  })
})
