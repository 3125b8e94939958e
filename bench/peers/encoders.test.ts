import { describe, expect, it } from 'vitest'
import { byteWriter } from './bytes.ts'
import { influxLines } from './influx.ts'
import { decimals } from './native.ts'
import { snappyLiteral } from './remote-write.ts'

const object = { labels: { device: 'd1' }, metrics: ['plimsoll_a', 'plimsoll_b'] }

describe('encoders for the peers', () => {
  it('a line holds the labels once and leaves out what is not there', () => {
    const block = {
      timesMs: [1000, 2000],
      rows: [{ object, values: Float64Array.of(0.5, Number.NaN, Number.NaN, Number.NaN) }],
    }
    expect(Buffer.from(influxLines(block)).toString()).toBe('plimsoll,device=d1 a=0.5 1000\n')
  })

  it('labels that would need escaping are refused', () => {
    const odd = { labels: { device: 'd 1' }, metrics: ['plimsoll_a'] }
    const block = { timesMs: [1000], rows: [{ object: odd, values: Float64Array.of(1) }] }
    expect(() => influxLines(block)).toThrow(/escaping/)
  })

  it('values become integers and digits without loss', () => {
    expect(decimals([1.25, -0.5, 3])).toEqual({ integers: [125, -50, 300], digits: 2 })
    expect(() => decimals([Math.PI])).toThrow(/digits/)
  })

  it('a snappy block is its length, one literal, and the bytes as they are', () => {
    const block = Buffer.from(snappyLiteral(Buffer.from('abc')))
    expect(block.toString('hex')).toBe('03fc02000000616263')
  })

  it('numbers of several bytes are written little end first, with their signs folded in', () => {
    const out = byteWriter()
    out.varint(300)
    out.zigzagVarint(-1)
    out.zigzagVarint(2 ** 40)
    expect(out.take().toString('hex')).toBe('ac0201808080808040')
  })
})
