import { spawnSync } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { SETTING_VARIABLES } from '../cli/settings.ts'
import { mappingText } from '../ingest/bus/layout.ts'
import { root } from './compose.testing.ts'

/** The files of deploy/cluster as far as one machine can say; how they behave is tested in ingest/bus. */

const text = (name: string) => readFile(join(root, 'deploy', name), 'utf8')
let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'plimsoll-cluster-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const env = {
  ...process.env,
  PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/usr/local/bin`,
  SERVER_NAME: 'nats-0',
  // In quotes, because nats-server reads a variable as configuration text.
  LEAF_PASSWORD: "'1e77aa'",
  HUB_URL: "'nats-leaf://leaf:1e77aa@hub:7422'",
  INGEST_PASSWORD: "'0e77bb'",
  QUERY_PASSWORD: "'0e77cc'",
  COLLECTOR_PASSWORD: "'0e77dd'",
}

const lines = (of: string) => of.split('\n').map((line) => line.replace(/^#/, '').trim())

describe.each(['cluster/nats-hub.conf', 'cluster/nats-leaf.conf', 'nats.conf'])('%s', (name) => {
  it('is a configuration that nats-server takes', async () => {
    const config = join(folder, 'server.conf')
    // What Debian 12 ships is 2.9 and does not know sync_interval.
    await writeFile(config, (await text(name)).replace(/^\s*sync_interval: .*$/m, ''))
    const checked = spawnSync('nats-server', ['-c', config, '-t'], { env, encoding: 'utf8' })
    expect(checked.stderr).toMatch(/configuration .* is valid|configuration file .* test/i)
    expect(checked.status).toBe(0)
  })

  it('maps as ingest expects it, and grants collectors the mapped subjects', async () => {
    const config = await text(name)
    for (const line of mappingText(4).split('\n').slice(1, -1))
      expect(lines(config)).toContain(line.trim())
    for (const kind of ['telemetry', 'events']) {
      expect(config).toContain(`"${kind}.v1.*.collector-a"`)
      expect(config).toContain(`"ingest.*.*.${kind}.v1.*.collector-a"`)
    }
  })
})

it('the pods of Kubernetes set only variables that we read, and every shard is in one group', async () => {
  const documents = parseAllDocuments(await text('cluster/ingest.yaml')).map((one) =>
    JSON.stringify(one.toJS()),
  )
  const shards: string[] = []
  for (const document of documents) {
    const set = [...document.matchAll(/"name":"([A-Z_]+)","value":"([^"]*)"/g)]
    for (const [, variable = '', value = ''] of set) {
      expect(SETTING_VARIABLES).toContain(variable)
      if (variable === 'PLIMSOLL_INGEST_SHARDS') shards.push(...value.split(','))
      if (variable === 'PLIMSOLL_SHARDS') expect(value).toBe('4')
    }
  }
  expect(shards.toSorted()).toEqual(['0', '1', '2', '3'])
})
