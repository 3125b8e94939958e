import type { Logger } from '#schemas/role.ts'
import type { CollectorClock, TimeSource } from './clock.ts'
import type { SourceSection } from './config.ts'
import type { CollectionHealth } from './health.ts'
import type { Runner, TargetRead } from './runner.ts'
import type { ListenContext, SourceIo } from './source.ts'
import type { Target } from './targets/target.ts'

export interface ListenDeps {
  readonly sections: readonly SourceSection[]
  readonly ownNode: string
  readonly io: SourceIo
  readonly clock: CollectorClock
  readonly time: Pick<TimeSource, 'setTimer'>
  readonly logger: Logger
  readonly runner: Pick<Runner, 'targetsOf'>
  readonly health: Pick<CollectionHealth, 'observePlace'>
  readonly onSaid: (read: TargetRead) => void
}

/** Opens the ears of every section that has some. One that cannot listen is a line of health, not the end of the others. */
export async function startListening(deps: ListenDeps): Promise<{ stop(): Promise<void> }> {
  const ears = await Promise.all(deps.sections.map((section) => listenFor(section, deps)))
  return {
    async stop() {
      await Promise.all(ears.map(async (ear) => ear?.stop()))
    },
  }
}

async function listenFor(
  section: SourceSection,
  deps: ListenDeps,
): Promise<{ stop(): Promise<void> } | null> {
  const { source, options, intervalMs } = section
  const { io, clock, runner, onSaid } = deps
  const line = listenerLine(source.name, deps)
  try {
    const ear = await source.listen?.({
      io,
      config: options,
      targets: () => runner.targetsOf(source.name),
      nowMs: () => clock.now(),
      said(target, interpretation) {
        const atMs = clock.now()
        onSaid({
          id: `${source.name} ${target.address}`,
          source: source.name,
          target: placed(target),
          tickMs: atMs,
          intervalMs,
          atMs,
          durationMs: 0,
          bytes: 0,
          interpretation,
        })
      },
      trouble: line.trouble,
    })
    if (ear === undefined) return null
    return {
      async stop() {
        line.stop()
        await ear.stop()
      },
    }
  } catch (error) {
    line.trouble(error instanceof Error ? error.message : String(error))
    return null
  }
}

interface ListenerLine {
  readonly trouble: ListenContext<unknown>['trouble']
  stop(): void
}

/** The line of health of one listener. Trouble that passes gives way to what lasts, or to being well. */
function listenerLine(source: string, deps: ListenDeps): ListenerLine {
  const { clock, time, logger, health, ownNode } = deps
  const tell = (detail: string | null) =>
    health.observePlace({
      source,
      place: 'listener',
      node: ownNode,
      atMs: clock.now(),
      outcome: detail === null ? 'ok' : 'failed',
      reason: detail === null ? '' : 'listen',
      detail: detail ?? '',
      targets: 0,
    })
  let lasting: string | null = null
  let cancel = () => {}
  return {
    trouble(detail, passesAfterMs) {
      logger.warn('listening has trouble', { source, why: detail })
      cancel()
      if (passesAfterMs === undefined) lasting = detail
      else cancel = time.setTimer(passesAfterMs, () => tell(lasting))
      tell(detail)
    },
    stop: () => cancel(),
  }
}

const NOWHERE = { isNodeNamed: true, hall: '', rack: '', pool: '', cluster: '' } as const

const placed = (target: Pick<Target, 'address' | 'node'>): Target => ({ ...NOWHERE, ...target })
