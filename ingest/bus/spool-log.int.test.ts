import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openSpool } from '../../collector/spool/spool.ts'
import { openDirectLog } from './direct-log.ts'
import { describeLog } from './log-suite.testing.ts'

describeLog("the collector's spool on disk", async () => {
  const directory = await mkdtemp(join(tmpdir(), 'spool-log-'))
  const spool = await openSpool({ directory, maxBytes: 1 << 24 })
  const log = openDirectLog({ spool, cluster: 'east', collector: 'c-1' })
  return {
    ...log,
    async close() {
      await log.close()
      await spool.close()
      await rm(directory, { recursive: true })
    },
  }
})
