import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readGres, tresDevices } from './gres.ts'

const ACCELERATORS = new Set(['gpu', 'npu'])
const gres = (text: string) => readGres(text, ACCELERATORS)
const tres = (text: string) => tresDevices(text, ACCELERATORS)

describe('GRES of a job on one node', () => {
  it.each([
    ['gpu:8(IDX:0-7)', 8, [0, 1, 2, 3, 4, 5, 6, 7]],
    ['gpu:h100:3(IDX:0-1,5)', 3, [0, 1, 5]],
    ['gpu(IDX:0-1)', 2, [0, 1]],
    ['gpu:a100:2(IDX:1,3),gpu:t4:1(IDX:4),mps:20', 3, [1, 3, 4]],
    ['gpu:h100:1(IDX:7),gg:g1(CNT:2)', 1, [7]],
    ['gg:g1(CNT:1)', 0, []],
    ['gpu:0(IDX:)', 0, []],
    ['(null)', 0, []],
    ['', 0, []],
  ])('%s names %i devices', (text, count, indices) => {
    expect(gres(text)).toMatchObject({ count, indices, why: '' })
  })

  it.each([
    ['gpu:2(IDX:N/A)', 2, 'does not say which'],
    ['gpu:4', 4, 'does not say which'],
    ['gpu:4(IDX:0-2)', 4, '4 devices, but 3 indices'],
    ['gpu:2(IDX:1,1)', 2, '2 devices, but 1 indices'],
    ['gpu:a:1(IDX:0),gpu:b:1(IDX:0)', 2, '2 devices, but 1 indices'],
    ['gpu:1g.10gb:3(IDX:0-2)', 3, 'parts of devices'],
    ['gpu:2(IDX:0-99999)', 2, 'does not say which'],
  ])('%s counts devices without saying which', (text, count, why) => {
    const read = gres(text)
    expect(read).toMatchObject({ count, indices: null })
    expect(read?.why).toContain(why)
  })

  it('a resource that is not configured as an accelerator is passed over', () => {
    expect(readGres('npu:8(IDX:0-7)', new Set(['gpu']))).toMatchObject({ count: 0 })
  })

  it.each(['gpu:8(IDX:0-7', '=8', 'gpu', 'gpu:h100'])('%j is no GRES', (text) => {
    expect(gres(text)).toBeNull()
  })

  it('any text is read or refused, and indices never contradict the count', () => {
    const unit = fc.constantFrom('gpu', ':', '(IDX:', ')', ',', '-', '0', '7', 'N/A', 'mps', '=')
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 12 }), (text) => {
        const read = gres(text)
        if (read?.indices != null) expect(read.indices).toHaveLength(read.count)
      }),
    )
  })
})

describe('TRES of a job', () => {
  it('typed entries repeat the untyped one and are not added to it', () => {
    expect(tres('cpu=192,gres/gpu:h100=16,gres/gpu=16,node=2')).toBe(16)
    expect(tres('gres/gpu:h100=8,gres/gpu:a100=4')).toBe(12)
    expect(tres('gres/gpu=2,gres/npu=3')).toBe(5)
  })

  it('text without accelerators says nothing', () => {
    expect(tres('cpu=2,node=2,billing=2')).toBeNull()
    expect(tres('')).toBeNull()
  })
})

/** Test vectors of the facts sheet: read in place, never copied. */
const file = join(
  import.meta.dirname,
  '../../../../shared/samples/facility/slurm/gres-detail-cases.tsv',
)

describe.skipIf(!existsSync(file))('published cases (SKIPPED LOUDLY without ../shared)', () => {
  const [, ...rows] = existsSync(file) ? readFileSync(file, 'utf8').trimEnd().split('\n') : []
  it.each(rows.map((row) => row.split('\t')))('%s', (text, _type, count, indices, verdict) => {
    const read = gres(text ?? '')
    const total = (count ?? '').split(' + ').reduce((sum, one) => sum + (Number(one) || 0), 0)
    expect(read?.count).toBe(total)
    const wanted = (indices ?? '').replace('0..15', [...Array(16).keys()].join(','))
    const numbers = wanted.split(/ \+ |,/).flatMap((one) => (one === '' ? [] : [Number(one)]))
    const isUnresolved = (verdict ?? '').startsWith('unresolved')
    expect(read?.indices).toEqual(isUnresolved ? null : numbers)
  })
})
