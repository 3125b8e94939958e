import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createConnection, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A real nats-server with JetStream, on a free port, with its data in a temporary folder. */
export interface NatsServer {
  readonly url: string
  /** Stops it in an orderly way and removes its data. */
  stop(): Promise<void>
  /** kill -9; the data stays. */
  kill(): Promise<void>
  /** kill -9 if it runs, then starts on the same port and data. */
  restart(): Promise<void>
}

const START_MS_MAX = 15_000

/** Starts a server; `config` is added to its configuration (users, permissions, limits). */
export async function startNatsServer(config = ''): Promise<NatsServer> {
  const port = await freeBusPort()
  return startConfigured(
    port,
    (directory) =>
      `listen: "127.0.0.1:${port}"\njetstream { store_dir: "${directory}/data" }\n${config}\n`,
  )
}

/**
 * Starts a server with a whole configuration of the caller's, which makes it listen on `port`; `configure`
 * is given the server's own folder.
 */
export function startNatsServerFrom(
  configure: (directory: string) => string,
  port: number,
  variables: Readonly<Record<string, string>> = {},
): Promise<NatsServer> {
  return startConfigured(port, configure, variables)
}

async function startConfigured(
  port: number,
  configure: (directory: string) => string,
  variables: Readonly<Record<string, string>> = {},
): Promise<NatsServer> {
  const directory = await mkdtemp(join(tmpdir(), 'nats-'))
  const file = join(directory, 'server.conf')
  await writeFile(file, configure(directory))
  let child = await launch(file, port, variables)
  const kill = () => ended(child, 'SIGKILL')
  return {
    url: `nats://127.0.0.1:${port}`,
    kill,
    async restart() {
      await kill()
      child = await launch(file, port, variables)
    },
    async stop() {
      await ended(child, 'SIGTERM')
      await rm(directory, { recursive: true, force: true })
    },
  }
}

async function launch(
  file: string,
  port: number,
  variables: Readonly<Record<string, string>>,
): Promise<ChildProcess> {
  // Debian installs it into /usr/sbin, which is not on everybody's PATH.
  const path = `${process.env['PATH'] ?? ''}:/usr/sbin:/usr/local/bin`
  const env = { ...process.env, PATH: path, ...variables }
  const child = spawn('nats-server', ['-c', file], { env, stdio: ['ignore', 'ignore', 'pipe'] })
  let log = ''
  child.stderr.on('data', (bytes: Buffer) => (log = (log + bytes.toString()).slice(-4000)))
  const failed = new Promise<never>((_, reject) => {
    child.once('error', () =>
      reject(new Error('nats-server is not installed: run `apt-get install nats-server`')),
    )
    child.once('exit', (code) => reject(new Error(`nats-server stopped with ${code}: ${log}`)))
  })
  await Promise.race([failed, answers(port)])
  failed.catch(() => undefined)
  return child
}

async function ended(child: ChildProcess, signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exit = new Promise((resolve) => child.once('exit', resolve))
  child.kill(signal)
  await exit
}

/** Resolves when something accepts connections on the port. */
async function answers(port: number): Promise<void> {
  const deadline = Date.now() + START_MS_MAX
  while (!(await accepts(port))) {
    if (Date.now() > deadline) throw new Error(`nats-server does not listen on ${port}`)
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ host: '127.0.0.1', port })
    socket.once('data', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}

export function freeBusPort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() =>
        typeof address === 'object' && address !== null
          ? resolve(address.port)
          : reject(new Error('no free port')),
      )
    })
  })
}
