import { parentPort, workerData } from 'node:worker_threads'
import { calendarAt } from '../forecast/season.ts'
import { backtestForecast, backtestZone } from './backtest.ts'
import type { ThreadSetup, ThreadWord } from './threads.ts'

/** Replays one scope and ends: weeks of forecasts are seconds of arithmetic, and the server answers meanwhile. */
const port = parentPort
if (port === null) throw new Error('thread.ts runs as a thread of backtests only')
const { kind, window, set, scope, timeZone, holidays }: ThreadSetup = workerData
const say = (word: ThreadWord) => port.postMessage(word)
try {
  const calendar = calendarAt(window.fromMs, { timeZone, holidays: new Set(holidays) })
  const result =
    kind === 'zone'
      ? backtestZone(window, set, [scope], timeZone)
      : backtestForecast(window, set, [scope], { calendar })
  say({ result })
} catch (error) {
  say({ failed: error instanceof Error ? error.message : String(error) })
}
