import { jetstreamManager } from '@nats-io/jetstream'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Logger } from '#schemas/role.ts'
import { STREAM_NAME } from '#schemas/subjects.ts'
import { connectBus } from './connect.ts'
import { freeBusPort, type NatsServer, startNatsServerFrom } from './nats-server.testing.ts'
import { ensureStreams } from './streams.ts'

const GIB = 2 ** 30
const LIMITS = { maxAgeMs: 3_600_000, maxBytes: 40 * GIB }

let server: NatsServer
const warnings: string[] = []
const logger: Logger = {
  info: () => undefined,
  warn: (message, fields) => warnings.push(`${message} ${JSON.stringify(fields ?? {})}`),
  error: () => undefined,
}

beforeAll(async () => {
  const port = await freeBusPort()
  server = await startNatsServerFrom(
    (directory) =>
      `listen: "127.0.0.1:${port}"\njetstream { store_dir: "${directory}/data", max_file_store: 6GB }\n`,
    port,
  )
})
afterAll(() => server.stop())

it('a server with less room than wanted gets a smaller stream and a warning, also the second time', async () => {
  const connection = await connectBus({ url: server.url, name: 'test' })
  try {
    for (const round of [1, 2]) {
      warnings.length = 0
      await ensureStreams(connection, LIMITS, logger)
      const manager = await jetstreamManager(connection)
      const { config } = await manager.streams.info(STREAM_NAME)
      expect(config.max_bytes, `round ${round}`).toBe(5 * GIB)
      expect(warnings.join('\n')).toContain('"wanted_bytes":42949672960,"stream_bytes":5368709120')
    }
  } finally {
    await connection.close()
  }
})

it('a server with no room worth having is refused, and says that it is room that lacks', async () => {
  const connection = await connectBus({ url: server.url, name: 'test' })
  const manager = await jetstreamManager(connection)
  await manager.streams.delete(STREAM_NAME)
  await manager.streams.add({ name: 'other', subjects: ['x'], max_bytes: 5 * GIB })
  await expect(ensureStreams(connection, LIMITS, logger)).rejects.toThrow(/insufficient storage/)
  await connection.close()
})
