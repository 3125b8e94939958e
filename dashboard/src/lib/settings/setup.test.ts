import { expect, it } from 'vitest'
import type { SetupItem } from '#schemas/api-settings.ts'
import { inForce, openFirst } from './setup.ts'

const prices = { assumed_usd_per_hour: 2, assumed_usd_per_kwh: 0.08 }
const item = (over: Partial<SetupItem>): SetupItem => ({
  key: 'prices',
  state: 'set',
  value: 3,
  of: null,
  next_ms: null,
  origin: { kind: 'built_in' },
  ...over,
})

it('says what is in force: what was entered, what is assumed, or nothing', () => {
  const said = (over: Partial<SetupItem>) => inForce(item(over), prices, 'en')
  expect(said({})).toBe('3 lines')
  expect(said({ value: 1 })).toBe('1 line')
  expect(said({ state: 'default', value: 0 })).toBe('$2.00/h assumed')
  expect(said({ key: 'channels', state: 'missing', value: 0 })).toBe('nothing')
  expect(said({ key: 'owner_contacts', state: 'missing', value: 4, of: 9 })).toBe('4 of 9')
  expect(said({ key: 'access', state: 'default', value: '127.0.0.1' })).toBe('this machine only')
  expect(said({ key: 'reports', state: 'default', value: 2 })).toBe('2 recipients')
  expect(said({ key: 'time_zone', state: 'default', value: 'UTC' })).toBe('UTC')
})

it('what is missing comes first and keeps its order', () => {
  const keys = openFirst([
    item({ key: 'zones', state: 'default' }),
    item({ key: 'prices' }),
    item({ key: 'roster', state: 'missing' }),
    item({ key: 'heartbeat', state: 'missing' }),
  ]).map(({ key }) => key)
  expect(keys).toEqual(['roster', 'heartbeat', 'zones', 'prices'])
})
