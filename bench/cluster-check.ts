/**
 * What of the cluster profile can be tried without a cluster: `npm run bench -- cluster-check`.
 *
 * Needs Debian's ZooKeeper (apt-get install zookeeper) and java. Every replicated table of every migration is
 * created in the embedded engine against that ZooKeeper, with ON CLUSTER stripped and the UUID that ON CLUSTER
 * would have made; then every statement of the settling and of the queries is analysed over Distributed tables
 * of two shards. Not tried: ON CLUSTER itself, replication of rows (an embedded engine never leaves read-only
 * for such a table), rows on two servers.
 */
import { type ChildProcess, fork, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createConnection } from 'node:net'
import { randomUUID } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { type EmbeddedEngine, openEngine } from '../ingest/engine/chdb-engine.ts'
import { readMigrations } from '../ingest/store/migrate.ts'
import { migrationStatements } from '../ingest/store/migration-text.ts'
import { freePort } from '../cli/process.testing.ts'

const ZOOKEEPER_JAR = '/usr/share/java/zookeeper.jar'
const root = fileURLToPath(new URL('..', import.meta.url))
const CLUSTER = 'fleet'
/** The part with the engine runs in a child: an engine with a ZooKeeper does not end by itself. */
const [, , , insideFolder] = process.argv
const isInside = process.argv[2] === '--inside'
const folder =
  isInside && insideFolder !== undefined
    ? insideFolder
    : await mkdtemp(join(tmpdir(), 'cluster-check-'))
const port = isInside ? Number(process.argv[4]) : await freePort()

async function startZooKeeper(): Promise<ChildProcess> {
  const config = join(folder, 'zoo.cfg')
  const data = join(folder, 'zookeeper')
  await mkdir(data)
  await writeFile(
    config,
    `tickTime=2000\ndataDir=${data}\nclientPort=${port}\nclientPortAddress=127.0.0.1\nadmin.enableServer=false\n`,
  )
  const main = 'org.apache.zookeeper.server.quorum.QuorumPeerMain'
  const options = ['-Xmx256m', '-Dzookeeper.forceSync=no', '-cp', ZOOKEEPER_JAR]
  const child = spawn('java', [...options, main, config], { stdio: 'ignore' })
  for (let attempt = 0; attempt < 150; attempt += 1) {
    if (child.exitCode !== null) break
    if (await listens()) {
      // It listens before it answers.
      await setTimeout(3_000)
      return child
    }
    await setTimeout(200)
  }
  child.kill('SIGKILL')
  throw new Error('ZooKeeper does not start')
}

function listens(): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ host: '127.0.0.1', port })
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}

/** Two shards that are this process itself: enough for the engine to plan as it does with two. */
const configXml = () => `<clickhouse>
  <timezone>UTC</timezone>
  <tcp_port>9000</tcp_port>
  <zookeeper><node><host>127.0.0.1</host><port>${port}</port></node></zookeeper>
  <macros><shard>01</shard><replica>r1</replica></macros>
  <remote_servers><${CLUSTER}>${'<shard><internal_replication>true</internal_replication><replica><host>127.0.0.1</host><port>9000</port></replica></shard>'.repeat(2)}</${CLUSTER}></remote_servers>
</clickhouse>`

async function check(): Promise<boolean> {
  const config = join(folder, 'engine.xml')
  await writeFile(config, configXml())
  const engine = await openEngine(join(folder, 'data'), config)
  const run = runner(engine)
  await run('', 'CREATE DATABASE replicated')
  await run('', 'CREATE DATABASE sharded')
  const replicated = await createReplicated(run)
  const sharded = await createSharded(run)
  const analysed = await analyse(run)
  for (const [what, { done, failed }] of Object.entries({ replicated, sharded, analysed })) {
    console.log(`${what}: ${done} fine, ${failed.length} refused`)
    for (const line of failed) console.log(`  ${line}`)
  }
  return [replicated, sharded, analysed].every(({ failed }) => failed.length === 0)
}

type Run = (database: string, statement: string) => Promise<string>
interface Outcome {
  done: number
  readonly failed: string[]
}

/** What a user of the cluster profile has to have set (deploy/cluster/clickhouse-users.xml). */
const SETTINGS = `SET distributed_product_mode = 'global'; SET distributed_foreground_insert = 1;`

const runner =
  (engine: EmbeddedEngine): Run =>
  async (database, statement) => {
    const use = database === '' ? '' : `USE ${database}; ${SETTINGS} `
    return Buffer.from((await engine.run(`${use}${statement}`, 'TabSeparatedRaw')).bytes).toString()
  }

async function attempt(outcome: Outcome, name: string, call: () => Promise<unknown>) {
  try {
    await call()
    outcome.done += 1
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error)
    outcome.failed.push(`${name}: ${text.replaceAll(/\s+/g, ' ').slice(0, 300)}`)
  }
}

async function clusterStatements(): Promise<{ name: string; text: string }[]> {
  const migrations = await readMigrations(join(root, 'ingest/store/migrations'))
  return migrations.flatMap(({ name, source }) =>
    migrationStatements(source, { kind: 'cluster', cluster: CLUSTER }).map((text, index) => ({
      name: `${name} statement ${index + 1}`,
      text: text.replaceAll(`ON CLUSTER '${CLUSTER}'`, ''),
    })),
  )
}

/** Creates only: what comes later changes tables that are read-only here. */
async function createReplicated(run: Run): Promise<Outcome> {
  const outcome: Outcome = { done: 0, failed: [] }
  for (const { name, text } of await clusterStatements()) {
    const isTable = /^CREATE TABLE IF NOT EXISTS \w+_local\b/m.test(text)
    if (!isTable) continue
    const named = text.replace(
      /(CREATE TABLE IF NOT EXISTS \w+_local)/,
      `$1 UUID '${randomUUID()}'`,
    )
    await attempt(outcome, name, () => run('replicated', named))
  }
  const paths = await run('', "SELECT count() FROM system.replicas WHERE zookeeper_path != ''")
  if (Number(paths) === 0) outcome.failed.push('no replica is registered in ZooKeeper')
  return outcome
}

/** The whole schema, with plain tables under the Distributed ones. */
async function createSharded(run: Run): Promise<Outcome> {
  const outcome: Outcome = { done: 0, failed: [] }
  for (const { name, text } of await clusterStatements()) {
    const plain = text
      .replaceAll(/Replicated(\w*MergeTree)\('[^']*', '[^']*'(?:, ([^)]*))?\)/g, '$1($2)')
      .replaceAll(/replicated_deduplication_window_seconds = \d+/g, 'index_granularity = 8192')
      .replaceAll('replicated_deduplication_window', 'non_replicated_deduplication_window')
    await attempt(outcome, name, () => run('sharded', plain))
  }
  return outcome
}

/** A value for every parameter of a statement, by its type. */
function withParameters(text: string): string {
  const set = [...text.matchAll(/\{(\w+):([A-Za-z0-9()' ,]+)\}/g)].map(
    ([, name = '', type = '']) => {
      if (type === 'Identifier') return `SET param_${name} = '${identifier(name)}';`
      // Where periods begin: there is always one.
      if (name === 'starts' || name === 'pieces') return `SET param_${name} = '[0]';`
      if (type.startsWith('Array')) return `SET param_${name} = '[]';`
      if (type === 'Bool') return `SET param_${name} = 'true';`
      if (name === 'zone') return `SET param_${name} = 'UTC';`
      if (type.startsWith('Date')) return `SET param_${name} = '2026-01-01';`
      return `SET param_${name} = '${/Int|Float/.test(type) ? '60000' : 'x'}';`
    },
  )
  return [...new Set(set)].join(' ')
}

/** A table or column that fits where the statement puts it. */
function identifier(parameter: string): string {
  if (/ledger|table/.test(parameter)) return 'ledger_1m'
  if (/^m\d$/.test(parameter)) return 'busy_ratio'
  if (parameter === 'own' || parameter === 'other') return 'ledger_1m'
  if (parameter === 'sort_number') return 'zero'
  if (parameter === 'idle_if') return 'quiet'
  if (parameter === 'device') return 'device_id'
  return /^(k\d|f\d|key|sort_text)$/.test(parameter) ? 'cluster' : 'known_ms'
}

/** Folders with statements that read or write the tables. */
const STATEMENTS = [
  ...['settle', 'worker', 'peers', 'energy', 'facility', 'journal', 'health'].map(
    (role) => `ingest/${role}`,
  ),
  'query/queries',
]

/** Every statement of settling, loading and asking, planned over the Distributed tables. */
async function analyse(run: Run): Promise<Outcome> {
  const outcome: Outcome = { done: 0, failed: [] }
  for (const place of STATEMENTS)
    for (const file of await readdir(join(root, place))) {
      if (!file.endsWith('.sql')) continue
      const text = await readFile(join(root, place, file), 'utf8')
      // The rows are none; running it plans and starts every part of it on both shards.
      await attempt(outcome, `${place}/${file}`, () =>
        run('sharded', `${withParameters(text)} ${text}`),
      )
    }
  return outcome
}

async function main(): Promise<number> {
  if (!existsSync(ZOOKEEPER_JAR)) {
    console.error('cluster-check needs ZooKeeper and java: apt-get install zookeeper')
    return 2
  }
  const zookeeper = await startZooKeeper()
  const child = fork(import.meta.filename, ['--inside', folder, String(port)], {
    env: { ...process.env, UV_THREADPOOL_SIZE: '16', TZ: 'UTC' },
  })
  try {
    return await new Promise<number>((resolve) => {
      child.once('message', (isFine) => resolve(isFine === true ? 0 : 1))
      child.once('exit', () => resolve(1))
    })
  } finally {
    child.kill('SIGKILL')
    zookeeper.kill('SIGKILL')
    await rm(folder, { recursive: true, force: true })
  }
}

if (isInside) process.send?.(await check())
else process.exitCode = await main()
