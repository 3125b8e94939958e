import { connectBus } from '../../ingest/bus/connect.ts'
import { checkMapping } from '../../ingest/bus/layout.ts'
import { ensureStreams } from '../../ingest/bus/streams.ts'
import { migrate } from '../../ingest/store/migrate.ts'
import { PlimsollError } from '#schemas/errors.ts'
import type { Logger } from '#schemas/role.ts'
import type { Invocation } from '../command.ts'
import { streamLimits } from '../ingest-service.ts'
import { createLogger } from '../log.ts'
import { readSettings, type Settings } from '../settings.ts'
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
    const missing = await createStreams({ ...settings, natsUrl: settings.natsUrl }, log)
    invocation.print('streams: up to date')
    if (missing !== '') invocation.print(missing)
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

/** Makes the streams; returns what a person still has to do on the server, or an empty text. */
async function createStreams(
  settings: Settings & { natsUrl: string },
  log: Logger,
): Promise<string> {
  const { natsUrl: url, natsCreds: credsFile } = settings
  const login = credsFile === undefined ? {} : { credsFile }
  const connection = await connectBus({ url, name: 'plimsoll migrate', ...login })
  try {
    await ensureStreams(connection, streamLimits(settings), log)
    return await missingMapping(connection, settings.shards)
  } finally {
    await connection.close()
  }
}

/** No failure: the streams must be there before the server maps into them. */
async function missingMapping(
  connection: Awaited<ReturnType<typeof connectBus>>,
  shards: number,
): Promise<string> {
  try {
    await checkMapping(connection, shards)
    return ''
  } catch (error) {
    if (error instanceof PlimsollError && error.code === 'E_CONFIG_INVALID') return error.message
    throw error
  }
}
