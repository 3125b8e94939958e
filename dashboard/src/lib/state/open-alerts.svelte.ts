import type { AlertsAnswer } from '#schemas/api-alerts.ts'
import { apiUrl, get } from '#lib/api.ts'

const EVERY_MS = 15_000

/** Counts of open alerts, for the header of every page. Null = the API does not say: the header says nothing then. */
class OpenAlerts {
  answer = $state.raw<Pick<AlertsAnswer, 'at_ms' | 'open' | 'evaluator'> | null>(null)
  /** Epoch ms of the answer held, by this machine's clock. */
  loadedAtMs = $state(0)

  /** Starts asking; returns how to stop. */
  start(): () => void {
    const running = new AbortController()
    const ask = async () => {
      try {
        this.answer = await get<AlertsAnswer>(apiUrl('alerts', { limit: 0 }), running.signal)
        this.loadedAtMs = Date.now()
      } catch {
        // The page of alerts says what is wrong; here the kept answer ages until it is unknown.
      }
    }
    void ask()
    const timer = setInterval(() => void ask(), EVERY_MS)
    return () => {
      clearInterval(timer)
      running.abort()
    }
  }
}

export const openAlerts = new OpenAlerts()
