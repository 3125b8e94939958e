import { createIngest } from '../ingest.ts'
import { openFileIntents } from '../bus/file-intents.ts'
import { connectStore } from '../store/store.ts'
import { fileLog } from './file-log.testing.ts'
import { silent } from './ingest.testing.ts'

/**
 * A worker as a process of its own, to be killed at any moment. Arguments: folder of log and intents,
 * store URL, user, database; the password comes from the environment.
 */
const [folder = '', url = '', user = '', database = ''] = process.argv.slice(2)
const store = connectStore({
  url,
  user,
  database,
  password: process.env['STORE_PASSWORD'] ?? '',
})
const ingest = createIngest({
  store,
  shards: [
    {
      shard: 0,
      name: 'file',
      log: fileLog(`${folder}/log`),
      intents: await openFileIntents({ directory: folder, shard: 0 }),
      watermarks: { publish: () => undefined, requestResend: () => undefined },
    },
  ],
  log: silent,
  // Small inserts, so that a kill finds one under way.
  options: { settles: false, shard: { rowsMax: 80, waitMs: 5 } },
})
await ingest.start()
process.stdout.write('started\n')
