import type { DeliveryResult } from '#schemas/alerts/alert.ts'
import { type Journal, JOURNAL_ROWS_MAX } from '#schemas/journal.ts'
import type { Clock, Logger } from '#schemas/role.ts'

/** Before a journal that could not be written is tried again. */
const RETRY_MS = 1_000
/** Name of the sender in the journal. */
const WHO = 'alerts'

/**
 * Writes results of attempts into the journal, in order, many in one entry. While the journal is away they wait: the
 * sender goes on meanwhile, and what is lost in a crash is only repeated under the same id.
 */
export interface ResultWriter {
  start(): void
  readonly add: (result: DeliveryResult) => void
  waiting(): number
  /** Tries once more to write what waits. */
  stop(): Promise<void>
}

export function createResultWriter(deps: {
  readonly journal: Pick<Journal, 'append'>
  readonly clock: Clock
  readonly logger: Logger
  readonly after: (ms: number, callback: () => void) => () => void
}): ResultWriter {
  let results: DeliveryResult[] = []
  let writing: Promise<void> | null = null
  let isRunning = false
  let isAway = false
  let cancel = () => {}

  const append = (rows: readonly DeliveryResult[]) =>
    deps.journal.append({
      at_ms: deps.clock(),
      who: WHO,
      body: { kind: 'alert_deliveries', results: [...rows] },
    })

  const drain = async () => {
    while (results.length > 0) {
      const rows = results.slice(0, JOURNAL_ROWS_MAX)
      try {
        await append(rows)
        results = results.slice(rows.length)
        if (isAway) deps.logger.info('the journal takes results of deliveries again')
        isAway = false
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error)
        if (!isAway)
          deps.logger.warn('results of deliveries wait for the journal; messages go out', { why })
        isAway = true
        if (isRunning) cancel = deps.after(RETRY_MS, write)
        return
      }
    }
  }

  const write = () => {
    if (writing !== null) return
    // What ends within the same turn goes into one entry.
    writing = Promise.resolve()
      .then(drain)
      .finally(() => {
        writing = null
        if (results.length > 0 && !isAway && isRunning) write()
      })
  }

  return {
    start() {
      isRunning = true
    },
    add(result) {
      results.push(result)
      if (!isAway) write()
    },
    waiting: () => results.length,
    async stop() {
      cancel()
      await writing
      isRunning = false
      isAway = false
      await drain()
    },
  }
}
