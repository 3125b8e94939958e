import { spawnSync } from 'node:child_process'

/** A network of its own for one process, reached over a cable that can be pulled out. */
export interface NetworkNamespace {
  /** Address of this side, which the process inside can reach. */
  readonly host: string
  /** Arguments before a command that is to run inside. */
  readonly enter: readonly string[]
  pull(): void
  plug(): void
  remove(): void
}

/** A namespace and a pair of interfaces, or null where this user may not make them (not root, no `ip`). */
export function openNamespace(): NetworkNamespace | null {
  const name = `plimsoll-${process.pid}`
  const [outside, inside] = [`pf${process.pid}o`, `pf${process.pid}i`]
  // A /30 of the link-local range, by process id: two runs beside each other do not meet.
  const net = `169.254.${1 + (process.pid % 250)}.${4 * (Math.floor(process.pid / 250) % 63)}`
  const address = (last: number) => net.replace(/\d+$/, (start) => String(Number(start) + last))
  const host = address(1)
  const remove = () => {
    ip('link', 'del', outside)
    ip('netns', 'del', name)
  }
  const steps = [
    ['netns', 'add', name],
    ['link', 'add', outside, 'type', 'veth', 'peer', 'name', inside],
    ['link', 'set', inside, 'netns', name],
    ['addr', 'add', `${host}/30`, 'dev', outside],
    ['link', 'set', outside, 'up'],
    ['-n', name, 'addr', 'add', `${address(2)}/30`, 'dev', inside],
    ['-n', name, 'link', 'set', inside, 'up'],
    ['-n', name, 'link', 'set', 'lo', 'up'],
  ]
  if (!steps.every((step) => ip(...step))) {
    remove()
    return null
  }
  return {
    host,
    enter: ['ip', 'netns', 'exec', name],
    pull: () => void ip('link', 'set', outside, 'down'),
    plug: () => void ip('link', 'set', outside, 'up'),
    remove,
  }
}

const ip = (...args: readonly string[]) => spawnSync('ip', args).status === 0
