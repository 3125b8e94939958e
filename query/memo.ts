import type { Clock } from '#schemas/role.ts'

/**
 * Remembers what `load` gave for `ttlMs`, so that many questions at a time ask the store once. Failures are
 * not remembered, and a clock that was set back ends what is.
 */
export function memo<T>(clock: Clock, ttlMs: number, load: () => Promise<T>): () => Promise<T> {
  let known: { readonly value: Promise<T>; readonly sinceMs: number } | null = null
  return () => {
    const ageMs = known === null ? Infinity : clock() - known.sinceMs
    if (known !== null && ageMs >= 0 && ageMs < ttlMs) return known.value
    const value = load()
    const entry = { value, sinceMs: clock() }
    known = entry
    value.catch(() => {
      if (known === entry) known = null
    })
    return value
  }
}
