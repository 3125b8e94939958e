/**
 * Keeps the screen on while the page is seen, where the browser can; the system may refuse (battery), and takes the lock
 * back whenever the page is hidden. Returns how to stop.
 */
export function keepAwake(): () => void {
  const running = new AbortController()
  let lock: WakeLockSentinel | null = null
  const ask = async () => {
    if (document.visibilityState !== 'visible' || !('wakeLock' in navigator)) return
    try {
      const given = await navigator.wakeLock.request('screen')
      if (running.signal.aborted) await given.release()
      else lock = given
    } catch {
      // Refused: the screen follows the machine's own settings.
    }
  }
  document.addEventListener('visibilitychange', () => void ask(), { signal: running.signal })
  void ask()
  return () => {
    running.abort()
    void lock?.release()
  }
}
