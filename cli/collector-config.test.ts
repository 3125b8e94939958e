import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { collectorConfig } from './collector-config.ts'
import { parseInvocation } from './command.ts'
import { COMMANDS } from './commands.ts'

async function spoolDirectory(file: string | null): Promise<string> {
  const command = COMMANDS.find(({ name }) => name === 'collector')
  if (command === undefined) throw new Error('there is no command collector')
  const folder = await mkdtemp(join(tmpdir(), 'plimsoll-config-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const path = join(folder, 'collector.yaml')
  if (file !== null) await writeFile(path, file)
  const args = file === null ? [] : ['--config', path]
  const invocation = parseInvocation(command, args, { env: {}, print: () => undefined })
  return (await collectorConfig(invocation, '/var/lib/plimsoll')).spool.directory
}

describe('where the spool lies', () => {
  it('where the file says, also when that is the default that is documented', async () => {
    expect(await spoolDirectory('spool: { directory: ./data/spool }')).toBe('./data/spool')
    expect(await spoolDirectory('spool: { directory: /mnt/spool }')).toBe('/mnt/spool')
  })

  it('under the data directory when the file says nothing, and without a file', async () => {
    expect(await spoolDirectory('spool: { max_bytes: 1GiB }')).toBe('/var/lib/plimsoll/spool')
    expect(await spoolDirectory('cluster: main')).toBe('/var/lib/plimsoll/spool')
    expect(await spoolDirectory(null)).toBe('/var/lib/plimsoll/spool')
  })
})
