import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type Invocation, parseInvocation } from './command.ts'
import { COMMANDS } from './commands.ts'
import { auditPath, readSettings, SETTING_VARIABLES, tokensPath } from './settings.ts'
import { fromUrl } from './store.ts'

const all = COMMANDS.find(({ name }) => name === 'all')

function invocation(args: readonly string[], env: Invocation['env'] = {}): Invocation {
  if (all === undefined) throw new Error('there is no command all')
  return parseInvocation(all, args, { env, print: () => undefined })
}

describe('settings', () => {
  it('take the option first, then the environment, then the default', () => {
    const env = { PLIMSOLL_PORT: '9001', PLIMSOLL_TIMEZONE: 'Asia/Shanghai' }
    expect(readSettings(invocation(['--port', '9002'], env))).toMatchObject({
      port: 9002,
      timeZone: 'Asia/Shanghai',
      host: '127.0.0.1',
      dataDir: './data',
      settleDelaySeconds: 20,
    })
    expect(readSettings(invocation([], env)).port).toBe(9001)
    expect(readSettings(invocation([])).port).toBe(8440)
  })

  it('an empty variable counts as unset: compose writes one for what nobody gave', () => {
    expect(readSettings(invocation([], { PLIMSOLL_PORT: '', NATS_URL: '' }))).toMatchObject({
      port: 8440,
    })
    expect(readSettings(invocation([], { NATS_URL: '' })).natsUrl).toBeUndefined()
  })

  it('lists are repeated options or a variable separated by commas', () => {
    const env = { PLIMSOLL_PUBLIC_NAMES: 'a.example, b.example' }
    expect(readSettings(invocation([], env)).publicNames).toEqual(['a.example', 'b.example'])
    const given = ['--public-name', 'c.example', '--public-name', 'd.example']
    expect(readSettings(invocation(given, env)).publicNames).toEqual(['c.example', 'd.example'])
  })

  it.each([
    ['--port', 'PLIMSOLL_PORT', '65536'],
    ['--port', 'PLIMSOLL_PORT', 'http'],
    ['--timezone', 'PLIMSOLL_TIMEZONE', 'Mars/Olympus'],
    ['--clickhouse', 'CLICKHOUSE_URL', 'localhost:8123'],
    ['--clickhouse', 'CLICKHOUSE_URL', 'file:///etc/passwd'],
    ['--settle-delay', 'PLIMSOLL_SETTLE_DELAY_SECONDS', '0'],
    ['--identity-header', 'PLIMSOLL_IDENTITY_HEADER', 'x user'],
  ])('refuse a bad %s and name option and variable', (option, variable, value) => {
    const refusal = expect.objectContaining({
      code: 'E_CONFIG_INVALID',
      message: expect.stringMatching(`^${option} \\(or ${variable}\\): [^\\n]+$`),
    })
    expect(() => readSettings(invocation([option, value]))).toThrow(refusal)
    expect(() => readSettings(invocation([], { [variable]: value }))).toThrow(refusal)
  })

  it('never repeat a value in the refusal: it may hold a password', () => {
    const url = 'ftp://user:hunter2@db/plimsoll'
    expect(() => readSettings(invocation(['--clickhouse', url]))).toThrow(/^(?!.*hunter2)/)
  })

  it('every variable is named in the help of the option that says the same', () => {
    const help = COMMANDS.flatMap(({ options }) => Object.values(options).map((each) => each.help))
    for (const variable of SETTING_VARIABLES)
      expect(
        help.some((text) => text.includes(variable)),
        variable,
      ).toBe(true)
  })

  it('tokens and audit live in the data folder unless tokens are named', () => {
    const settings = readSettings(invocation(['--data', '/srv/p']))
    expect(tokensPath(settings)).toBe(join('/srv/p', 'access', 'tokens.json'))
    expect(auditPath(settings)).toBe(join('/srv/p', 'access', 'audit.jsonl'))
    expect(tokensPath({ ...settings, tokensFile: '/etc/t.json' })).toBe('/etc/t.json')
  })
})

describe('a store address', () => {
  it('is split into origin, login and database; the login may hold escaped characters', () => {
    expect(fromUrl('http://reader:p%40ss%2Fword@db.example:8123/fleet')).toEqual({
      url: 'http://db.example:8123',
      user: 'reader',
      password: 'p@ss/word',
      database: 'fleet',
    })
  })

  it('has defaults for user and database', () => {
    expect(fromUrl('https://db.example')).toEqual({
      url: 'https://db.example',
      user: 'default',
      password: '',
      database: 'plimsoll',
    })
  })
})
