import type { Arrays } from '../store/whole-numbers.ts'

/**
 * Arrays of one length, lent for one insert and taken back after it. A block of 200,000 rows is 60 MB of
 * arrays; made anew for each insert they cost a collection of the whole heap each time (measured: a third of
 * all CPU of ingest at 50,000 devices).
 */
export interface ArrayPool {
  /** Memory for so many bytes, zeroed or not: what is not overwritten may hold anything. */
  take(bytes: number): ArrayBuffer
  /** Takes back what nobody reads any more. */
  give(buffers: readonly ArrayBuffer[]): void
}

/** Arrays at rest are at most this large together; beyond, the collector gets them. */
const AT_REST_BYTES_MAX = 256 << 20
const SMALLEST_BYTES = 4096

export function createArrayPool(atRestBytesMax = AT_REST_BYTES_MAX): ArrayPool {
  const bySize = new Map<number, ArrayBuffer[]>()
  let atRest = 0
  return {
    take(bytes) {
      // Sizes in powers of two: blocks differ by some rows, and their arrays still fit each other's place.
      const size = Math.max(SMALLEST_BYTES, 2 ** Math.ceil(Math.log2(Math.max(bytes, 1))))
      const known = bySize.get(size)?.pop()
      if (known === undefined) return new ArrayBuffer(size)
      atRest -= size
      return known
    },
    give(buffers) {
      for (const buffer of buffers) {
        const size = buffer.byteLength
        if (atRest + size > atRestBytesMax) {
          // Of other sizes, from another time: those of now take their place.
          bySize.clear()
          atRest = 0
          if (size > atRestBytesMax) continue
        }
        const known = bySize.get(size)
        if (known === undefined) bySize.set(size, [buffer])
        else known.push(buffer)
        atRest += size
      }
    },
  }
}

/** Takes arrays from a pool and remembers them, to give them back together. */
export interface Lender extends Arrays {
  /** Ends the use of every array that was taken. */
  readonly giveBack: () => void
}

export function createLender(pool: ArrayPool): Lender {
  let lent: ArrayBuffer[] = []
  const take = (bytes: number) => {
    const buffer = pool.take(bytes)
    lent.push(buffer)
    return buffer
  }
  return {
    f32: (length) => new Float32Array(take(length * 4), 0, length),
    f64: (length) => new Float64Array(take(length * 8), 0, length),
    u8: (length) => new Uint8Array(take(length), 0, length),
    u32: (length) => new Uint32Array(take(length * 4), 0, length),
    i32: (length) => new Int32Array(take(length * 4), 0, length),
    giveBack: () => {
      pool.give(lent)
      lent = []
    },
  }
}
