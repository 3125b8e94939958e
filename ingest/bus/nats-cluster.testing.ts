import { setTimeout } from 'node:timers/promises'
import type { Logger } from '#schemas/role.ts'
import { connectBus } from './connect.ts'
import { freeBusPort, type NatsServer, startNatsServerFrom } from './nats-server.testing.ts'
import { ensureStreams, type StreamLimits } from './streams.ts'

const silent: Logger = { info: () => undefined, warn: () => undefined, error: () => undefined }

export interface NatsCluster {
  readonly servers: readonly NatsServer[]
  /** All servers, as a client is given them. */
  readonly url: string
  stop(): Promise<void>
}

/** Three nats-servers of one JetStream cluster as local processes; resolves when they have our streams. */
export async function startNatsCluster(limits: StreamLimits): Promise<NatsCluster> {
  const ports = await Promise.all([freeBusPort(), freeBusPort(), freeBusPort()])
  const routes = await Promise.all([freeBusPort(), freeBusPort(), freeBusPort()])
  const others = routes.map((port) => `nats://127.0.0.1:${port}`).join(', ')
  const servers = await Promise.all(
    ports.map((port, index) =>
      startNatsServerFrom(
        (directory) => `
          server_name: n${index}
          listen: "127.0.0.1:${port}"
          jetstream { store_dir: "${directory}/data" }
          cluster { name: hub, listen: "127.0.0.1:${routes[index]}", routes: [${others}] }
        `,
        port,
      ),
    ),
  )
  const url = servers.map((server) => server.url).join(',')
  await streamsMade(url, limits)
  return {
    servers,
    url,
    async stop() {
      for (const server of servers) await server.stop()
    },
  }
}

/** A cluster has no leader for its first seconds, and refuses until it has. */
async function streamsMade(url: string, limits: StreamLimits): Promise<void> {
  const connection = await connectBus({ url, name: 'test' })
  try {
    for (let attempt = 0; ; attempt += 1) {
      try {
        await ensureStreams(connection, limits, silent)
        return
      } catch (error) {
        if (attempt >= 40) throw error
        await setTimeout(500)
      }
    }
  } finally {
    await connection.close()
  }
}
