import { describe, expect, it } from 'vitest'
import type { DeviceLedger } from '#schemas/api.ts'
import { deviceOf } from '../../../testing/stub-devices.ts'
import { devicesSheet } from './csv.ts'
import { holderCell, holderText, placeText } from './holder.ts'

const ledger = (holders: Partial<DeviceLedger['holders'][number]>[]): DeviceLedger => ({
  state: 'held',
  since: null,
  reason: '',
  reason_zh: '',
  ticket: '',
  waiting_on: '',
  eta: null,
  allocation_source: 'slurm',
  holders: holders.map((more) => ({
    tenant: 'acme',
    display_name: '阿克米',
    job: 'j1',
    class: '',
    billing: 'paid',
    share: 1,
    ...more,
  })),
})

describe('who holds a device', () => {
  it('is who counts, by the name people know, whatever labels say', () => {
    const cell = holderCell({ ledger: ledger([{}, { job: 'j2' }]), holder: { tenant: 'label' } })
    expect(cell).toEqual({ text: '阿克米 · j1', more: 1, isTold: false })
  })

  it('is nobody where the ledger names nobody', () => {
    const cell = holderCell({ ledger: ledger([]), holder: { tenant: 'label' } })
    expect(cell).toEqual({ text: null, more: 0, isTold: false })
  })

  it('is what labels say, marked, where the ledger does not count the device', () => {
    const cell = holderCell({ ledger: null, holder: { namespace: 'ns', pod: 'p' } })
    expect(cell).toEqual({ text: 'ns/p', more: 0, isTold: true })
    expect(holderText(null)).toBeNull()
  })
})

it('a place is written without its empty parts', () => {
  expect(placeText({ cluster: 'c', hall: '', rack: 'r' })).toBe('c / r')
})

it('a page of devices is saved with a field for each column, and a missing value empty', () => {
  const device = { ...deviceOf(1, Date.UTC(2026, 4, 1)), latest: { busy_ratio: 0.5 } }
  const { header, rows } = devicesSheet([device])
  expect(rows[0]).toHaveLength(header.length)
  expect(rows[0]?.[header.indexOf('busy_ratio')]).toBe(0.5)
  expect(rows[0]?.[header.indexOf('power_watts')]).toBeNull()
  expect(rows[0]?.[header.indexOf('device_id')]).toBe(device.device_id)
})
