import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { freePort } from '../../cli/process.testing.ts'
import { packageVersion } from './installed.ts'
import { type Peer, peerBase, post, untilQuiet } from './peer.ts'
import { folderBytes } from './proc.ts'
import { promql } from './promql.ts'
import { remoteWrite } from './remote-write.ts'
import { scratchFolder } from './scratch.ts'
import { startServer } from './server.ts'

const HEADERS = {
  'content-encoding': 'snappy',
  'content-type': 'application/x-protobuf',
  'x-prometheus-remote-write-version': '0.1.0',
}
const Snapshot = z.object({ data: z.object({ name: z.string() }) })

export interface Prometheus extends Peer {
  readonly name: 'Prometheus'
}

/**
 * Prometheus on a free port with an empty folder, nothing to scrape, and its defaults but a limit that lets a fleet be
 * counted in one query. It takes samples at most an hour or so older than its newest one.
 */
export async function startPrometheus(
  program: string,
  flags: readonly string[] = [],
): Promise<Prometheus> {
  const folder = scratchFolder('prometheus')
  const config = join(folder.path, 'prometheus.yml')
  writeFileSync(config, 'global: {}\n')
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const server = await startServer(
    program,
    [
      `--config.file=${config}`,
      `--storage.tsdb.path=${folder.path}/data`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--web.enable-remote-write-receiver',
      '--web.enable-admin-api',
      '--query.max-samples=4000000000',
      '--log.level=warn',
      ...flags,
    ],
    async () => (await fetch(`${url}/-/ready`)).ok,
  )
  return {
    ...peerBase(url, server),
    ...promql(url),
    name: 'Prometheus',
    version: packageVersion('prometheus'),
    protocols: ['remote write'],
    encode: (_, block) => remoteWrite(block),
    send: (_, body) => post(`${url}/api/v1/write`, body, HEADERS),
    settle: () => untilQuiet([server.pid]),
    async bytesOnDisk() {
      // Two hours pass before it writes a block by itself; a snapshot writes the same block now.
      const response = await fetch(`${url}/api/v1/admin/tsdb/snapshot`, { method: 'POST' })
      const { data } = Snapshot.parse(await response.json())
      const snapshot = join(folder.path, 'data', 'snapshots', data.name)
      const all = folderBytes(snapshot)
      const chunks = chunkBytes(snapshot)
      return { data: chunks, index: all - chunks }
    },
    async stop() {
      await server.stop()
      folder.remove()
    },
  }
}

/** Values of all blocks of a folder; the rest of it is index. */
function chunkBytes(folder: string): number {
  return readdirSync(folder).reduce(
    (total, block) => total + folderBytes(join(folder, block, 'chunks')),
    0,
  )
}
