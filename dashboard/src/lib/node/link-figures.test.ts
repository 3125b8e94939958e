import { expect, it } from 'vitest'
import type { LinkState } from '#schemas/api.ts'
import { otherErrors, received, sent, wentWrong } from './link-figures.ts'

const link = (more: Partial<LinkState> = {}): LinkState => ({
  device_id: null,
  link: 'mlx5_0/1',
  at: '2026-05-04T08:00:00.000Z',
  latest: {},
  per_second: {},
  increase_24h: {},
  ...more,
})

it('counters that a source does not give are unknown, not zero', () => {
  expect(wentWrong(link(), 'link_downs_total')).toBeNull()
  expect(otherErrors(link())).toBeNull()
  expect(otherErrors(link({ increase_24h: { link_errors_total: 0 } }))).toBe(0)
  expect(
    otherErrors(link({ increase_24h: { link_errors_total: 2, link_crc_errors_total: 3 } })),
  ).toBe(5)
})

it('throughput is what the source says, else what its counter rose by', () => {
  expect(received(link({ per_second: { link_rx_bytes_total: 7 } }))).toBe(7)
  expect(sent(link({ latest: { link_tx_bytes_per_second: 0 } }))).toBe(0)
  expect(sent(link())).toBeNull()
})
