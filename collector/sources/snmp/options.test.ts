import { describe, expect, it } from 'vitest'
import { parseConfig } from '../../config-file.ts'
import { accessFor, plansOf, SnmpConfig } from './options.ts'
import { createSecrets, placeOf } from './secrets.ts'
import source from './source.ts'

const messages = (options: object) =>
  SnmpConfig.safeParse(options).error?.issues.map(
    ({ path, message }) => `${path.join('.')}: ${message}`,
  ) ?? []

describe('the section', () => {
  it('says what is wrong and where', () => {
    expect(messages({ community: 'public' })[0]).toContain('Unrecognized key')
    expect(messages({ version: 3 })).toEqual(['user: version 3 needs a `user`'])
    expect(messages({ profile: 'acme' })[0]).toContain('profile: there is no profile "acme"')
    expect(messages({ traps: { listen: '162' } })).toEqual([
      'traps.listen: must be an address and a port, such as 0.0.0.0:9162',
    ])
    expect(messages({ full_every: '10' })).toEqual(['full_every: must be a time from 1s to 60m'])
    const priv = { name: 'u', priv: { key_env: 'A' } }
    expect(messages({ version: 3, user: priv })[0]).toContain('`priv` needs `auth`')
    const both = { name: 'u', auth: { key_env: 'A', key_file: '/b' } }
    expect(messages({ version: 3, user: both })[0]).toContain('needs one of')
  })

  it('the first rule that fits a target counts, by name or host', () => {
    const config = SnmpConfig.parse({
      community_env: 'ALL',
      access: [
        { targets: ['ups-*-a', '10.0.0.7'], version: 1 },
        { targets: ['*'], community_file: '/run/c', profile: 'ups-mib' },
      ],
    })
    expect(accessFor(config, ['ups-1-a', 'h'])).toMatchObject({
      version: '1',
      community_env: 'ALL',
    })
    expect(accessFor(config, ['x', '10.0.0.7'])).toMatchObject({ version: '1' })
    expect(accessFor(config, ['ups-1-b', 'h'])).toMatchObject({
      community_file: '/run/c',
      community_env: undefined,
      profile: 'ups-mib',
    })
  })

  it('a profile of the site comes before those that are built in, and may extend one', () => {
    const config = SnmpConfig.parse({
      profiles: [
        {
          name: 'vertiv-with-energy',
          extends: 'vertiv-pdu',
          probe: '1.3.6.1.4.1.476.1.42.3.8.30.20.1.50',
          columns: [
            {
              oid: '1.3.6.1.4.1.476.1.42.3.8.30.20.1.50',
              to: 'energy_joules_total',
              unit: 'kWh',
              scale: 0.1,
              device: 1,
              point: 'inlet/{2}',
              short: '',
            },
          ],
        },
      ],
    })
    const [first] = plansOf(config)
    expect(first?.profile.name).toBe('vertiv-with-energy')
    expect(first?.byOid.size).toBe(10)
    expect(plansOf(config)).toBe(plansOf(config))
  })
})

describe('in the file of the collector', () => {
  const parse = (lines: readonly string[]) =>
    parseConfig(['sources:', '  snmp:', ...lines.map((line) => `    ${line}`)].join('\n'), {
      file: 'plimsoll.yaml',
      sources: [source],
      host: 'h',
    })

  it('targets are hosts, with a port or without, and `meter` names the thing', () => {
    const { sources } = parse([
      'interval: 2s',
      'full_every: 30s',
      'targets:',
      '  - { address: "pdu-[1-2]", meter: "pdu-h1-[1-2]" }',
      '  - 10.0.0.7:1161',
    ])
    expect(sources[0]?.targets.map(({ address, node }) => [address, node])).toEqual([
      ['snmp://pdu-1:161/', 'pdu-h1-1'],
      ['snmp://pdu-2:161/', 'pdu-h1-2'],
      ['snmp://10.0.0.7:1161/', '10.0.0.7'],
    ])
    expect(sources[0]?.targets.map(placeOf)).toEqual([
      { host: 'pdu-1', port: 161 },
      { host: 'pdu-2', port: 161 },
      { host: '10.0.0.7', port: 1161 },
    ])
  })

  it('a mistake has its line, and a secret in the file is refused', () => {
    expect(() => parse(['targets: [pdu-1]', 'community: public'])).toThrow(
      /plimsoll\.yaml:4:5: .*community/,
    )
  })
})

describe('secrets', () => {
  it('come from the environment or a file, are read again, and are never said', async () => {
    let nowMs = 0
    const files: Record<string, string> = { '/run/c': 'one\n' }
    const secrets = createSecrets({
      env: () => undefined,
      file: (path) => {
        const text = files[path]
        return text === undefined ? Promise.reject(new Error('ENOENT')) : Promise.resolve(text)
      },
      nowMs: () => nowMs,
    })
    const access = { community_file: '/run/c' }
    const target = { address: 'snmp://[fd00::1]:1161/', node: 'x' }
    const peer = { host: 'fd00::1', port: 1161, version: '2c' }
    expect(await secrets.peerOf(target, access)).toEqual({ ...peer, community: 'one' })
    files['/run/c'] = 'two\n'
    expect(await secrets.peerOf(target, access)).toEqual({ ...peer, community: 'one' })
    nowMs = 60_000
    expect(await secrets.peerOf(target, access)).toEqual({ ...peer, community: 'two' })
    expect(await secrets.lettersOf({})).toBe(
      'The community is not set: variable PLIMSOLL_SNMP_COMMUNITY is empty or missing.',
    )
    expect(await secrets.lettersOf({ community_file: '/nowhere' })).toContain('file /nowhere')
    const user = { name: 'u', auth: { protocol: 'sha', key_env: 'K' } } as const
    expect(await secrets.lettersOf({ version: '3', user })).toBe(
      'A key of the user "u" is not set: variable K is empty or missing.',
    )
  })

  it('a target without a port is asked on 161', () => {
    expect(placeOf({ address: 'snmp://pdu-7', node: 'x' })).toEqual({ host: 'pdu-7', port: 161 })
  })
})
