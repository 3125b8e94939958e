/**
 * A memory of what bytes meant, least recently used first out: a list of devices that comes again and
 * again is looked at once. `hint` only finds the entry, the bytes decide, so a wrong or foreign hint costs
 * its sender time and nobody a wrong answer.
 */
export interface ByteMemory<Value> {
  /** The remembered value of these bytes, or what `read` makes of them; null is not remembered. */
  recall(hint: string | number, bytes: Uint8Array, read: (bytes: Uint8Array) => Value): Value
}

export interface ByteMemoryOptions<Value> {
  /** What a value counts for; null = not to be remembered. */
  readonly weightOf: (value: Value) => number | null
  readonly weightMax: number
}

export function createByteMemory<Value>(options: ByteMemoryOptions<Value>): ByteMemory<Value> {
  const { weightOf, weightMax } = options
  const known = new Map<string | number, { bytes: Uint8Array; value: Value; weight: number }>()
  let weight = 0
  return {
    recall(hint, bytes, read) {
      const entry = known.get(hint)
      if (entry !== undefined && Buffer.compare(entry.bytes, bytes) === 0) {
        known.delete(hint)
        known.set(hint, entry)
        return entry.value
      }
      const value = read(bytes)
      const own = weightOf(value)
      if (own === null) return value
      weight += own - (entry?.weight ?? 0)
      known.delete(hint)
      // A copy in memory of its own: Buffer.slice would share it.
      known.set(hint, { bytes: new Uint8Array(bytes), value, weight: own })
      for (const [oldest, { weight: freed }] of known) {
        if (weight <= weightMax || known.size === 1) break
        known.delete(oldest)
        weight -= freed
      }
      return value
    },
  }
}
