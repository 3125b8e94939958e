import { createConnection } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { until } from '../../cli/process.testing.ts'
import { cutTail, someCopies, wipe } from './broker.ts'
import { attack, type BadLog, sendPoison } from './attacks.ts'
import { COLLECTORS, type FaultKind, LINKS, type PlannedFault } from './plan.ts'
import type { LinkState } from './proxy.ts'
import type { Site } from './site.ts'

/** What the faults of a run leave for its checker. */
export interface RunLog {
  readonly bad: BadLog
  /** When acknowledged messages may have gone with the broker's disk, epoch ms. */
  readonly brokerLostAtMs: number[]
  /** Device ids of a flood. */
  readonly floodDevices: number
}

/** Resolves when the fault is healed, with what else there is to say about it. */
type Action = (site: Site, fault: PlannedFault, log: RunLog) => Promise<string>

const UP_MS = 60_000
/** So long two ingest processes are at it. */
const ZOMBIE_MS = 4000

export const ACTIONS: Readonly<Record<FaultKind, Action>> = {
  async kill(site, { target, forMs }) {
    const process = processOf(site, target)
    await process.kill()
    await sleep(forMs)
    process.start()
    await untilUp(site, target)
    return ''
  },
  async halt(site, { target, forMs }) {
    const process = processOf(site, target)
    process.signal('SIGSTOP')
    await sleep(forMs)
    process.signal('SIGCONT')
    return ''
  },
  async truncate(site, { variant, forMs, seed }, log) {
    const names = { telemetry: /TELEMETRY/, intents: /INTENT/ }[variant] ?? /TELEMETRY|INTENT/
    let cut = 0
    await whileBrokerIsDown(site, log, async () => {
      cut = await cutTail(site.brokerData, names, 1 + (seed % 20_000))
      await sleep(forMs)
    })
    return `${cut} bytes`
  },
  async wipe(site, { variant, forMs, seed }, log) {
    await whileBrokerIsDown(site, log, async () => {
      await wipe(site.brokerData)
      await sleep(forMs)
    })
    if (variant !== 'shuffled copies') return ''
    // Before the collectors send theirs: the new log begins in another order, with holes.
    const copies = await site.broker.send(someCopies(site.broker.copies(), variant, seed))
    return `${copies.length} copies`
  },
  cut: (site, fault) => bend(site, fault, { kind: 'cut' }),
  half_open: (site, fault) =>
    bend(site, fault, { kind: fault.variant === 'stalled' ? 'stalled' : 'swallowed' }),
  delay: (site, fault) => bend(site, fault, { kind: 'delayed', byMs: Number(fault.variant) }),
  slow_reader: (site, fault) =>
    bend(site, fault, { kind: 'slow', bytesPerSecond: Number(fault.variant) }),
  async namespace(site, fault) {
    if (site.namespace === null) return bend(site, { ...fault, target: 'c3' }, { kind: 'cut' })
    site.namespace.pull()
    await sleep(fault.forMs)
    site.namespace.plug()
    return ''
  },
  async disk_full(site, fault, log) {
    const { disks } = site
    if (fault.target === 'spool') {
      if (!disks.spool.isReal) return ACTIONS.spool_full(site, fault, log)
      disks.spool.fill()
      await sleep(fault.forMs)
      disks.spool.empty()
      return ''
    }
    if (!disks.broker.isReal) return ACTIONS.stream_full(site, fault, log)
    disks.broker.fill()
    await sleep(fault.forMs)
    // A server that could not write gives JetStream up until it is started again.
    await whileBrokerIsDown(site, log, async () => disks.broker.empty())
    return ''
  },
  async stream_full(site, { forMs }) {
    await site.broker.bound(true)
    await sleep(forMs)
    await site.broker.bound(false)
    return ''
  },
  spool_full: (site, fault) => bend(site, { ...fault, target: 'c1' }, { kind: 'cut' }),
  async clock(site, { target, variant, forMs }) {
    const collector = COLLECTORS.find((name) => name === target) ?? 'c1'
    site.setClock(collector, Number(variant) * 1000)
    await sleep(forMs)
    site.setClock(collector, 0)
    return ''
  },
  async copies(site, { variant, seed }) {
    const copies = await site.broker.send(someCopies(site.broker.copies(), variant, seed))
    return `${copies.length} copies`
  },
  poison: (site, fault, log) => sendPoison(site.broker, fault, log.bad),
  hostile: (site, fault, log) => attack(site, fault, log),
  async zombie(site, { forMs }) {
    const { ingest } = site.processes
    ingest.signal('SIGSTOP')
    const zombie = ingest.release()
    ingest.start()
    await sleep(forMs)
    zombie?.signal('SIGCONT')
    // It ends by itself, or stands by as a spare; that it does no harm meanwhile is for the checker to see.
    const isGone = await within(zombie?.ended ?? Promise.resolve(), ZOMBIE_MS)
    if (isGone) return 'the old one ended by itself'
    zombie?.signal('SIGKILL')
    return ''
  },
  async torn_insert(site, { variant, forMs, seed }, log) {
    const link = site.links['ingest-store']
    const { ingest } = site.processes
    // Tables are written one after the other: with this delay it dies between two of them.
    link.set({ kind: 'delayed', byMs: 150 + (seed % 150) })
    await sleep(forMs)
    await ingest.kill()
    const isWiped = variant === 'broker wiped'
    if (isWiped) await whileBrokerIsDown(site, log, () => wipe(site.brokerData))
    else {
      await site.processes.nats.kill()
      site.processes.nats.start()
      await untilUp(site, 'nats')
    }
    link.set({ kind: 'open' })
    ingest.start()
    return ''
  },
}

/** What must be well before this fault comes, and is its own until it is healed. */
export function locksOf({ kind, target }: PlannedFault): readonly string[] {
  if (kind === 'kill' || kind === 'halt') return [target]
  if (kind === 'zombie') return ['ingest']
  if (kind === 'torn_insert') return ['ingest', 'link ingest-store', 'nats']
  if (kind === 'clock') return [`clock ${target}`]
  if (kind === 'namespace') return ['link c3']
  if (kind === 'disk_full' && target === 'spool') return ['spool disk', 'link c1']
  if (kind === 'copies' || kind === 'poison' || kind === 'hostile') return []
  return target === 'broker' ? ['nats'] : [`link ${target}`]
}

function processOf(site: Site, target: string) {
  const found = Object.entries(site.processes).find(([name]) => name === target)?.[1]
  if (found === undefined) throw new RangeError(`there is no process ${target}`)
  return found
}

async function bend(
  site: Site,
  { target, forMs }: PlannedFault,
  state: LinkState,
): Promise<string> {
  const name = LINKS.find((one) => one === target)
  if (name === undefined) throw new RangeError(`there is no link ${target}`)
  site.links[name].set(state)
  await sleep(forMs)
  site.links[name].set({ kind: 'open' })
  return ''
}

/** Kills the server, does something to its disk, starts it and makes what is missing. */
async function whileBrokerIsDown(site: Site, log: RunLog, act: () => Promise<void>): Promise<void> {
  const { nats } = site.processes
  await nats.kill()
  log.brokerLostAtMs.push(Date.now())
  await act()
  nats.start()
  await untilUp(site, 'nats')
  await site.broker.ensure()
}

async function untilUp(site: Site, target: string): Promise<void> {
  if (target === 'engine') await until('the engine', () => site.store.ping(), UP_MS)
  if (target === 'nats') await until('nats-server', () => accepts(site.busPort), UP_MS)
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

async function within(promise: Promise<void>, ms: number): Promise<boolean> {
  const late = new AbortController()
  const isDone = await Promise.race([
    promise.then(() => true),
    sleep(ms, false, { signal: late.signal }),
  ])
  late.abort()
  return isDone
}
