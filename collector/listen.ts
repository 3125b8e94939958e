import type { Logger } from '#schemas/role.ts'
import type { CollectorClock } from './clock.ts'
import type { SourceSection } from './config.ts'
import type { CollectionHealth } from './health.ts'
import type { Runner, TargetRead } from './runner.ts'
import type { SourceIo } from './source.ts'
import type { Target } from './targets/target.ts'

export interface ListenDeps {
  readonly sections: readonly SourceSection[]
  readonly ownNode: string
  readonly io: SourceIo
  readonly clock: CollectorClock
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
  const { io, clock, logger, health, ownNode, runner, onSaid } = deps
  const note = (detail: string) => {
    logger.warn('listening has trouble', { source: source.name, why: detail })
    health.observePlace({
      source: source.name,
      place: 'listener',
      node: ownNode,
      atMs: clock.now(),
      outcome: 'failed',
      reason: 'listen',
      detail,
      targets: 0,
    })
  }
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
      trouble: note,
    })
    return ear ?? null
  } catch (error) {
    note(error instanceof Error ? error.message : String(error))
    return null
  }
}

const NOWHERE = { isNodeNamed: true, hall: '', rack: '', pool: '', cluster: '' } as const

const placed = (target: Pick<Target, 'address' | 'node'>): Target => ({ ...NOWHERE, ...target })
