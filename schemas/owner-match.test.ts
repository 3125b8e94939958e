import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Owner } from './journal.ts'
import { fits, tenantOf } from './owner-match.ts'

const owner = (tenant: string, more: Partial<Owner> = {}): Owner => ({
  tenant,
  display_name: '',
  contact: '',
  accounts: [],
  namespaces: [],
  queues: [],
  billing: 'paid',
  ...more,
})
const holder = (more: Partial<Record<'tenant' | 'account' | 'namespace' | 'queue', string>>) => ({
  tenant: '',
  account: '',
  namespace: '',
  queue: '',
  ...more,
})

describe('tenants by owners', () => {
  const owners = [
    owner('research', { accounts: ['llm-*'], namespaces: ['team-?'], billing: 'internal' }),
    owner('星辰', { accounts: ['llm-eval', 'stars'], queues: ['gold*'] }),
    owner('late', { accounts: ['llm-*'], namespaces: ['team-b'] }),
  ]

  it.each([
    [{ account: 'llm-train' }, 'research'],
    [{ account: 'llm-eval' }, '星辰'],
    [{ account: 'nobody', namespace: 'team-b' }, 'late'],
    [{ namespace: 'team-c', queue: 'golden' }, 'research'],
    [{ namespace: 'other', queue: 'golden' }, '星辰'],
    [{ account: 'LLM-eval' }, ''],
    [{ tenant: 'late', account: 'stars' }, 'late'],
    [{ tenant: 'unlisted', account: 'stars' }, 'unlisted'],
    [{}, ''],
  ])('%j belongs to "%s"', (names, tenant) => {
    expect(tenantOf(owners, holder(names)).tenant).toBe(tenant)
  })

  it('say who pays', () => {
    expect(tenantOf(owners, holder({ account: 'llm-x' })).billing).toBe('internal')
    expect(tenantOf(owners, holder({ tenant: 'unlisted' })).billing).toBe('unknown')
  })
})

describe('patterns', () => {
  it('mean what the regular expression of the same pattern means', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '.', '*', '?'), maxLength: 8 })
    fc.assert(
      fc.property(text, text, (pattern, name) => {
        const source = pattern.replaceAll('.', '\\.').replaceAll('*', '.*').replaceAll('?', '.')
        expect(fits(pattern, name)).toBe(new RegExp(`^${source}$`).test(name))
      }),
      { numRuns: 2_000 },
    )
  })

  it('made to take for ever do not', () => {
    const startedMs = performance.now()
    expect(fits('*a'.repeat(64), `${'a'.repeat(255)}b`)).toBe(false)
    expect(performance.now() - startedMs).toBeLessThan(100)
  })
})
