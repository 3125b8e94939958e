import { describe, expect, it } from 'vitest'
import { backtestRequest } from './commands/backtest.ts'

const asked = (options: Readonly<Record<string, string>>) =>
  backtestRequest({ option: (name) => options[name] })
const window = { from: '2026-05-01T00:00Z', to: '2026-06-01T00:00Z' }

describe('plimsoll backtest', () => {
  it('takes a rule, a window, a scope and holidays', () => {
    const request = asked({
      rule: 'forecast_zone',
      scope: 'hall',
      holidays: '2026-05-01,2026-05-04',
      ...window,
    })
    expect(request).toMatchObject({
      rule: 'forecast_zone',
      fromMs: Date.UTC(2026, 4, 1),
      toMs: Date.UTC(2026, 5, 1),
      set: { scope: 'hall', value: '*' },
    })
    expect([...request.holidays]).toEqual(['2026-05-01', '2026-05-04'])
    expect(asked({ rule: 'zone', ...window }).set).toMatchObject({ scope: 'fleet', value: '' })
  })

  it('says what it cannot try', () => {
    expect(() => asked({ rule: 'spool_full', ...window })).toThrow(/zone and forecast_zone/)
    expect(() => asked({ rule: 'zone', scope: 'rack', ...window })).toThrow(/one of fleet, hall/)
    expect(() => asked({ rule: 'zone', from: window.to, to: window.from })).toThrow(/not before/)
    expect(() => asked({ rule: 'zone', from: window.from, to: '2028-01-01T00:00Z' })).toThrow(/366/)
    expect(() => asked({ rule: 'zone', holidays: '1 May', ...window })).toThrow(/2026-02-17/)
    expect(() => asked({ rule: 'zone', from: '2026-05-01', to: window.to })).toThrow(/zone/)
  })
})
