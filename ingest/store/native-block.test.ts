import { expect, test } from 'vitest'
import { NATIVE_ROWS_MAX, nativeBlock } from './native-block.ts'

const hex = (pieces: Uint8Array[]) => Buffer.concat(pieces).toString('hex')
const ascii = (text: string) => Buffer.from(text).toString('hex')

test('the bytes of a block: counts, then name, type, null marks and values of each column', () => {
  const block = nativeBlock(
    [
      {
        name: 'p',
        type: 'Nullable(Float32)',
        values: new Float32Array([1, 2]),
        nulls: new Uint8Array([0, 1]),
      },
      { name: 's', type: 'String', values: ['é', ''] },
    ],
    2,
  )
  expect(hex(block)).toBe(
    `020201${ascii('p')}11${ascii('Nullable(Float32)')}00010000803f00000040` +
      `01${ascii('s')}06${ascii('String')}02c3a900`,
  )
})

test('times are whole milliseconds as 64-bit integers, before and after 1970 and 2038', () => {
  const values = new Float64Array([-1, 0, 1_767_225_600_123, -62_135_596_800_000])
  const from = (array: Float64Array | BigInt64Array) =>
    hex(nativeBlock([{ name: 't', type: "DateTime64(3, 'UTC')", values: array }], 4))
  expect(from(values)).toBe(from(BigInt64Array.from(values, BigInt)))
  expect(() => from(new Float64Array([0.5, 0, 0, 0]))).toThrow(RangeError)
})

test('long strings and many rows have lengths of several bytes', () => {
  const block = nativeBlock(
    [{ name: 's', type: 'String', values: ['x'.repeat(300), ...Array(299).fill('')] }],
    300,
  )
  expect(hex(block).startsWith(`01ac0201${ascii('s')}06${ascii('String')}ac0278`)).toBe(true)
})

test('views into larger buffers give only their part', () => {
  const values = new Uint16Array([1, 2, 3, 4]).subarray(1, 3)
  expect(hex(nativeBlock([{ name: 'd', type: 'Date', values }], 2)).endsWith('02000300')).toBe(true)
})

test('a Nullable column without marks has no nulls; marks without Nullable are a defect', () => {
  const values = new Uint8Array([5])
  expect(
    hex(nativeBlock([{ name: 'a', type: 'Nullable(UInt8)', values }], 1)).endsWith('0005'),
  ).toBe(true)
  const nulls = new Uint8Array([1])
  expect(() => nativeBlock([{ name: 'a', type: 'UInt8', values, nulls }], 1)).toThrow(RangeError)
})

test('lengths that disagree, no rows and too many rows are refused', () => {
  const column = { name: 'a', type: 'UInt8', values: new Uint8Array(2) } as const
  expect(() => nativeBlock([column], 3)).toThrow(/2 values, not 3/)
  expect(() => nativeBlock([], 0)).toThrow(RangeError)
  expect(() => nativeBlock([], NATIVE_ROWS_MAX + 1)).toThrow(RangeError)
})
