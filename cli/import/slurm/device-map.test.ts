import { describe, expect, it } from 'vitest'
import { readDeviceMap } from './device-map.ts'
import { allocationsOf } from './run.ts'
import { OPTIONS } from './slurm.testing.ts'
import { readSqueueJson } from './squeue-json.ts'
import { diffAllocations } from './sync.ts'

const A = 'GPU-aaaaaaaa-1111-2222-3333-444444444444'
const B = 'GPU-bbbbbbbb-1111-2222-3333-444444444444'
const map = (text: string) => readDeviceMap(text, 'map.csv')

const looked = (text: string) =>
  readSqueueJson(
    JSON.stringify({
      jobs: [
        {
          job_id: 1,
          job_state: 'RUNNING',
          start_time: 1_795_050_000,
          nodes: 'n1',
          gres_detail: ['gpu:3(IDX:0-2)'],
        },
      ],
    }),
    { ...OPTIONS, deviceOf: map(text) },
  )
const devicesOf = (text: string) =>
  looked(text)
    .runs.flatMap(allocationsOf)
    .map(({ key, node, index }) => (key === '' ? `${node}/${index}` : key))

describe('a map from IDX to devices', () => {
  it('gives keys, or the index of the driver; what it does not say is taken as it is', () => {
    expect(devicesOf(`node,idx,uuid,index\nn1,0,${A},\nn1,1,,7\n`)).toEqual([
      `uuid:${A}`,
      'n1/7',
      'n1/2',
    ])
  })

  it('that changes moves a running job from now on, and leaves what was', () => {
    const before = diffAllocations([], looked(`node,idx,uuid\nn1,0,${A}\n`), 1_795_050_060_000)
    const now = looked(`node,idx,uuid\nn1,0,${B}\n`)
    const change = diffAllocations(before.runs, now, 1_795_050_090_000)
    const rows = change.rows.map(({ key, from_ms, to_ms }) => [key, from_ms, to_ms])
    expect(rows).toContainEqual([`uuid:${A}`, 1_795_050_000_000, 1_795_050_090_000])
    expect(rows).toContainEqual([`uuid:${B}`, 1_795_050_090_000, null])
  })

  it.each([
    [`node,idx,uuid\nn1,0,${A}\nn1,0,${B}\n`, 'line 3: says n1/0 twice'],
    [`node,idx,uuid\nn1,0,${A}\nn1,1,${A}\n`, 'line 3: gives n1/1 the device of n1/0'],
    ['node,idx,uuid\nn1,0,\n', 'line 2: names no device'],
    [`node,idx,uuid\nn1,,${A}\n`, 'line 2: idx is empty'],
    [`node,idx,uuid\nn1,x,${A}\n`, 'line 2: idx "x"'],
  ])('%j is refused whole', (text, message) => {
    expect(() => map(text)).toThrow(message)
  })
})
