import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { connectStore, type Store } from './store.ts'

/** Debian's clickhouse-server is 18.16: the server that is too old. */
const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin']
const binary = folders
  .map((folder) => join(folder, 'clickhouse-server'))
  .find((path) => existsSync(path))

let server: ChildProcess | undefined
let folder = ''
let store: Store | undefined

beforeAll(async () => {
  if (binary === undefined) return
  folder = await mkdtemp(join(tmpdir(), 'plimsoll-old-clickhouse-'))
  const port = await freePort()
  await writeFile(join(folder, 'users.xml'), USERS)
  await writeFile(
    join(folder, 'config.xml'),
    `<yandex><logger><level>none</level><console>1</console></logger><http_port>${port}</http_port>
     <listen_host>127.0.0.1</listen_host><path>${folder}/</path><tmp_path>${folder}/tmp/</tmp_path>
     <users_config>${folder}/users.xml</users_config><default_profile>default</default_profile>
     <default_database>default</default_database><mark_cache_size>67108864</mark_cache_size></yandex>`,
  )
  server = spawn(binary, [`--config-file=${folder}/config.xml`], { stdio: 'ignore' })
  const opened = connectStore({ url: `http://127.0.0.1:${port}` })
  store = opened
  for (let attempt = 0; attempt < 100 && !(await opened.ping()); attempt += 1) await delay(100)
})

afterAll(async () => {
  if (binary === undefined) return
  await store?.close()
  server?.kill('SIGKILL')
  await rm(folder, { recursive: true, force: true })
})

const USERS = `<yandex><profiles><default/></profiles><quotas><default/></quotas><users><default>
  <password></password><networks><ip>127.0.0.1</ip></networks><profile>default</profile>
  <quota>default</quota></default></users></yandex>`

async function freePort(): Promise<number> {
  const probe = createServer()
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve))
  const address = probe.address()
  await new Promise((resolve) => probe.close(resolve))
  if (address === null || typeof address === 'string') throw new Error('no free port')
  return address.port
}

test.skipIf(binary === undefined)(
  'a real ClickHouse 18.16 is refused with both versions named (needs clickhouse-server on PATH)',
  async () => {
    await expect(store?.version()).rejects.toMatchObject({
      code: 'E_STORE_TOO_OLD',
      message: expect.stringMatching(/18\.16.*25\.8/),
    })
  },
)

test.skipIf(binary === undefined)(
  'a real server takes readonly and limits with the request (needs clickhouse-server on PATH)',
  async () => {
    expect(await store?.query('SELECT 1 AS x')).toEqual([{ x: 1 }])
    await expect(store?.query('CREATE TABLE t (x UInt8) ENGINE = Memory')).rejects.toThrow(
      /readonly/,
    )
  },
)
