/**
 * A server-sent event stream that comes back. The browser's EventSource retries by itself only while
 * the answer was a valid stream; after a refused answer, a proxy's error page or a silent connection
 * it stays dead. This wrapper reopens it, ever more slowly, and says what it is doing.
 */

/** What we use of EventSource, so that tests can stand in. */
export interface StreamSource {
  addEventListener(type: string, listener: (event: StreamEvent) => void): void
  close(): void
}
export interface StreamEvent {
  readonly data?: unknown
}

export type StreamStatus = 'connecting' | 'open' | 'waiting'

export interface StreamDeps {
  readonly open: (url: string) => StreamSource
  readonly now: () => number
  readonly random: () => number
  readonly setTimer: (run: () => void, ms: number) => unknown
  readonly clearTimer: (timer: unknown) => void
}

export interface StreamHandlers {
  /** Event name -> what to do with its text. A handler that throws loses that message, nothing else. */
  readonly events: Readonly<Record<string, (text: string) => void>>
  /** `retryAtMs` is set while waiting. */
  readonly onStatus: (status: StreamStatus, retryAtMs: number | null) => void
}

const FIRST_RETRY_MS = 1_000
const LONGEST_RETRY_MS = 30_000
/** The server says something whenever a sample or a minute is new, at least once a minute. */
const SILENCE_MS = 150_000

/** Wait before attempt n (0-based): doubles up to 30 s, the upper half at random against stampedes. */
export function backoffMs(attempt: number, random: number): number {
  const ceiling = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(attempt, 10))
  return Math.round(ceiling / 2 + (ceiling / 2) * random)
}

/** Opens the stream and keeps it open until `close` is called. */
export function keepStream(
  url: string,
  handlers: StreamHandlers,
  deps: StreamDeps,
): { close: () => void } {
  let source: StreamSource | null = null
  let timer: unknown = null
  let attempt = 0
  let closed = false

  const arm = (run: () => void, ms: number) => {
    if (timer !== null) deps.clearTimer(timer)
    timer = deps.setTimer(run, ms)
  }
  const alive = () => {
    attempt = 0
    arm(reopen, SILENCE_MS)
  }
  const reopen = () => {
    source?.close()
    source = null
    if (closed) return
    const wait = backoffMs(attempt, deps.random())
    attempt += 1
    handlers.onStatus('waiting', deps.now() + wait)
    arm(connect, wait)
  }
  const connect = () => {
    if (closed) return
    handlers.onStatus('connecting', null)
    // Every message is the whole picture and the server begins with the newest: nothing to catch up.
    const opened = deps.open(url)
    source = opened
    opened.addEventListener('open', () => {
      handlers.onStatus('open', null)
      alive()
    })
    opened.addEventListener('error', () => {
      if (source === opened) reopen()
    })
    for (const [name, handle] of Object.entries(handlers.events)) {
      opened.addEventListener(name, (event) => {
        alive()
        if (typeof event.data === 'string') attemptQuietly(handle, event.data)
      })
    }
    arm(reopen, SILENCE_MS)
  }
  connect()
  return {
    close: () => {
      closed = true
      if (timer !== null) deps.clearTimer(timer)
      source?.close()
      source = null
    },
  }
}

/** A message cut short or not understood must not end the stream. */
function attemptQuietly(handle: (text: string) => void, text: string): void {
  try {
    handle(text)
  } catch (cause) {
    console.warn('plimsoll: a live message could not be read', cause)
  }
}
