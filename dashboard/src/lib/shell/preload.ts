/** Calls back when the browser has nothing else to do; where it cannot tell, soon. */
const whenIdle = (todo: () => void) =>
  'requestIdleCallback' in globalThis ? requestIdleCallback(() => todo()) : setTimeout(todo, 100)

/**
 * Loads one after another, each when nothing else is to do. What fails is left out: it is loaded, or fails in sight, when
 * somebody goes there.
 * @param idle for tests
 * @returns stops before the next one
 */
export function loadInIdle(
  loads: readonly (() => Promise<unknown>)[],
  idle: (todo: () => void) => unknown = whenIdle,
): () => void {
  let stopped = false
  const next = (at: number) =>
    idle(() => {
      const load = stopped ? undefined : loads[at]
      if (load === undefined) return
      void load()
        .catch(() => {})
        .then(() => next(at + 1))
    })
  next(0)
  return () => {
    stopped = true
  }
}
