/**
 * Rows as one JSON object a line. bigint becomes a decimal string, which the store reads for 64-bit
 * columns. Throws a RangeError on NaN and infinities: JSON would write null for them.
 */
export function jsonLines(rows: readonly Readonly<Record<string, unknown>>[]): Buffer {
  const lines = rows.map((row) =>
    JSON.stringify(row, (key, value: unknown) => {
      if (typeof value === 'bigint') return value.toString()
      if (typeof value === 'number' && !Number.isFinite(value)) {
        throw new RangeError(`${key} is ${value}, which JSON cannot carry`)
      }
      return value
    }),
  )
  return Buffer.from(`${lines.join('\n')}\n`)
}
