import { connectBus } from '../../ingest/bus/connect.ts'
import { ensureStreams } from '../../ingest/bus/streams.ts'
import { migrate } from '../../ingest/store/migrate.ts'
import { PlimsollError } from '#schemas/errors.ts'
import type { Logger } from '#schemas/role.ts'
import type { Invocation } from '../command.ts'
import { STREAM_LIMITS } from '../ingest-service.ts'
import { createLogger } from '../log.ts'
import { readSettings } from '../settings.ts'
import { fromUrl } from '../store.ts'

export async function run(invocation: Invocation): Promise<number> {
  const settings = readSettings(invocation)
  const log = createLogger((line) => console.error(line), Date.now, 'migrate')
  if (settings.clickhouseUrl === undefined) {
    throw new PlimsollError(
      'E_USAGE',
      'give --clickhouse URL (or CLICKHOUSE_URL); the embedded engine migrates itself',
    )
  }
  const profile = readProfile(invocation)
  const applied = await migrate({ connection: fromUrl(settings.clickhouseUrl), profile, log })
  invocation.print(
    applied.length === 0 ? 'tables: up to date' : `tables: applied ${applied.join(', ')}`,
  )
  if (settings.natsUrl !== undefined) {
    await createStreams(settings.natsUrl, settings.natsCreds, log)
    invocation.print('streams: up to date')
  }
  return 0
}

function readProfile(invocation: Invocation) {
  const name = invocation.option('profile') ?? 'single'
  if (name === 'single') return { kind: 'single' } as const
  if (name === 'cluster')
    return { kind: 'cluster', cluster: invocation.option('cluster-name') ?? 'plimsoll' } as const
  throw new PlimsollError('E_USAGE', '--profile is single or cluster')
}

async function createStreams(
  url: string,
  credsFile: string | undefined,
  log: Logger,
): Promise<void> {
  const login = credsFile === undefined ? {} : { credsFile }
  const connection = await connectBus({ url, name: 'plimsoll migrate', ...login })
  try {
    await ensureStreams(connection, STREAM_LIMITS, log)
  } finally {
    await connection.close()
  }
}
