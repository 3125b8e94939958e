import { describe, expect, it } from 'vitest'
import { epochName, insertToken, resume } from './intent.ts'

const intent = { shard: 0, epoch: 'e', first: 11, last: 20, leftOut: [] }
const log = { epoch: 'e', first: 1, last: 30 }
const unknown = { hasLanded: false, isOtherMessage: false }
const landed = { hasLanded: true, isOtherMessage: false }

describe('starting from the last intent', () => {
  it('begins with the first message of a log that nothing was inserted from', () => {
    expect(resume(null, log, unknown)).toEqual({ kind: 'fresh', life: 0, nextPosition: 1 })
  })

  it('repeats the range when it may not have landed, and says what of it has expired', () => {
    expect(resume(intent, log, unknown)).toEqual({ kind: 'replay', life: 0, intent, expired: 0 })
    expect(resume(intent, { ...log, first: 16 }, unknown)).toMatchObject({ expired: 5 })
    expect(resume(intent, { ...log, first: 25 }, unknown)).toMatchObject({ expired: 10 })
  })

  it('goes on behind a range that is known to be stored, even when its messages are gone', () => {
    const expected = { kind: 'landed', life: 0, nextPosition: 21 }
    expect(resume(intent, log, landed)).toEqual(expected)
    expect(resume(intent, { ...log, first: 21, last: 20 }, landed)).toEqual(expected)
  })

  it('never trusts positions of another log', () => {
    expect(resume(intent, { ...log, epoch: 'f' }, landed)).toMatchObject({
      kind: 'new-life',
      life: 0,
      nextPosition: 1,
      reason: 'log_recreated',
    })
  })

  it('counts a new life when the log lost its tail, also when it has grown over it since', () => {
    const expected = { kind: 'new-life', life: 1, reason: 'log_lost_its_tail' }
    expect(resume(intent, { ...log, last: 19 }, landed)).toMatchObject(expected)
    expect(resume(intent, log, { hasLanded: true, isOtherMessage: true })).toMatchObject(expected)
    const second = { ...intent, epoch: epochName('e', 1) }
    expect(resume(second, { ...log, last: 5 }, unknown)).toMatchObject({ life: 2 })
  })

  it('never uses a token of one life in another', () => {
    const again = { ...intent, epoch: epochName('e', 1) }
    expect(insertToken(intent, 'samples')).toBe('0:e:11-20:samples')
    expect(insertToken(again, 'samples')).not.toBe(insertToken(intent, 'samples'))
  })
})
