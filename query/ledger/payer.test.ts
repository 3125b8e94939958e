import { describe, expect, it } from 'vitest'
import { Owner } from '#schemas/journal.ts'
import { billingOf, payingFields, PRICED_FIELDS } from './payer.ts'

const owners = [
  Owner.parse({ tenant: 'delta', display_name: 'Delta', billing: 'paid', namespaces: ['robo-*'] }),
  Owner.parse({ tenant: 'atlas', display_name: 'Atlas', billing: 'internal' }),
]

describe('who pays for held time', () => {
  const billing = billingOf(owners)

  it('is what the source of the holder says', () => {
    expect(billing({ billing: 'free', tenant: 'delta' })).toBe('free')
    expect(billing({ billing: '', tenant: '' })).toBe('')
  })

  it('is the owner where a label only names the tenant or its namespace', () => {
    expect(billing({ billing: 'unknown', tenant: 'delta' })).toBe('paid')
    expect(billing({ billing: 'unknown', tenant: 'robo-arm' })).toBe('paid')
    expect(billing({ billing: 'unknown', tenant: 'atlas' })).toBe('internal')
    expect(billing({ billing: 'unknown', tenant: 'unattributed' })).toBe('unknown')
  })
})

describe('the fields of a loss', () => {
  it('are apart by tenant only where owners can say something', () => {
    expect(payingFields([], ['cluster', 'hall', 'rack', 'node'])).toEqual(PRICED_FIELDS)
    expect(payingFields(owners, ['cluster'])).toContain('tenant')
  })

  it('are as many as a statement has places for', () => {
    expect(payingFields(owners, ['cluster', 'hall', 'tenant', 'node'])).toHaveLength(4)
    expect(() => payingFields(owners, ['cluster', 'hall', 'rack', 'node'])).toThrow('at most three')
  })
})
