import type { BatchRecord } from '#schemas/records.ts'
import { createClock } from '../../clock.ts'
import { defaultConfig } from '../../config.ts'
import type { EarPlace, FieldIo } from '../../field-io.ts'
import { createHost } from '../../host.ts'
import { createPipeline } from '../../pipeline.ts'
import type { SourceIo } from '../../source.ts'
import { targetRead } from '../../read.testing.ts'
import { handTime } from '../../time.testing.ts'
import { createMeterPushSource } from './source.ts'

export const TOKEN = 'a-token-of-24-characters'
/** When the simulated day is: pushes speak of times near it. */
export const NOW_MS = Date.parse('2026-03-01T10:05:00Z')

/** What differs from a good push. */
export interface PushRequest {
  readonly path?: string
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
}

/** The source behind a real port, and the batches that what it takes becomes. */
export interface PushWorld {
  /** A push with the right token; `more` changes the request. */
  push(body: string | Uint8Array, more?: PushRequest): Promise<Response>
  /** As a status and what the answer says. */
  told(body: string, more?: PushRequest): Promise<readonly [status: number, answer: unknown]>
  /** The readings in all batches so far, after the time that records wait for a message. */
  sent(): Promise<readonly (BatchRecord & { readonly kind: 'meter_sample' })[]>
  readonly dropped: () => number
  /** The line of health, as the runner asks for it. */
  health(): ReturnType<ReturnType<typeof createMeterPushSource>['read']>
  pass(ms: number): Promise<void>
  stop(): Promise<void>
}

/** Options beside `listen`, and what stands in the environment and in files. */
export interface PushSetting {
  readonly options?: Readonly<Record<string, unknown>>
  readonly env?: Readonly<Record<string, string>>
  readonly files?: Readonly<Record<string, string>>
}

export async function pushWorld(setting: PushSetting = {}): Promise<PushWorld> {
  const { options = {}, env = { PLIMSOLL_METER_PUSH_TOKEN: TOKEN }, files = {} } = setting
  const host = createHost({})
  const time = handTime(NOW_MS)
  const source = createMeterPushSource({
    env: (name) => env[name],
    file: (path) =>
      files[path] === undefined
        ? Promise.reject(new Error('no such file'))
        : Promise.resolve(files[path]),
    nowMs: () => time.monotonicMs(),
  })
  const config = source.config.parse({ listen: '127.0.0.1:0', ...options })
  const records: BatchRecord[] = []
  const pipeline = createPipeline({
    config: defaultConfig({ host: 'n1' }),
    identity: { cluster: 'c', collector: 'n1', boot: 'ab'.repeat(16), simulated: false },
    sources: [source],
    time,
    clock: createClock(time),
    onBatch: (batch) => void records.push(...batch.records),
  })
  let [port, scheme] = [0, 'http']
  const io = listening(host, (opened, place) => {
    port = opened
    if (place.tls !== undefined) scheme = 'https'
  })
  const target = { address: 'http://127.0.0.1:0/v1/meters', node: 'n1' }
  const ear = await source
    .listen?.({
      io,
      config,
      targets: () => [target],
      nowMs: () => time.wallMs(),
      said: (_target, said) =>
        pipeline.onSaid(targetRead(time.wallMs(), [], { atMs: time.wallMs(), said })),
      trouble: (detail) => {
        throw new Error(detail)
      },
    })
    .catch((error: unknown) => {
      host.stop()
      throw error
    })
  const push: PushWorld['push'] = (body, { path = '/v1/meters', headers = {}, ...more } = {}) =>
    fetch(`${scheme}://127.0.0.1:${port}${path}`, {
      method: 'POST',
      body,
      headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json', ...headers },
      ...more,
    })
  return {
    push,
    async told(body, more) {
      const answer = await push(body, more)
      const said: unknown = await answer.json()
      return [answer.status, said]
    },
    async sent() {
      await time.pass(300)
      return records.flatMap((record) => (record.kind === 'meter_sample' ? [record] : []))
    },
    dropped: () => pipeline.stats().droppedRecords,
    health: () =>
      source.read({
        io,
        target,
        config,
        nowMs: time.wallMs(),
        timeoutMs: 1000,
        memory: new Map(),
      }),
    pass: (ms) => time.pass(ms),
    async stop() {
      await ear?.stop()
      host.stop()
    },
  }
}

/** The machine, with the place that a listener is given told. */
function listening(host: SourceIo, onOpen: (port: number, place: EarPlace) => void): SourceIo {
  const { field } = host
  if (field === undefined) throw new Error('a host has the field')
  const hear: FieldIo['hear'] = async (place: EarPlace, onPush) => {
    const ear = await field.hear(place, onPush)
    onOpen(ear.port, place)
    return ear
  }
  return { ...host, field: { ...field, hear } }
}
