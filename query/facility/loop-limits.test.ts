import { expect, it } from 'vitest'
import type { LoopEventRow } from '../queries/facility-loops.ts'
import { limitsOfUnit, partEvents } from './loop-limits.ts'

const row = (event_type: string, event_code: string): LoopEventRow => ({
  unit: 'cdu-3',
  event_type,
  event_code,
  at_ms: 0,
  event_severity: 'info',
  text: '',
  text_zh: '',
  action_text: '',
  action_text_zh: '',
})

it('what devices say of their limits is told apart from what was found', () => {
  const leak = row('leak', 'cdu-3/leak/1 leak high warning 1')
  const { findings, limits } = partEvents([
    row('device_limits', 'cdu-30/secondary flow_liters_per_minute low 30 20.5 device'),
    leak,
    row('device_limits', 'cdu-3/secondary supply_temperature_celsius high 42 - site'),
    row('device_limits', 'cdu-3/primary supply_temperature_celsius low - -5 device'),
  ])
  expect(findings).toEqual([leak])
  expect(limitsOfUnit('cdu-3', limits)).toEqual([
    {
      meter: 'cdu-3/primary',
      metric: 'supply_temperature_celsius',
      side: 'low',
      warning: null,
      alarm: -5,
      in_force: true,
    },
    {
      meter: 'cdu-3/secondary',
      metric: 'supply_temperature_celsius',
      side: 'high',
      warning: 42,
      alarm: null,
      in_force: false,
    },
  ])
  expect(limitsOfUnit('cdu-30', limits)).toMatchObject([{ side: 'low', warning: 30, alarm: 20.5 }])
})

it('a code that nobody can read is left out, and is no finding either', () => {
  for (const code of ['', 'cdu-3', 'cdu-3 x up 1 2 device', 'cdu-3 x high 1 2'])
    expect(partEvents([row('device_limits', code)])).toEqual({ findings: [], limits: [] })
})
