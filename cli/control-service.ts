import { join } from 'node:path'
import { connectBus } from '../ingest/bus/connect.ts'
import { repeatControl, sayOverNats } from '../ingest/bus/control-sender.ts'
import { openJetStreamControl } from '../ingest/bus/control-store.ts'
import type { DirectBus } from '../ingest/bus/direct-publisher.ts'
import { openFileControl } from '../ingest/bus/file-control.ts'
import type { ControlStore } from '#schemas/control.ts'
import { PlimsollError } from '#schemas/errors.ts'
import type { Logger, Role } from '#schemas/role.ts'
import type { Settings } from './settings.ts'

/** Orders to collectors in this process: a role that keeps and repeats them. */
export interface ControlService {
  readonly role: Role
  /** The orders, once the role has started. */
  readonly store: () => Promise<ControlStore>
}

interface Opened {
  readonly store: ControlStore
  close(): Promise<void>
}

/** Orders of a standalone process: a file in its data folder, said to its own collectors by calls. */
export function fileControl(
  settings: Settings,
  log: Logger,
  buses: () => readonly DirectBus[],
): ControlService {
  return controlService(async () => {
    const store = openFileControl({
      path: join(settings.dataDir, 'control.json'),
      now: Date.now,
    })
    const say = (state: Parameters<DirectBus['sayControl']>[0]) => {
      for (const bus of buses()) bus.sayControl(state)
    }
    const end = repeatControl({ store, say, logger: log })
    return { store, close: async () => end() }
  })
}

/** Orders on the bus; whoever `repeats` says them to every collector, the others only store them. */
export function natsControl(
  settings: Settings & { natsUrl: string },
  log: Logger,
  repeats: boolean,
): ControlService {
  return controlService(async () => {
    const connection = await connectBus({
      url: settings.natsUrl,
      name: 'plimsoll control',
      ...(settings.natsCreds === undefined ? {} : { credsFile: settings.natsCreds }),
    })
    const store = await openJetStreamControl({ connection, now: Date.now })
    const end = repeats
      ? repeatControl({ store, say: sayOverNats(connection), logger: log })
      : () => undefined
    const close = async () => {
      end()
      await connection.close()
    }
    return { store, close }
  })
}

function controlService(open: () => Promise<Opened>): ControlService {
  let opened: Opened | null = null
  return {
    role: {
      name: 'control',
      async start() {
        opened ??= await open()
      },
      async stop() {
        const closing = opened
        opened = null
        await closing?.close()
      },
      health: () => ({ state: opened === null ? 'stopped' : 'ok', detail: '', metrics: {} }),
    },
    store: async () => {
      if (opened !== null) return opened.store
      throw new PlimsollError('E_INTERNAL', 'the orders are asked for before their role started')
    },
  }
}
