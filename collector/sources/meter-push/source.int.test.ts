import { afterEach, describe, expect, it } from 'vitest'
import type { SourceIo } from '../../source.ts'
import { selfSigned } from '../redfish/certificate.testing.ts'
import { NOW_MS, type PushSetting, type PushWorld, pushWorld, TOKEN } from './push.testing.ts'
import { writePush } from './simulate.ts'
import source, { createMeterPushSource } from './source.ts'

/** Real requests to a real port. */

const open: PushWorld[] = []
afterEach(async () => {
  for (const world of open.splice(0)) await world.stop()
})
async function start(setting: PushSetting = {}): Promise<PushWorld> {
  const world = await pushWorld(setting)
  open.push(world)
  return world
}

const T0 = Date.parse('2026-03-01T10:00:00Z')
const reading = (more: Record<string, unknown> = {}) => ({
  time: '2026-03-01T10:00:00Z',
  meter: 'feed-a',
  values: { power_watts: 1_250_500 },
  ...more,
})
const many = (count: number, prefix: string) =>
  writePush(
    Array.from({ length: count }, (_, at) => ({
      atMs: T0,
      meter: `${prefix}-${at}`,
      point: '',
      values: { power_watts: at },
    })),
  )

describe('what is taken', () => {
  it('goes into the next batch with its own time and step, and only then is 202 said', async () => {
    const world = await start({ options: { step: '15m' } })
    const answer = await world.told(JSON.stringify([reading(), reading({ step_seconds: 30 })]))
    expect(answer).toEqual([202, { accepted: 2, refused: {}, examples: [] }])
    expect(await world.sent()).toMatchObject([
      { meter: 'feed-a', at_ms: T0, step_ms: 900_000, values: { power_watts: 1_250_500 } },
      { meter: 'feed-a', at_ms: T0, step_ms: 30_000 },
    ])
    expect(await world.health()).toMatchObject({ outcome: 'ok', rejectedByReason: {} })
  })

  it.each([
    ['a list', 'application/json', JSON.stringify([reading()])],
    ['an object with readings', 'application/json', JSON.stringify({ readings: [reading()] })],
    ['one reading', 'application/json; charset=utf-8', JSON.stringify(reading())],
    ['a reading a line', 'application/x-ndjson', `${JSON.stringify(reading())}\n\n`],
    ['what curl says of --data', 'application/x-www-form-urlencoded', JSON.stringify(reading())],
    [
      'a table',
      'text/csv',
      '\uFEFFtime,meter,power_watts [kW]\r\n2026-03-01T10:00:00Z,feed-a,1250.5\r\n',
    ],
    [
      'a table with a row per value',
      'text/csv',
      'time;meter;point;metric;value;unit\n1772359200;feed-a;;power_watts;1.2505;MW\n',
    ],
  ])('%s', async (_what, type, body) => {
    const world = await start()
    const [status] = await world.told(body, { headers: { 'content-type': type } })
    expect(status).toBe(202)
    const [sample, ...others] = await world.sent()
    expect(others).toEqual([])
    expect(sample).toMatchObject({ meter: 'feed-a', at_ms: T0, values: { power_watts: 1_250_500 } })
  })

  it('the same push twice gives the same samples twice: later steps count them once', async () => {
    const world = await start()
    const body = JSON.stringify([reading()])
    expect([(await world.push(body)).status, (await world.push(body)).status]).toEqual([202, 202])
    const [first, second] = await world.sent()
    expect(first).toEqual(second)
  })

  it('times of a zone are taken where one is named', async () => {
    const body = JSON.stringify(reading({ time: '2026-03-01 18:00:00' }))
    const world = await start({ options: { time_zone: 'Asia/Shanghai' } })
    expect((await world.told(body))[0]).toBe(202)
    expect(await world.sent()).toMatchObject([{ at_ms: T0 }])
  })

  it('as many at once as wait for a message: none that was answered 202 is pushed out', async () => {
    const world = await start({ options: { readings_per_minute: 1_000_000 } })
    const answers: Response[] = []
    for (const name of ['a', 'b', 'c', 'd', 'e']) answers.push(await world.push(many(4096, name)))
    expect(answers.map(({ status }) => status)).toEqual([202, 202, 429, 429, 429])
    expect(answers[2]?.headers.get('retry-after')).toBe('1')
    expect(await world.sent()).toHaveLength(8192)
    expect(world.dropped()).toBe(0)
    await world.pass(1000)
    expect((await world.push(many(4096, 'c'))).status).toBe(202)
  })
})

describe('what is refused', () => {
  it('no token, another token: said to the sender and counted for us, without the token', async () => {
    const world = await start()
    const body = JSON.stringify(reading())
    expect(await world.told(body, { headers: { authorization: '' } })).toEqual([
      401,
      { error: 'send the token as header: Authorization: Bearer …' },
    ])
    const wrong = { headers: { authorization: 'Bearer another-token-of-24-chars' } }
    expect(await world.told(body, wrong)).toEqual([403, { error: 'the token is wrong' }])
    expect(await world.sent()).toEqual([])
    expect(await world.health()).toMatchObject({
      outcome: 'absent',
      reason: 'nothing_pushed',
      rejectedByReason: { no_token: 2 },
      rejected: [
        { line: 'push from 127.0.0.1', reason: 'no_token' },
        { line: 'push from 127.0.0.1', reason: 'no_token' },
      ],
    })
    expect((await world.health()).rejectedByReason).toEqual({})
  })

  it('strangers are slowed down, those with the token are not', async () => {
    const world = await start()
    const knock = () => world.push('x', { headers: { authorization: 'Bearer wrong' } })
    const statuses = new Set<number>()
    for (let at = 0; at < 121; at++) statuses.add((await knock()).status)
    expect([...statuses]).toEqual([403, 429])
    expect((await world.push(JSON.stringify(reading()))).status).toBe(202)
  })

  it.each([
    ['another path', { path: '/v1/other' }, 404, 'there is only POST /v1/meters'],
    ['another method', { method: 'PUT' }, 405, 'readings are sent with POST /v1/meters'],
    [
      'another kind of text',
      { headers: { 'content-type': 'text/html' } },
      415,
      'send application/json, application/x-ndjson or text/csv as content-type',
    ],
  ])('%s', async (_what, more, status, error) => {
    const world = await start()
    expect(await world.told(JSON.stringify(reading()), more)).toEqual([status, { error }])
  })

  it.each([
    ['', 'the body is empty'],
    ['{"time":', 'line 1 is no JSON; send an array of readings, a reading a line, or CSV'],
    ['7', 'the body is no reading and no list of them'],
    ['{"readings":7}', 'readings: must be a list'],
    [many(4097, 'm'), 'the body has more than 4096 readings; send it in parts'],
  ])('a body that is none: %.20s', async (body, error) => {
    const world = await start()
    const [status, said] = await world.told(body)
    expect(status).toBe(400)
    expect(JSON.stringify(said)).toContain(error)
    expect(await world.sent()).toEqual([])
  })

  it('a table without a time, or with too many rows', async () => {
    const world = await start()
    const csv = { headers: { 'content-type': 'text/csv' } }
    const [status, said] = await world.told('meter,power_watts\nfeed-a,1\n', csv)
    expect([status, JSON.stringify(said)]).toEqual([
      400,
      expect.stringContaining('line 1: no column holds the time'),
    ])
    const rows = Array.from({ length: 4098 }, () => '2026-03-01T10:00:00Z,m,1')
    const long = await world.told(['time,meter,power_watts', ...rows].join('\n'), csv)
    expect(long).toEqual([400, { error: 'the table has more than 4096 rows; send it in parts' }])
  })

  it('a body that is too large is answered, not cut off; the next push is fine', async () => {
    const world = await start()
    expect(await world.told(' '.repeat((1 << 20) + 1))).toEqual([
      413,
      { error: 'the body is larger than 1048576 bytes; send it in parts' },
    ])
    expect((await world.push(JSON.stringify(reading()))).status).toBe(202)
  })

  it('more readings a minute than are allowed, until the minute is over', async () => {
    const world = await start({ options: { readings_per_minute: 3 } })
    const two = JSON.stringify([reading(), reading()])
    expect((await world.push(two)).status).toBe(202)
    const answer = await world.push(two)
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([429, '60'])
    await world.pass(60_000)
    expect((await world.push(two)).status).toBe(202)
  })

  it('bad readings are named with their reason, the good ones beside them are taken', async () => {
    const world = await start()
    const body = [
      reading(),
      reading({ time: '2026-03-01 18:00:00' }),
      reading({ time: new Date(NOW_MS + 61_000).toISOString() }),
      reading({ time: '2026-01-01T00:00:00Z' }),
      reading({ values: { power_watts: -1 } }),
    ]
    expect(await world.told(JSON.stringify(body))).toEqual([
      202,
      {
        accepted: 1,
        refused: { no_time_zone: 1, out_of_range: 1, in_future: 1, too_old: 1 },
        examples: [
          { line: 'reading 2: time "2026-03-01 18:00:00"', reason: 'no_time_zone' },
          { line: 'reading 5: power_watts -1', reason: 'out_of_range' },
          { line: 'feed-a at 2026-03-01T10:06:01.000Z', reason: 'in_future' },
          { line: 'feed-a at 2026-01-01T00:00:00.000Z', reason: 'too_old' },
        ],
      },
    ])
    const health = await world.health()
    expect(health.rejectedByReason).toEqual({
      no_time_zone: 1,
      out_of_range: 1,
      in_future: 1,
      too_old: 1,
    })
    expect((await world.health()).rejectedByReason).toEqual({})
    const none = await world.told(JSON.stringify([reading({ meter: 'no good' })]))
    expect(none).toMatchObject([422, { accepted: 0, refused: { no_meter: 1 } }])
  })
})

describe('TLS', () => {
  it('is what a certificate and a key switch on; without their files nothing listens', async () => {
    const { cert, key } = selfSigned()
    const options = { cert: '/tls/cert.pem', key: '/tls/key.pem' }
    const world = await start({
      options,
      files: { '/tls/cert.pem': cert, '/tls/key.pem': key },
    })
    // Nobody vouches for it, so that fetch refuses; the handshake shows whose it is.
    await expect(world.push('[]')).rejects.toMatchObject({
      cause: { code: expect.stringMatching(/SELF_SIGNED|UNABLE_TO_VERIFY/) },
    })
    await expect(pushWorld({ options })).rejects.toThrow('/tls/cert.pem cannot be read')
  })
})

describe('tokens', () => {
  it('a file is read again, its line end is no part of the token', async () => {
    const files = { '/run/secrets/push': `${TOKEN}\n` }
    const world = await start({ options: { token_file: '/run/secrets/push' }, env: {}, files })
    const body = JSON.stringify(reading())
    expect((await world.push(body)).status).toBe(202)
    files['/run/secrets/push'] = 'the-token-that-came-after-it\n'
    await world.pass(61_000)
    expect((await world.push(body)).status).toBe(403)
  })

  it('without one, or with a short one, nothing listens, and why is said', async () => {
    await expect(pushWorld({ env: {} })).rejects.toThrow(
      'Pushes are not taken: the variable PLIMSOLL_METER_PUSH_TOKEN holds no token of at least 16 characters',
    )
    await expect(
      pushWorld({ options: { token_env: 'MINE' }, env: { MINE: 'short' } }),
    ).rejects.toThrow('the variable MINE')
    await expect(pushWorld({ options: { token_file: '/gone' }, env: {} })).rejects.toThrow(
      'the file /gone',
    )
  })

  it('is looked for with the address: doctor says it too', async () => {
    const none = { env: () => undefined, file: () => Promise.reject(new Error()), nowMs: () => 0 }
    const bare = createMeterPushSource(none)
    const config = bare.config.parse({ listen: '[::1]:9165' })
    expect(await bare.detect(NO_IO, config, 'n1')).toMatchObject({
      state: 'broken',
      looked: 'http://[::1]:9165/v1/meters',
      reason: 'no_token',
    })
    expect(await bare.detect(NO_IO, bare.config.parse({}), 'n1')).toMatchObject({ state: 'absent' })
  })
})

const never = () => Promise.reject(new Error('nobody is asked'))
const NO_IO: SourceIo = { run: never, stream: () => 'busy', get: never, hasCommand: never }

it('options say what is wrong with them', () => {
  const refusals = (options: unknown) =>
    source.config
      .safeParse(options)
      .error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`)
      .join('; ')
  expect(refusals({ listen: '9165' })).toContain('listen: must be an address and a port')
  expect(refusals({ listen: '127.0.0.1:70000' })).toContain('must be an address and a port')
  expect(refusals({ token: 'written here' })).toContain('Unrecognized key')
  expect(refusals({ token_env: 'A', token_file: '/b' })).toContain('in place of `token_env`')
  expect(refusals({ cert: '/c' })).toContain('`cert` and `key` go together')
  expect(refusals({ step: '2h' })).toContain('from 1s to 1h')
})
