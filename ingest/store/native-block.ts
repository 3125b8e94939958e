/**
 * ClickHouse's Native format as an HTTP body or a file takes it: varint columns, varint rows, then per
 * column its name, its type and the values as a plain little-endian array. Nullable puts one byte per row
 * (1 = null) before the values. Source: ClickHouse docs "Native format" and blocks read back (tests).
 */

/** Type of a column without Nullable -> the array that carries it. */
export interface NativeValues {
  Float32: Float32Array
  Float64: Float64Array
  Bool: Uint8Array
  UInt8: Uint8Array
  UInt16: Uint16Array
  UInt32: Uint32Array
  UInt64: BigUint64Array
  Int8: Int8Array
  Int16: Int16Array
  Int32: Int32Array
  Int64: BigInt64Array
  /** Days since 1970-01-01. */
  Date: Uint16Array
  /** Epoch seconds. */
  DateTime: Uint32Array
  /** Epoch milliseconds; a Float64Array holds them as whole numbers. */
  "DateTime64(3, 'UTC')": BigInt64Array | Float64Array
  /** Also for LowCardinality(String) columns: the store converts on insert. */
  String: readonly string[]
}

/**
 * One column. `nulls` (1 = null) only with a Nullable type; without it nothing is null. Values behind a
 * null are ignored by readers, write anything.
 */
export type NativeColumn = {
  [T in keyof NativeValues]: {
    readonly name: string
    readonly type: T | `Nullable(${T})`
    readonly values: NativeValues[T]
    readonly nulls?: Uint8Array
  }
}[keyof NativeValues]

/** max_insert_block_size: a longer insert becomes several blocks, and a token covers only whole ones. */
export const NATIVE_ROWS_MAX = 1_048_449

/**
 * The pieces of one block. Number columns are views of the given arrays, not copies: leave them alone
 * until the insert has resolved. Throws a RangeError when lengths disagree (a defect of the caller).
 */
export function nativeBlock(columns: readonly NativeColumn[], rows: number): Uint8Array[] {
  if (!Number.isInteger(rows) || rows < 1 || rows > NATIVE_ROWS_MAX) {
    throw new RangeError(`a block has 1 to ${NATIVE_ROWS_MAX} rows, not ${rows}`)
  }
  const pieces: Uint8Array[] = [Uint8Array.from([...varint(columns.length), ...varint(rows)])]
  for (const column of columns) {
    if (column.values.length !== rows) {
      throw new RangeError(`column ${column.name} has ${column.values.length} values, not ${rows}`)
    }
    pieces.push(text(column.name), text(column.type))
    if (column.type.startsWith('Nullable(')) pieces.push(nullMap(column, rows))
    else if (column.nulls !== undefined) {
      throw new RangeError(`column ${column.name} is not Nullable and has nulls`)
    }
    pieces.push(valueBytes(column))
  }
  return pieces
}

/** Unsigned LEB128. */
function varint(value: number): number[] {
  const bytes: number[] = []
  let rest = value
  while (rest > 127) {
    bytes.push((rest % 128) + 128)
    rest = Math.floor(rest / 128)
  }
  bytes.push(rest)
  return bytes
}

function text(value: string): Uint8Array {
  const bytes = Buffer.from(value, 'utf8')
  return Buffer.concat([Uint8Array.from(varint(bytes.length)), bytes])
}

function nullMap(column: NativeColumn, rows: number): Uint8Array {
  if (column.nulls === undefined) return new Uint8Array(rows)
  if (column.nulls.length !== rows) {
    throw new RangeError(`column ${column.name} has ${column.nulls.length} null marks, not ${rows}`)
  }
  return column.nulls
}

function valueBytes(column: NativeColumn): Uint8Array {
  const { values } = column
  if (!ArrayBuffer.isView(values)) return stringBytes(values)
  const plain =
    values instanceof Float64Array && column.type.includes('DateTime64') ? int64(values) : values
  // Typed arrays are little-endian on every platform that Node and the engine run on.
  return new Uint8Array(plain.buffer, plain.byteOffset, plain.byteLength)
}

/** Whole numbers within +-2^53 as Int64, without going through BigInt. */
function int64(values: Float64Array): Uint8Array {
  const bytes = new Uint8Array(values.length * 8)
  const view = new DataView(bytes.buffer)
  for (const [row, value] of values.entries()) {
    if (!Number.isSafeInteger(value)) throw new RangeError(`${value} is not a whole millisecond`)
    view.setInt32(row * 8 + 4, Math.floor(value / 2 ** 32), true)
    view.setUint32(row * 8, value >>> 0, true)
  }
  return bytes
}

function stringBytes(values: readonly string[]): Uint8Array {
  let size = 0
  for (const value of values) size += 5 + value.length * 3
  const bytes = Buffer.allocUnsafe(size)
  let at = 0
  for (const value of values) {
    const length = Buffer.byteLength(value, 'utf8')
    for (const byte of varint(length)) {
      bytes[at] = byte
      at += 1
    }
    at += bytes.write(value, at, 'utf8')
  }
  return bytes.subarray(0, at)
}
