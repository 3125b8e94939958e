import { expect, it } from 'vitest'
import { changedSheet } from './changed-csv.ts'

it('every cause with who is behind it, and the rest: the causes sum to the change', () => {
  const { header, rows } = changedSheet({
    causes: [
      {
        cause: 'throttled',
        change_ppm: -2000,
        contributors: [{ kind: 'job', name: 'j1', tenant: 'ads', change_ppm: -1500 }],
      },
    ],
    residual_ppm: 30,
  })
  expect(header).toHaveLength(6)
  expect(rows).toEqual([
    ['throttled', -2000, null, null, null, null],
    ['throttled', null, 'job', 'j1', 'ads', -1500],
    ['residual', 30, null, null, null, null],
  ])
})
