import { describe, expect, it } from 'vitest'
import { classFinder, readClassMap } from './class-map.ts'

const JOB = { name: 'x', account: 'a', partition: 'train-h100', qos: 'normal', comment: '' }

describe("a site's own classes", () => {
  const find = classFinder(
    readClassMap(
      'partition:\n  "train*": training\n  infer: serving\nqos:\n  burnin: verification\n',
      'classes.yaml',
    ),
  )

  it('go before what the job says of itself; the nearest field first', () => {
    expect(find(JOB)).toBe('training')
    expect(find({ ...JOB, qos: 'burnin' })).toBe('verification')
    expect(find({ ...JOB, partition: 'infer', comment: 'deepspeed' })).toBe('serving')
  })

  it('where none fits, the comment counts; a name alone is not enough', () => {
    expect(find({ ...JOB, partition: 'misc', comment: 'deepspeed' })).toBe('training')
    expect(find({ ...JOB, partition: 'misc', name: 'vllm' })).toBe('')
  })

  it('mistakes are named with file, line and what is known', () => {
    expect(() => readClassMap('partitions:\n  a: b\n', 'c.yaml')).toThrow(
      /c\.yaml:1:1: partitions: unknown key.*partition/s,
    )
    expect(() => readClassMap('qos:\n  a: [1]\n', 'c.yaml')).toThrow(/c\.yaml:2:6/)
    expect(() => readClassMap('qos: [', 'c.yaml')).toThrow(/c\.yaml:1/)
  })
})
