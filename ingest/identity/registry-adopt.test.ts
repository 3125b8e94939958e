import { describe, expect, it } from 'vitest'
import { deviceId } from './device-id.ts'
import { createIdentityRegistry } from './registry.ts'

const SLOT = 'slot:c/n1/0000:17:00.0/0'
const [U1, U2, S1] = ['uuid:1', 'uuid:2', 'serial:1']

/** Two processes that exchange what they learned. */
function two() {
  return [createIdentityRegistry([]), createIdentityRegistry([])] as const
}

describe('what another process learned', () => {
  it('names a device as it was named there', () => {
    const [here, there] = two()
    const { id, newAliases } = there.identify([S1, SLOT], 1_000)
    expect(here.adopt(newAliases)).toEqual({ replacements: [], merged: [], conflicts: 0 })
    expect(here.identify([U1, SLOT], 2_000).id).toBe(id)
    expect(here.lookup(S1)).toBe(id)
  })

  it('heard a second time changes nothing, so answers that were remembered hold', () => {
    const [here, there] = two()
    const { newAliases } = there.identify([U1, SLOT], 1_000)
    here.adopt(newAliases)
    const { version } = here
    here.adopt(newAliases)
    expect(here.version).toBe(version)
  })

  it('tells of a card that followed another one in its slot', () => {
    const [here, there] = two()
    const old = here.identify([U1, SLOT], 1_000)
    there.adopt(old.newAliases)
    const fresh = there.identify([U2, SLOT], 5_000)
    const { replacements } = here.adopt(fresh.newAliases)
    expect(replacements).toEqual([
      { slot: SLOT, oldId: deviceId(U1), newId: deviceId(U2), atMs: 5_000 },
    ])
    expect(here.identify([U1], 6_000).id).toBe(deviceId(U1))
  })

  it('of an older time does not bring a card back into a slot', () => {
    const [here, there] = two()
    here.identify([U2, SLOT], 5_000)
    const { newAliases } = there.identify([U1, SLOT], 1_000)
    expect(here.adopt(newAliases).replacements).toEqual([])
    expect(here.identify([SLOT], 6_000).id).toBe(deviceId(U2))
  })

  it('joins a device that both met first at the same time by different keys: one name in both', () => {
    const [here, there] = two()
    const mine = here.identify([U1, SLOT], 1_000)
    const theirs = there.identify([S1, SLOT], 1_000)
    expect(mine.id).not.toBe(theirs.id)
    // The store keeps one row a key: theirs was the later one for the slot.
    const stored = [...mine.newAliases.filter(({ key }) => key !== SLOT), ...theirs.newAliases]
    const { merged, replacements } = here.adopt(stored)
    expect(replacements).toEqual([])
    expect(merged).toEqual([{ key: U1, deviceId: theirs.id, atMs: 1_000 }])
    there.adopt([...stored.filter(({ key }) => key !== U1), ...merged])
    for (const registry of [here, there])
      for (const keys of [[U1, SLOT], [S1, SLOT], [SLOT]])
        expect(registry.identify(keys, 2_000)).toEqual({
          id: theirs.id,
          newAliases: expect.anything(),
          replaced: null,
        })
  })

  it('wins where both named one key differently', () => {
    const [here] = two()
    here.identify([SLOT], 1_000)
    here.identify([SLOT, U1], 1_000)
    const { conflicts } = here.adopt([{ key: U1, deviceId: 77n, atMs: 2_000 }])
    expect(conflicts).toBe(1)
    expect(here.lookup(U1)).toBe(77n)
  })
})
