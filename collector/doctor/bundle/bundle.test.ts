import { gunzipSync } from 'node:zlib'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { stringify } from 'yaml'
import { reading } from '../../example-source.testing.ts'
import { examine } from '../examine.ts'
import { facts, read, source, target } from '../facts.testing.ts'
import { type BundleInput, bundleFiles, supportFile } from './bundle.ts'
import { createPseudonyms } from './names.ts'
import { createSecretRemover } from './secrets.ts'

const SALT = new Uint8Array(32).fill(7)

function input(more: Partial<BundleInput> = {}): BundleInput {
  const given = more.facts ?? facts()
  return {
    facts: given,
    findings: examine(given),
    tookMs: 1,
    language: 'en',
    outputs: [],
    outputsDropped: 0,
    configText: null,
    health: { not_included: 'no server' },
    environment: {},
    addresses: [],
    hostName: 'me',
    keepNames: false,
    salt: SALT,
    ...more,
  }
}

const textOf = (given: BundleInput) =>
  bundleFiles(given)
    .map(({ name, content }) => `${name}\n${new TextDecoder().decode(content)}`)
    .join('\n')
const output = (text: string, what = 'tool') => ({ what, result: 'exit 0', text, bytes: 1 })

/** What a person may use as a password: letters, digits and signs, no blank; with a mark to search for. */
const password = fc
  .stringMatching(/^[A-Za-z0-9!$%^*()_+=.~|;<>-]{6,24}$/)
  .map((text) => `z9${text}q`)
/** Only what needs no escaping in a URL. */
const plain = fc.stringMatching(/^[a-z0-9]{8,20}$/).map((text) => `z9${text}q`)

/** Every place where a secret can stand, and the bundle that has it there. */
const PLACES: Readonly<Record<string, (secret: string) => Partial<BundleInput>>> = {
  'a variable of ours': (secret) => ({ environment: { PLIMSOLL_TOKEN: secret } }),
  'a variable, and a tool that prints it bare': (secret) => ({
    environment: { MY_API_KEY: secret },
    outputs: [output(`started with ${secret} as usual`)],
  }),
  'the login of NATS_URL, and an error that repeats it': (secret) => ({
    environment: { NATS_URL: `nats://me:${encodeURIComponent(secret)}@bus:4222` },
    health: { detail: `cannot log in as me with ${secret}` },
  }),
  'the token of NATS_URL': (secret) => ({
    environment: { NATS_URL: `nats://${encodeURIComponent(secret)}@bus:4222,nats://other:4222` },
    outputs: [output(`token was ${encodeURIComponent(secret)}`)],
  }),
  'a target on the command line': (secret) => ({
    addresses: [`http://u:${encodeURIComponent(secret)}@node:9400/metrics`],
    outputs: [output('x', `http://u:${encodeURIComponent(secret)}@node:9400/metrics`)],
  }),
  'the bus of the configuration': (secret) => ({
    configText: stringify({ nats: { url: `nats://a:${encodeURIComponent(secret)}@bus:4222` } }),
  }),
  'a list of buses of the configuration': (secret) => ({
    configText: stringify({
      nats: { url: [`nats://a:${encodeURIComponent(secret)}@b:1`, 'nats://c'] },
    }),
    outputs: [output(secret)],
  }),
  'a query of a target list': (secret) => ({
    configText: stringify({
      sources: {
        'dcgm-exporter': { http_sd: [`http://sd/list?key=${encodeURIComponent(secret)}`] },
      },
    }),
  }),
  'an option of a source': (secret) => ({
    configText: stringify({ sources: { prometheus: { bearer_token: secret } } }),
    outputs: [output(`using ${secret}`)],
  }),
  'an option that nobody knows': (secret) => ({
    configText: stringify({ sources: { prometheus: { headers: { 'x-customer': secret } } } }),
  }),
  'a mistyped key of the file': (secret) => ({ configText: stringify({ natss: { pw: secret } }) }),
  'a file that is no YAML': (secret) => ({ configText: `nats: [${secret}\n  url: }` }),
  'a comment of the file': (secret) => ({ configText: `# the password is ${secret}\nnode: x\n` }),
  'a page: key and value': (secret) => ({ outputs: [output(`password = ${secret}`)] }),
  'a page: JSON': (secret) => ({ outputs: [output(JSON.stringify({ db: { password: secret } }))] }),
  'a page: JSON inside JSON': (secret) => ({
    outputs: [output(JSON.stringify({ body: JSON.stringify({ apiKey: secret }) }))],
  }),
  'a page: label': (secret) => ({ outputs: [output(`up{auth_token="${secret}"} 1`)] }),
  'a page: header': (secret) => ({ outputs: [output(`Authorization: Bearer ${secret}`)] }),
  'a page: cookie': (secret) => ({ outputs: [output(`Set-Cookie: a=1; session=${secret}`)] }),
  'a page: command line': (secret) => ({
    outputs: [output(`4711 /usr/bin/train --api-key ${secret} --lr 0.1`)],
  }),
  'a page: command line with =': (secret) => ({
    outputs: [output(`train --db-password=${secret}`)],
  }),
  'a page: URL': (secret) => ({
    outputs: [output(`see http://me:${encodeURIComponent(secret)}@host/x`)],
  }),
  'a page: private key': (secret) => ({
    outputs: [output(`-----BEGIN PRIVATE KEY-----\n${secret}\n-----END PRIVATE KEY-----\nok`)],
  }),
  'a page: a key cut in the middle': (secret) => ({
    outputs: [output(`-----BEGIN NATS USER JWT-----\n${secret}`)],
  }),
  'an answer of the server': (secret) => ({ health: { targets: [{ token: secret }] } }),
  'a refused line': (secret) => {
    const rejected = [{ line: `secret: ${secret}`, reason: 'not_a_sample' }]
    const first = read([reading({ keys: ['uuid:a'] })], {
      said: { rejected, rejectedByReason: { not_a_sample: 1 } },
    })
    return { facts: facts({ sources: [source('x', { targets: [target('x', first)] })] }) }
  },
  'a message of the configuration check': (secret) => ({
    facts: facts({
      config: {
        ...facts().config,
        file: 'c.yaml',
        problem: { code: 'E_CONFIG_INVALID', message: `nats://a:${secret}@b is no URL` },
      },
    }),
  }),
}

describe('no secret is in the support file', () => {
  it.each(Object.entries(PLACES))('that stands in %s', (_, place) => {
    fc.assert(
      fc.property(fc.oneof(password, plain), fc.boolean(), (secret, keepNames) => {
        const text = textOf(input({ ...place(secret), keepNames }))
        expect(text).not.toContain(secret)
        expect(text).not.toContain(encodeURIComponent(secret))
      }),
      { numRuns: 60 },
    )
  })

  it.each([
    ['a JWT', 'eyJhbGciOiJFZDI1NTE5In0.eyJqdGkiOiJYWFgifQ.c2lnbmF0dXJl'],
    ['a NATS seed', `SUA${'BCDEFGHIJKLMNOPQRSTUVWXYZ234567'.repeat(2).slice(0, 55)}`],
    ['a token of ours', 'plm_ab12_Zm9vYmFyYmF6'],
    ['base64', 'Zm9vYmFyYmF6MTIzNDU2Nzg5MGFiY2RlZkdISUpLTE1OT1A='],
  ])('as %s without any word that says so', (_, secret) => {
    const remove = createSecretRemover([])
    expect(remove(`row ${secret} end`)).toBe('row [secret] end')
  })

  it('and what support needs is still there', () => {
    const kept = [
      'DCGM_FI_DEV_POWER_USAGE{gpu="0",UUID="GPU-5fd4f087-86f3-7a43-b711-4771313afc50",pci_bus_id="00000000:53:00.0"} 68.1',
      '| 0     910B3               | OK            | 93.4        41                0    / 0             |',
      'VDie ID : 42C711D4-20B03704-A1B2C3D4-0000FFFF-10000001',
      'Driver Version: 535.129.03   CUDA Version: 12.2',
      'XPU-SMI Driver Version: 9.9.9.9 XPU-RT Version: 9.9.9',
      'dcmi module initialize failed. ret is -8005',
      '/usr/local/Ascend/driver/lib64/libdcmi.so at 12:34:56',
    ].join('\n')
    expect(textOf(input({ outputs: [output(kept)] }))).toContain(kept)
  })
})

describe('names', () => {
  const names = ['gpu-17.dc1.example', 'h2-r01-n03']
  const hide = createPseudonyms(names, SALT)

  it.each([
    ['a host', 'connect to GPU-17.DC1.example:9400 failed'],
    ['its short name', 'gpu-17 is away'],
    ['inside a word', 'file h2-r01-n03_metrics.prom'],
    ['a label', 'x{Hostname="h9-somewhere",pod="train-7",namespace="team-a"} 1'],
    ['an address', 'from 10.20.30.40:9400'],
    ['an IPv6 address', 'from [fd00:1:2::17]:9400'],
    ['a hardware address', 'link 00:11:22:aa:bb:cc'],
    ['a domain nobody listed', 'ask sd.internal.corp for it'],
    ['a home folder', '/home/alice/collector.yaml'],
  ])('%s is replaced', (_, text) => {
    const hidden = hide(text)
    expect(hidden).not.toMatch(
      /gpu-17|h2-r01|h9-some|train-7|team-a|10\.20|fd00|00:11|internal\.corp|alice/i,
    )
  })

  it('by the same word wherever the name stands', () => {
    const word = hide('h2-r01-n03')
    expect(hide('x{Hostname="h2-r01-n03"} 1')).toBe(`x{Hostname="${word}"} 1`)
    expect(hide('at H2-R01-N03:9400')).toBe(`at ${word}:9400`)
  })

  it('by the same word for the same name, and by another in another file', () => {
    const [a, b] = [hide('gpu-17.dc1.example'), hide('GPU-17.dc1.example')]
    expect(a).toBe(b)
    const other = createPseudonyms(names, new Uint8Array(32).fill(8))
    expect(other('gpu-17.dc1.example')).not.toBe(a)
  })

  it.each([
    'Driver Version: 9.9.9.9',
    'http://127.0.0.1:9400/metrics',
    '0000:53:00.0 12:34:56',
    'gpu="0" node "localhost" collector.yaml plimsoll-counters.csv',
  ])('%s stays', (text) => {
    expect(hide(text)).toBe(text)
  })

  it('stay when asked', () => {
    const outputs = [output('host 10.20.30.40 h2-r01-n03')]
    expect(textOf(input({ outputs, keepNames: true }))).toContain('host 10.20.30.40 h2-r01-n03')
    expect(textOf(input({ outputs }))).not.toContain('10.20.30.40')
  })
})

describe('the archive', () => {
  it('is a gzipped tar whose headers add up', () => {
    const tar = gunzipSync(supportFile(input({ outputs: [output('a'), output('b'.repeat(600))] })))
    expect(tar.length % 512).toBe(0)
    const names: string[] = []
    for (let at = 0; tar[at] !== 0;) {
      const header = tar.subarray(at, at + 512)
      const size = Number.parseInt(header.toString('ascii', 124, 135), 8)
      const sum = Number.parseInt(header.toString('ascii', 148, 154), 8)
      const blank = Buffer.from(header).fill(' ', 148, 156)
      expect(blank.reduce((total, byte) => total + byte, 0)).toBe(sum)
      names.push(header.toString('ascii', 0, header.indexOf(0)))
      at += 512 + Math.ceil(size / 512) * 512
    }
    expect(names).toContain('doctor.json')
    expect(names.filter((name) => name.startsWith('outputs/'))).toHaveLength(2)
  })

  it('cleans 4 MB of hostile text in a moment', () => {
    const hostile = [
      'password'.repeat(65_536),
      '://a'.repeat(131_072),
      '-----BEGIN '.repeat(40_000),
    ]
    hostile.push(
      ':'.repeat(400_000),
      'a:'.repeat(200_000),
      '"'.repeat(400_000),
      '--token '.repeat(50_000),
    )
    const startedMs = performance.now()
    textOf(input({ outputs: hostile.map((text) => output(text)) }))
    expect(performance.now() - startedMs).toBeLessThan(5000)
  })
})
