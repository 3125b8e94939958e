/**
 * Deterministic noise with random access: the same (seed, a, b) always gives the same number, whatever
 * was asked before. Thomas Wang style integer mixing; good enough for pictures, not for secrets.
 */

/** A uniform 32-bit integer. */
export function mix(seed: number, a: number, b = 0): number {
  let h = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(a + 0x7f4a7c15, 0xc2b2ae35)
  h = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d) ^ Math.imul(b + 0x165667b1, 0x297a2d39)
  h = Math.imul(h ^ (h >>> 13), 0x27d4eb2f)
  return (h ^ (h >>> 16)) >>> 0
}

/** Uniform in [0, 1). */
export function uniform(seed: number, a: number, b = 0): number {
  return mix(seed, a, b) / 4294967296
}

/** Picks one entry; the list must not be empty. */
export function pick<T>(list: readonly [T, ...T[]], seed: number, a: number, b = 0): T {
  return list[mix(seed, a, b) % list.length] ?? list[0]
}
