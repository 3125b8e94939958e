import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

/**
 * A network of its own for one process, reached over a cable that can be pulled out. The cable's other end is in a second
 * namespace: no interface of this machine comes or goes, which would break connections of others (browsers drop all they have).
 */
export interface NetworkNamespace {
  /** Arguments before a command that is to run inside. */
  readonly enter: readonly string[]
  /** Takes connections at the cable's other end and hands them to a socket file of this machine. */
  openRelay(path: string): Promise<{ readonly host: string; readonly port: number }>
  pull(): void
  plug(): void
  remove(): void
}

/** Addresses of the cable's ends: nobody else has this network. */
const [NEAR, FAR] = ['169.254.1.1', '169.254.1.2']

/** Two namespaces and a pair of interfaces, or null where this user may not make them (not root, no `ip`). */
export function openNamespace(): NetworkNamespace | null {
  const [name, hub] = [`plimsoll-${process.pid}`, `plimsoll-${process.pid}-hub`]
  const relays = new Set<() => void>()
  const remove = () => {
    for (const stop of relays) stop()
    ip('netns', 'del', name)
    ip('netns', 'del', hub)
  }
  const inHub = ['-n', hub]
  const inside = ['-n', name]
  const steps = [
    ['netns', 'add', hub],
    ['netns', 'add', name],
    [...inHub, 'link', 'add', 'near', 'type', 'veth', 'peer', 'name', 'far', 'netns', name],
    [...inHub, 'addr', 'add', `${NEAR}/30`, 'dev', 'near'],
    [...inHub, 'link', 'set', 'near', 'up'],
    [...inside, 'addr', 'add', `${FAR}/30`, 'dev', 'far'],
    [...inside, 'link', 'set', 'far', 'up'],
    [...inside, 'link', 'set', 'lo', 'up'],
  ]
  if (!steps.every((step) => ip(...step))) {
    remove()
    return null
  }
  return {
    enter: ['ip', 'netns', 'exec', name],
    async openRelay(path) {
      const entry = join(import.meta.dirname, 'relay-main.ts')
      const command = ['netns', 'exec', hub, process.execPath, entry, NEAR, path]
      const child = spawn('ip', command, { stdio: ['pipe', 'pipe', 'inherit'] })
      relays.add(() => child.kill('SIGKILL'))
      const [line] = await once(child.stdout, 'data')
      return { host: NEAR, port: Number(line) }
    },
    pull: () => void ip(...inHub, 'link', 'set', 'near', 'down'),
    plug: () => void ip(...inHub, 'link', 'set', 'near', 'up'),
    remove,
  }
}

const ip = (...args: readonly string[]) => spawnSync('ip', args).status === 0
