import { X509Certificate } from 'node:crypto'
import { afterEach, describe, expect, it } from 'vitest'
import { type Bmc, startBmc } from './bmc.testing.ts'
import { selfSigned } from './certificate.testing.ts'
import { type Asked, askDevice, CDU, PDU } from './reads.testing.ts'
import { redfishTree } from './simulate.ts'
import type { RedfishDeps } from './source.ts'

const open: { stop(): Promise<void> }[] = []
afterEach(async () => {
  for (const one of open.splice(0)) await one.stop()
})

async function bmcOf(...given: Parameters<typeof startBmc>): Promise<Bmc> {
  const bmc = await startBmc(...given)
  open.push(bmc)
  return bmc
}

function ask(
  bmc: Bmc,
  options: Readonly<Record<string, unknown>> = {},
  deps: Partial<RedfishDeps> = {},
): Asked {
  const asked = askDevice(bmc.url, options, deps)
  open.push(asked)
  return asked
}

const TREE = redfishTree({ pdus: [PDU] })
const LOGIN = { user: 'reader', password: 's3cret' }
const OPTIONS = { user: 'reader', password_env: 'BMC_PASSWORD' }
const secrets = (password: string) => ({
  secrets: { environment: { BMC_PASSWORD: password }, readText: async () => '' },
})
const logins = (bmc: Bmc) => bmc.asked.filter((line) => line.startsWith('POST')).length

describe('logging in', () => {
  it('happens once; the token is used again, renewed when it ran out, and given back at the end', async () => {
    const bmc = await bmcOf(TREE, { login: LOGIN, tokenUses: 8 })
    const device = ask(bmc, OPTIONS, secrets('s3cret'))
    expect((await device.read(0)).outcome).toBe('ok')
    expect(logins(bmc)).toBe(1)
    for (let tick = 1; tick < 5; tick++)
      expect((await device.read(tick * 30_000)).outcome).toBe('ok')
    expect(logins(bmc)).toBe(2)
    device.source.close?.(device.memory)
    await expect.poll(() => bmc.asked.at(-1)).toMatch(/^DELETE .*Sessions\/2$/)
  })

  it('falls back to a password with each question where there are no sessions', async () => {
    const bmc = await bmcOf(TREE, { login: LOGIN, hasSessions: false })
    const device = ask(bmc, OPTIONS, secrets('s3cret'))
    expect((await device.read()).outcome).toBe('ok')
    expect(logins(bmc)).toBe(1)
  })

  it('that is refused is not tried again soon, and says so without the password', async () => {
    let nowMs = 0
    const bmc = await bmcOf(TREE, { login: LOGIN })
    const device = ask(bmc, OPTIONS, { ...secrets('wrong-pass'), nowMs: () => nowMs })
    const first = await device.read(0)
    expect([first.outcome, first.reason]).toEqual(['failed', 'http_401'])
    for (nowMs = 0; nowMs < 29_000; nowMs += 2000) await device.read(nowMs)
    expect(logins(bmc)).toBe(1)
    nowMs = 120_000
    const again = await device.read(nowMs)
    expect(logins(bmc)).toBe(2)
    for (nowMs = 120_000; nowMs < 3_720_000; nowMs += 10_000) await device.read(nowMs)
    // An hour of wrong passwords: a handful of tries, ever further apart.
    expect(logins(bmc)).toBeLessThan(12)
    expect(JSON.stringify([first, again])).not.toContain('wrong-pass')
  })

  it('a storm of 401 after a good login ends the same way', async () => {
    const bmc = await bmcOf(TREE, { login: LOGIN, tokenUses: 0 })
    const device = ask(bmc, OPTIONS, secrets('s3cret'))
    for (let tick = 0; tick < 10; tick++)
      expect((await device.read(tick * 2000)).outcome).toBe('failed')
    expect(logins(bmc)).toBe(2)
  })

  it('without its password is not tried at all', async () => {
    const bmc = await bmcOf(TREE, { login: LOGIN })
    const read = await ask(bmc, OPTIONS, secrets('')).read()
    expect([read.reason, read.detail]).toEqual([
      'no_password',
      'There is no password to log in with: the variable BMC_PASSWORD is empty.',
    ])
    expect(bmc.asked).toEqual([])
  })
})

describe('bad manners', () => {
  it.each([
    ['hang', 'timeout'],
    ['garbage', 'not_json'],
    ['half', 'closed_early'],
    ['busy', 'http_503'],
  ] as const)(
    'a controller that answers with %s is %s, and read again when it is well',
    async (trouble, reason) => {
      let nowMs = 1_800_000_000_000
      const bmc = await bmcOf(TREE, { trouble })
      const device = ask(bmc, { request_timeout: '500ms' }, { nowMs: () => nowMs })
      const bad = await device.read(0, 1000)
      expect([bad.outcome, bad.reason]).toEqual(['failed', reason])
      expect(bad.detail).toMatch(/\w+ \w+/)
      bmc.manners.trouble = 'none'
      nowMs += 30_000
      expect((await device.read(30_000, 3000)).outcome).toBe('ok')
    },
  )

  it('answers that take longer than a tick are waited for across ticks', async () => {
    const bmc = await bmcOf(redfishTree({ cdus: [CDU] }), { delayMs: 150 })
    const device = ask(bmc, { kinds: ['cooling'] })
    const outcomes = []
    const seen = new Set<string>()
    for (let tick = 0; tick < 40 && seen.size < 8; tick++) {
      const read = await device.read(tick * 1000, 200)
      outcomes.push(read.outcome)
      for (const { point } of read.meters ?? []) seen.add(point)
    }
    expect([...seen].toSorted()).toEqual([
      '',
      'leak/1',
      'leak/2',
      'primary',
      'pump/1',
      'pump/2',
      'reservoir/1',
      'secondary',
    ])
    // Slow until something came; from then on never failed.
    expect(outcomes.lastIndexOf('failed')).toBeLessThan(outcomes.indexOf('ok'))
  })

  it('of 50 devices 10 hang, and none of the others waits for them', async () => {
    const bmcs = await Promise.all(
      Array.from({ length: 50 }, (_, at) =>
        bmcOf(TREE, { trouble: at % 5 === 0 ? 'hang' : 'none' }),
      ),
    )
    const devices = bmcs.map((bmc) => ask(bmc, { request_timeout: '2s' }))
    const startedMs = performance.now()
    const results = await Promise.all(
      devices.map(async (device) => {
        const { outcome } = await device.read(0, 1500)
        return { outcome, tookMs: performance.now() - startedMs }
      }),
    )
    const well = results.filter((_, at) => at % 5 !== 0)
    expect(well.map(({ outcome }) => outcome)).toEqual(Array.from({ length: 40 }, () => 'ok'))
    expect(Math.max(...well.map(({ tookMs }) => tookMs))).toBeLessThan(1200)
    expect(Math.max(...results.map(({ tookMs }) => tookMs))).toBeLessThan(2200)
    expect(
      results.filter((_, at) => at % 5 === 0).every(({ outcome }) => outcome === 'failed'),
    ).toBe(true)
  })
})

describe('TLS', () => {
  const pem = selfSigned()
  const { fingerprint256 } = new X509Certificate(pem.cert)
  const files = { secrets: { environment: {}, readText: async () => pem.cert } }

  it('a certificate nobody signed is refused before anything is asked', async () => {
    const bmc = await bmcOf(TREE, {}, pem)
    expect((await ask(bmc).read()).reason).toBe('tls')
    expect(bmc.asked).toEqual([])
  })

  it('is trusted by its fingerprint, over one connection, or by its authority', async () => {
    const bmc = await bmcOf(TREE, {}, pem)
    const known = { tls: { fingerprints: { '127.0.0.1': fingerprint256 } } }
    expect((await ask(bmc, known).read()).outcome).toBe('ok')
    expect(bmc.connections()).toBe(1)
    expect((await ask(bmc, { tls: { ca: 'ca.pem' } }, files).read()).outcome).toBe('ok')
  })

  it('another fingerprint is refused, and the password is not sent', async () => {
    const bmc = await bmcOf(TREE, { login: LOGIN }, pem)
    const other = { tls: { fingerprints: { '*': fingerprint256.replace(/^../, '00') } } }
    const read = await ask(bmc, { ...OPTIONS, ...other }, secrets('s3cret')).read()
    expect([read.reason, bmc.asked]).toEqual(['tls', []])
  })
})
