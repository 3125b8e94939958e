import { SpoolOverflow } from './append-queue.ts'
import { sessionOf } from './core.ts'
import { type CrashFs, crashFs, type Random } from './crash-fs.testing.ts'
import type { SpoolGap } from './gaps.ts'
import { RECORD_OVERHEAD_BYTES, type SpoolRecord } from './record.ts'
import { openSpool, type Spool } from './spool.ts'
import type { Step } from './spool-schedule.testing.ts'
import { DIRECTORY, entry } from './spool.testing.ts'

/** What the model knows of one message. */
interface Message {
  readonly boot: string
  readonly seq: number
  readonly bytes: number
  /** Order of appending. */
  readonly order: number
  /** append() resolved, or said that the message had to make room. */
  isTaken: boolean
  /** Was taken while the disk refused, and has not been on it since: a crash may take it, with an alarm raised. */
  isVolatile: boolean
  /** Gone without a word, and the spool could not have known: see the places that set it. */
  mayBeGone: boolean
  /** A gap with it was taken over. */
  isNamed: boolean
  /** A gap with it was announced by this opening and refused. */
  isPending: boolean
  /** Named while a disk that failed may have kept it after all: then it comes although it was given up. */
  mayBeBack: boolean
}

const RECORD = RECORD_OVERHEAD_BYTES + 20
const OPTIONS = { maxBytes: 12 * RECORD, segmentBytes: 3 * RECORD, memoryBytes: 4 * RECORD }
const BOOTS = 64
const bootName = (index: number) => (index + 16).toString(16).padStart(2, '0').repeat(16)

interface World {
  fs: CrashFs
  spool: Spool
  boot: number
  seq: number
  order: number
  refusesGaps: boolean
  /** The directory could not be synced: a power cut may bring a removed file back. */
  hasUnsyncedNames: boolean
  readonly random: Random
  readonly messages: Map<string, Message>
  readonly released: Map<string, number>
  /** By spool id and position: which message it means. */
  readonly positions: Map<string, string>
}

/** A fault of the spool, told with what led to it. */
export class ModelMismatch extends Error {}

const fail = (what: string): never => {
  throw new ModelMismatch(what)
}
const keyOf = ({ boot, seq }: { readonly boot: string; readonly seq: number }) => `${boot}:${seq}`

/** Park-Miller: the same numbers for the same seed everywhere. */
function randomOf(seed: number): Random {
  let state = seed
  return (below) => {
    state = (state * 48_271) % 2_147_483_647
    return below <= 0 ? 0 : state % below
  }
}

/** Plays a schedule; throws ModelMismatch where the spool breaks its promise. */
export async function playSchedule(steps: readonly Step[], seed: number): Promise<void> {
  const random = randomOf(seed)
  const fs = crashFs(random)
  const world: World = {
    fs,
    spool: await openSpool({ ...OPTIONS, directory: DIRECTORY, fs }),
    boot: 0,
    seq: 0,
    order: 0,
    refusesGaps: false,
    hasUnsyncedNames: false,
    random,
    messages: new Map(),
    released: new Map(),
    positions: new Map(),
  }
  await open(world)
  for (const step of steps) {
    if (world.boot >= BOOTS) return
    await survive(world, () => play(world, step))
    await check(world)
  }
  // At last everything heals, and the spool is opened by a new process.
  world.fs.crashAfter = null
  world.fs.fault = NO_FAULT
  world.refusesGaps = false
  await survive(world, () => reopen(world))
  await check(world)
}

/** Runs a step; when a crash comes in the middle, what it left is opened again. */
async function survive(world: World, step: () => Promise<void>): Promise<void> {
  const { fs } = world
  await Promise.race([step().then(turn), fs.crashed])
  if (fs.left === null) return
  afterCrash(world)
  world.fs = fs.left
  await open(world)
}

function afterCrash({ messages }: World): void {
  for (const message of messages.values())
    if (message.isVolatile || !message.isTaken) message.mayBeGone = true
}

/** Opens what is there: with a disk that works if it does not with one that fails. */
async function open(world: World): Promise<void> {
  for (const message of world.messages.values()) message.isPending = false
  world.boot += 1
  world.seq = 0
  const attempt = () => {
    // A copy of a living directory still holds the lock of this very process.
    world.fs.remove(`${DIRECTORY}/lock`)
    return openSpool({
      ...OPTIONS,
      directory: DIRECTORY,
      fs: world.fs,
      now: () => 5,
      onGap: (gap) => takeGap(world, gap),
    })
  }
  try {
    world.spool = await attempt()
  } catch {
    world.fs.fault = NO_FAULT
    world.spool = await attempt()
  }
}

function takeGap(world: World, gap: SpoolGap): Promise<void> {
  for (let seq = gap.fromSeq; seq <= gap.toSeq; seq += 1) {
    const message = world.messages.get(keyOf({ boot: gap.boot, seq }))
    if (message === undefined)
      return fail(`a gap names ${gap.boot.slice(0, 2)}:${seq}, which never was`)
    const { fromMs, toMs } = entry(seq, gap.boot)
    if (gap.reason === 'spool_full' && (gap.fromMs > fromMs || gap.toMs < toMs))
      fail(`a gap with ${seq} of ${gap.boot.slice(0, 2)} does not span its time`)
    if (world.refusesGaps) message.isPending = true
    else message.isNamed = true
    if (message.isVolatile || world.hasUnsyncedNames) message.mayBeBack = true
  }
  return world.refusesGaps ? Promise.reject(new Error('not now')) : Promise.resolve()
}

async function play(world: World, step: Step): Promise<void> {
  const { fs } = world
  switch (step.do) {
    case 'append':
      await Promise.all(appendSome(world, step.count, step.bytes))
      return
    case 'release':
      return release(world, step.boots, step.back)
    case 'resend':
      return resend(world, step.back, step.count)
    case 'crash':
      if (step.calls > 0) fs.crashAfter = { calls: step.calls, kind: step.kind }
      else fs.crash(step.kind)
      return
    case 'reopen':
      return reopen(world)
    case 'fail':
      fs.fault = (operation, path) => {
        if (world.random(step.chance) > 0) return null
        if (operation === 'readFile' && step.fault === 'EIO') excuseEnd(world, path)
        if (operation === 'sync' && path === DIRECTORY) world.hasUnsyncedNames = true
        const isWriting = operation === 'write'
        const takesRoom = isWriting || operation === 'link' || operation === 'rename'
        if (step.fault === 'short') return isWriting ? 'short' : null
        return step.fault === 'ENOSPC' && !takesRoom ? null : step.fault
      }
      return
    case 'heal':
      fs.fault = NO_FAULT
      return
    case 'hang': {
      const disk = Promise.withResolvers<void>()
      fs.stall = () => disk.promise
      const appends = appendSome(world, step.count, 20)
      await turn()
      // The process may have ended meanwhile.
      if (fs.left !== null) return
      appends.push(...appendSome(world, step.count, 20))
      fs.stall = () => Promise.resolve()
      disk.resolve()
      await Promise.all(appends)
      return
    }
    case 'rot':
      rot(world, step.segment, step.bit)
      return
    case 'refuse gaps':
      world.refusesGaps = step.refuse
      return
  }
}

/** Everything that was started in this turn of the event loop has had its turn. */
const turn = () => new Promise<void>((resolve) => setImmediate(resolve))

function appendSome(world: World, count: number, bytes: number): Promise<void>[] {
  const { spool, messages } = world
  const boot = bootName(world.boot)
  return Array.from({ length: count }, async () => {
    const seq = (world.seq += 1)
    const message: Message = {
      boot,
      seq,
      bytes,
      order: (world.order += 1),
      isTaken: false,
      isVolatile: false,
      mayBeGone: false,
      isNamed: false,
      isPending: false,
      mayBeBack: false,
    }
    messages.set(keyOf(message), message)
    try {
      const position = await spool.append(entry(seq, boot, bytes))
      know(world, position, message)
    } catch (error) {
      if (!(error instanceof SpoolOverflow)) throw error
    }
    message.isTaken = true
    message.isVolatile = spool.stats().alarm !== null
  })
}

/** A position means one message for ever, as long as the spool keeps its id. */
function know({ spool, positions }: World, position: number, message: Message): void {
  const name = `${spool.id}:${position}`
  const known = positions.get(name)
  const key = keyOf(message)
  if (known !== undefined && known !== key) fail(`position ${position} was ${known}, now ${key}`)
  positions.set(name, key)
}

/** The store has everything of a boot but the last few; never what the spool gave out as lost. */
async function release(world: World, boots: number, back: number): Promise<void> {
  const boot = bootName(Math.max(1, world.boot - boots))
  const taken = [...world.messages.values()].filter((one) => one.boot === boot && one.isTaken)
  const seq = taken.length - back
  if (seq < 1) return
  world.released.set(boot, Math.max(seq, world.released.get(boot) ?? 0))
  try {
    await world.spool.release({ boot, seq })
  } catch {
    // The segments stay: the next release tries again.
  }
}

/** What ingest asks for again comes from its position on, in order. */
async function resend(world: World, back: number, count: number): Promise<void> {
  const { spool } = world
  const boot = bootName(world.boot)
  const fromSeq = Math.max(1, world.seq - back)
  const position = spool.positionOf(boot, fromSeq)
  if (position === null) return
  try {
    const records = await spool.readFrom(position, count)
    const own = records.filter((record) => record.boot === boot)
    if (own.some((record) => record.seq < fromSeq)) fail('a range begins before what was asked for')
    examine(world, records)
  } catch (error) {
    // A disk that cannot be read: ingest asks again.
    if (error instanceof ModelMismatch) throw error
  }
}

/** A stop in good order, and the next process. */
async function reopen(world: World): Promise<void> {
  try {
    await world.spool.close()
  } catch {
    // The state could not be written.
  }
  for (const message of world.messages.values())
    if (message.isVolatile && world.fs.fault !== NO_FAULT) message.mayBeGone = true
  await open(world)
}

const NO_FAULT = () => null

/** One bit of a segment file turns. */
function rot(world: World, index: number, bit: number): void {
  const { fs } = world
  const paths = fs
    .names()
    .filter((name) => name.endsWith('.seg'))
    .toSorted()
  const path = paths[index]
  if (path === undefined) return
  const size = fs.bytesOf(path).length
  if (size === 0) return
  const at = bit % (size * 8)
  fs.damage(path, (bytes) => void (bytes[at >> 3] = (bytes[at >> 3] ?? 0) ^ (1 << (at & 7))))
  excuseEnd(world, path)
}

/** The end of an opening looks like a write that was cut off when nothing readable stands behind it. */
function excuseEnd({ fs, spool, messages, positions }: World, path: string): void {
  if (!path.endsWith('.seg')) return
  const first = positionIn(path)
  const isOfOpening = (position: number) =>
    position >= first && sessionOf(position) === sessionOf(first)
  const others = fs.names().filter((name) => name.endsWith('.seg') && name !== path)
  if (others.some((name) => isOfOpening(positionIn(name)))) return
  for (const [name, key] of positions) {
    const message = messages.get(key)
    const isLast = isOfOpening(Number(name.slice(spool.id.length + 1)))
    if (message !== undefined && isLast) message.mayBeGone = true
  }
}

const positionIn = (path: string) => Number(path.slice(path.lastIndexOf('/') + 1, -'.seg'.length))

/** Records as they come out: what went in, each once, in order. */
function examine(world: World, records: readonly SpoolRecord[]): void {
  let position = 0
  let order = 0
  for (const record of records) {
    const message = world.messages.get(keyOf(record))
    if (message === undefined) return fail(`${keyOf(record)} was never appended`)
    const { payload } = entry(message.seq, message.boot, message.bytes)
    if (!payload.every((byte, at) => byte === record.payload[at]))
      fail(`${keyOf(record)} has other bytes`)
    if (record.position <= position) fail(`position ${record.position} comes behind ${position}`)
    if (message.order <= order) fail(`${keyOf(record)} is twice here, or out of order`)
    position = record.position
    order = message.order
    know(world, position, message)
  }
}

/** Holds the spool against the model, with a disk that works for as long as the look takes. */
async function check(world: World): Promise<void> {
  const { fs, spool, messages } = world
  const { fault, crashAfter } = fs
  fs.fault = NO_FAULT
  fs.crashAfter = null
  const records = await spool.readFrom(0, 1_000_000)
  await turn()
  examine(world, records)
  const held = new Set(records.map(keyOf))
  const stats = spool.stats()
  const isBound = world.seq > 0 && stats.alarm === null && stats.segments > 1
  if (stats.bytes > OPTIONS.maxBytes && isBound) fail(`${stats.bytes} bytes on disk`)
  if (stats.memoryBytes > OPTIONS.memoryBytes && stats.memoryRecords > 1)
    fail(`${stats.memoryBytes} bytes in memory`)
  const inMemory = new Set(records.slice(records.length - stats.memoryRecords).map(keyOf))
  for (const message of messages.values()) checkOne(world, message, held)
  for (const [key, message] of messages)
    if (held.has(key) && !inMemory.has(key)) message.isVolatile = false
  for (const { boot, seq, position } of records) {
    const isReleased = seq <= (world.released.get(boot) ?? 0)
    if (!isReleased && position <= stats.releasedPosition)
      fail(`${keyOf({ boot, seq })} counts as released`)
    if (spool.positionOf(boot, seq) !== position) fail(`${keyOf({ boot, seq })} is not found`)
  }
  fs.fault = fault
  fs.crashAfter = crashAfter
}

function checkOne(world: World, message: Message, held: ReadonlySet<string>): void {
  const isHeld = held.has(keyOf(message))
  const isReleased = message.seq <= (world.released.get(message.boot) ?? 0)
  if (isHeld && message.isNamed && !isReleased && !message.mayBeBack)
    fail(`${keyOf(message)} is here, and a gap says that it is lost`)
  if (!message.isTaken || isHeld || isReleased || message.mayBeGone) return
  if (!message.isNamed && !message.isPending) fail(`${keyOf(message)} is gone without a word`)
}
