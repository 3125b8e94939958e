import { join } from 'node:path'
import { lockDirectory } from '../collector/spool/lock.ts'
import { nodeFs } from '../collector/spool/spool-fs.ts'
import { connectBus } from '../ingest/bus/connect.ts'
import { openFileJournal } from '../ingest/bus/file-journal.ts'
import { openJetStreamJournal } from '../ingest/bus/jetstream-journal.ts'
import { PlimsollError } from '#schemas/errors.ts'
import type { Journal } from '#schemas/journal.ts'
import type { Logger, Role } from '#schemas/role.ts'
import type { Settings } from './settings.ts'

/** The journal in this process: a role that opens it before ingest and query ask for it. */
export interface JournalService {
  readonly role: Role
  /** The journal, once the role has started. */
  readonly journal: () => Promise<Journal>
}

interface Opened {
  readonly journal: Journal
  close(): Promise<void>
}

/** Where a standalone process keeps its journal. */
export const journalPath = (dataDir: string) => join(dataDir, 'journal')

/**
 * The journal as the settings have it: a stream of the NATS server where there is one, else files in the data
 * folder. start() throws E_JOURNAL_LOCKED, E_JOURNAL_DAMAGED or E_BUS_AWAY.
 */
export function journalService(settings: Settings, log: Logger): JournalService {
  let opened: Opened | null = null
  return {
    role: {
      name: 'journal',
      async start() {
        opened ??= await open(settings, log)
      },
      async stop() {
        const closing = opened
        opened = null
        await closing?.close()
      },
      health: () => ({ state: opened === null ? 'stopped' : 'ok', detail: '', metrics: {} }),
    },
    journal: async () => {
      if (opened !== null) return opened.journal
      throw new PlimsollError('E_INTERNAL', 'the journal is asked for before its role started')
    },
  }
}

async function open({ natsUrl, natsCreds, dataDir }: Settings, log: Logger): Promise<Opened> {
  if (natsUrl === undefined) {
    const journal = await openFileJournal({ directory: journalPath(dataDir), log, lock })
    return { journal, close: () => journal.close() }
  }
  const login = natsCreds === undefined ? {} : { credsFile: natsCreds }
  const connection = await connectBus({ url: natsUrl, name: 'plimsoll journal', ...login })
  const journal = await openJetStreamJournal({ connection })
  return { journal, close: () => connection.close() }
}

/** The lock of spools, said in the journal's words. */
async function lock(directory: string): Promise<() => Promise<void>> {
  try {
    return await lockDirectory(nodeFs, directory)
  } catch (error) {
    if (!(error instanceof PlimsollError) || error.code !== 'E_SPOOL_LOCKED') throw error
    const holder = /process \d+/.exec(error.message)?.[0] ?? 'another process'
    throw new PlimsollError(
      'E_JOURNAL_LOCKED',
      `${holder} uses the journal in ${directory}; stop it or give this one another data folder`,
      { cause: error },
    )
  }
}
