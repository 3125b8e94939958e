import { EventEmitter } from 'node:events'
import { describe, expect, it } from 'vitest'
import { PlimsollError } from '#schemas/errors.ts'
import type { Logger, Role } from '#schemas/role.ts'
import { lazyRole } from './lazy-role.ts'
import { runRoles } from './run-roles.ts'

const silent: Logger = { info: () => undefined, warn: () => undefined, error: () => undefined }

function recorded(done: string[]) {
  return (name: string, start: () => Promise<void> = async () => undefined): Role => ({
    name,
    async start() {
      await start()
      done.push(`${name} started`)
    },
    async stop() {
      done.push(`${name} stopped`)
    },
    health: () => ({ state: 'ok', detail: '', metrics: {} }),
  })
}

describe('roles of a process', () => {
  it('start in order and stop in reverse order at a signal', async () => {
    const done: string[] = []
    const [role, signals] = [recorded(done), new EventEmitter()]
    const code = await runRoles(
      [role('engine'), role('ingest')],
      silent,
      () => {
        done.push('up')
        signals.emit('SIGTERM')
      },
      signals,
    )
    expect(code).toBe(0)
    expect(done).toEqual([
      'engine started',
      'ingest started',
      'up',
      'ingest stopped',
      'engine stopped',
    ])
    expect(signals.eventNames()).toEqual([])
  })

  it('that had started are stopped when a later one fails, and its error is told', async () => {
    const done: string[] = []
    const role = recorded(done)
    const broken = role('query', () => Promise.reject(new Error('port taken')))
    const running = runRoles([role('engine'), broken], silent, undefined, new EventEmitter())
    await expect(running).rejects.toThrow('port taken')
    expect(done).toEqual(['engine started', 'engine stopped'])
  })

  it('that are starting when the signal comes are stopped as well, and no further one starts', async () => {
    const done: string[] = []
    const [role, signals] = [recorded(done), new EventEmitter()]
    const slow = role('collector', async () => {
      signals.emit('SIGINT')
      await new Promise((resolve) => setImmediate(resolve))
    })
    const code = await runRoles([slow, role('query')], silent, () => done.push('up'), signals)
    expect(code).toBe(0)
    expect(done).toEqual(['collector started', 'collector stopped'])
  })

  it('stop in order when one of them ends for good, and its reason is what the process fails with', async () => {
    const done: string[] = []
    const role = recorded(done)
    const taken = new PlimsollError('E_INTENT_TAKEN', 'another one works on this shard')
    const { promise: ended, resolve: end } = Promise.withResolvers<Error>()
    const ingest = { ...role('ingest'), ended }
    const signals = new EventEmitter()
    const roles = [role('engine'), ingest, role('query')]
    const running = runRoles(roles, silent, () => end(taken), signals)
    await expect(running).rejects.toBe(taken)
    expect(done).toEqual([
      'engine started',
      'ingest started',
      'query started',
      'query stopped',
      'ingest stopped',
      'engine stopped',
    ])
    expect(signals.eventNames()).toEqual([])
  })

  it('go on stopping when one of them cannot', async () => {
    const done: string[] = []
    const [role, signals] = [recorded(done), new EventEmitter()]
    const stuck = { ...role('ingest'), stop: () => Promise.reject(new Error('stuck')) }
    const told: string[] = []
    const logger: Logger = { ...silent, error: (message) => told.push(message) }
    await runRoles([role('engine'), stuck], logger, () => signals.emit('SIGTERM'), signals)
    expect(done).toEqual(['engine started', 'ingest started', 'engine stopped'])
    expect(told).toEqual(['a role did not stop cleanly'])
  })
})

describe('a lazy role', () => {
  const opening = (done: string[], start: () => Promise<void>) =>
    lazyRole('ingest', async () => ({
      role: recorded(done)('ingest', start),
      close: async () => void done.push('closed'),
    }))

  it('is built when it starts, stopped before what it holds is closed, and closed once', async () => {
    const done: string[] = []
    const role = opening(done, async () => undefined)
    expect([role.inner(), role.health().state]).toEqual([null, 'stopped'])
    await role.start()
    expect(role.health().state).toBe('ok')
    await role.stop()
    await role.stop()
    expect(done).toEqual(['ingest started', 'ingest stopped', 'closed'])
    expect(role.inner()).toBeNull()
  })

  it('tells when the role that it built has ended for good', async () => {
    const why = new Error('taken')
    const inner = { ...recorded([])('ingest'), ended: Promise.resolve(why) }
    const role = lazyRole('ingest', async () => ({ role: inner, close: async () => undefined }))
    await role.start()
    expect(await role.ended).toBe(why)
  })

  it('closes what it opened when its start fails', async () => {
    const done: string[] = []
    const role = opening(done, () => Promise.reject(new Error('locked')))
    await expect(role.start()).rejects.toThrow('locked')
    expect(done).toEqual(['closed'])
    expect(role.health().state).toBe('stopped')
  })
})
