import { mkdir, readdir, readFile, rmdir, stat, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { START_MS, testApp, type TestApp } from './access.testing.ts'
import { verifyAudit } from './audit.ts'
import { checkBind } from './bind.ts'
import { AccessConfig, type AccessRole } from './config.ts'
import { LOGIN_FAILURES_MAX, LOGIN_WINDOW_MS } from './login-limit.ts'
import { SESSION_MS } from './sessions.ts'
import { addToken, lastUsePath, listTokens, readTokens, revokeToken } from './token-file.ts'
import { createTokenStore } from './tokens.ts'

const opened: TestApp[] = []
afterEach(async () => {
  await Promise.all(opened.splice(0).map(({ app }) => app.close()))
})

const message = {
  sequence: 1,
  at_ms: START_MS,
  kind: 'slack' as const,
  request: { url: 'https://hooks.slack.com/services/demo', headers: {}, body: '{}' },
  blocks: [{ kind: 'title' as const, text: '[PAGE] Fleet busy 58.4 %' }],
}
const demo = {
  incidentRunning: () => false,
  playIncident: () => undefined,
  messages: () => [message],
  caption: () => null,
  notice: () => null,
}

async function site(access: Record<string, unknown> = {}) {
  const built = await testApp({
    accessInput: { host: '0.0.0.0', public_names: ['fleet.example'], ...access },
    demo,
  })
  opened.push(built)
  return built
}

const FAR = '10.1.2.3'
const get = (built: TestApp, url: string, headers: Record<string, string> = {}, from = FAR) =>
  built.app.inject({ url, remoteAddress: from, headers: { host: 'fleet.example', ...headers } })
const post = (built: TestApp, url: string, headers: Record<string, string>, payload?: object) =>
  built.app.inject({
    method: 'POST',
    url,
    remoteAddress: FAR,
    headers: { host: 'fleet.example', ...headers },
    ...(payload === undefined ? {} : { payload }),
  })
const codeOf = (response: { json(): unknown }) => response.json()

const token = async (
  built: TestApp,
  name: string,
  role: AccessRole,
  expiresMs: number | null = null,
) => (await addToken(built.tokenPath, { name, role, expiresMs, nowMs: START_MS })).token
const bearer = (value: string) => ({ authorization: `Bearer ${value}` })

describe('who may ask', () => {
  test('loopback needs no login', async () => {
    const built = await site()
    const response = await built.app.inject({
      url: '/api/v1/session',
      headers: { host: 'localhost:8440' },
    })
    expect(response.json()).toMatchObject({ name: 'local', role: 'admin', login_needed: false })
  })

  test('loopback behind an unlisted proxy is not loopback', async () => {
    const built = await site()
    for (const header of ['x-forwarded-for', 'via', 'forwarded', 'x-real-ip']) {
      const response = await built.app.inject({
        url: '/api/v1/metrics',
        headers: { host: '127.0.0.1', [header]: '10.0.0.1' },
      })
      expect(response.statusCode).toBe(401)
    }
  })

  test('a listed proxy on loopback does not lend its loopback to everybody', async () => {
    const built = await site({ trusted_proxies: ['127.0.0.0/8'] })
    const response = await get(built, '/api/v1/metrics', { host: 'localhost' }, '127.0.0.1')
    expect(response.statusCode).toBe(401)
  })

  test('from elsewhere every route needs a token, except health and the login itself', async () => {
    const built = await site()
    for (const url of [
      '/api/v1/metrics',
      '/api/v1/fleet/summary',
      '/api/v1/devices',
      '/api/v1/live',
      '/api/v1/collection',
      '/api/docs',
      '/metrics',
    ]) {
      const response = await get(built, url)
      expect([url, response.statusCode]).toEqual([url, 401])
      expect(codeOf(response)).toMatchObject({ error: { code: 'E_UNAUTHENTICATED' } })
    }
    expect((await get(built, '/healthz')).statusCode).toBe(200)
    expect((await get(built, '/readyz')).statusCode).toBe(200)
    expect((await get(built, '/api/v1/session')).json()).toMatchObject({
      name: null,
      login_needed: true,
    })
  })

  test('a bearer token is let in, a wrong secret, another token and no token are not', async () => {
    const built = await site()
    const good = await token(built, 'ci', 'read')
    expect((await get(built, '/api/v1/metrics', bearer(good))).statusCode).toBe(200)
    const flipped = good.slice(0, -1) + (good.endsWith('A') ? 'B' : 'A')
    for (const bad of [flipped, 'plm_000000000000_x', 'x', good.replace('plm_', '')]) {
      expect((await get(built, '/api/v1/metrics', bearer(bad))).statusCode).toBe(401)
    }
  })

  test('an expired token and a revoked one stop at once, and so do their logins', async () => {
    const built = await site()
    const short = await token(built, 'short', 'read', START_MS + 60_000)
    const other = await token(built, 'other', 'read')
    const login = await post(built, '/api/v1/session', {}, { token: other })
    const cookie = { cookie: String(login.headers['set-cookie']).split(';')[0] ?? '' }
    expect((await get(built, '/api/v1/metrics', bearer(short))).statusCode).toBe(200)
    expect((await get(built, '/api/v1/metrics', cookie)).statusCode).toBe(200)
    expect(await revokeToken(built.tokenPath, 'other')).toBe(true)
    built.advance(60_000)
    expect((await get(built, '/api/v1/metrics', bearer(short))).statusCode).toBe(401)
    expect((await get(built, '/api/v1/metrics', cookie)).statusCode).toBe(401)
  })

  test('a role that may read may not operate', async () => {
    const built = await site()
    const read = await token(built, 'reader', 'read')
    const operate = await token(built, 'oncall', 'operate')
    const refused = await post(built, '/api/v1/demo/incident', bearer(read))
    expect(refused.statusCode).toBe(403)
    expect(codeOf(refused)).toMatchObject({ error: { code: 'E_FORBIDDEN' } })
    expect((await post(built, '/api/v1/demo/incident', bearer(operate))).statusCode).toBe(200)
    const messages = (token: string) =>
      built.app.inject({ url: '/api/v1/demo/messages?limit=1', headers: bearer(token) })
    expect((await messages(read)).statusCode).toBe(403)
    expect((await messages(operate)).json()).toEqual({ messages: [message] })
  })

  test('an identity header counts from listed proxies only', async () => {
    const built = await site({
      trusted_proxies: ['10.9.0.0/16'],
      identity: { header: 'X-Auth-User', role: 'read' },
    })
    const claim = { 'x-auth-user': 'mallory' }
    expect((await get(built, '/api/v1/metrics', claim)).statusCode).toBe(401)
    const vouched = await get(built, '/api/v1/session', { 'x-auth-user': 'ann' }, '10.9.1.1')
    expect(vouched.json()).toMatchObject({ name: 'ann', role: 'read' })
    const mapped = await get(built, '/api/v1/session', { 'x-auth-user': 'bo' }, '::ffff:10.9.1.1')
    expect(mapped.json()).toMatchObject({ name: 'bo' })
  })
})

describe('where from', () => {
  test('a name that was re-bound to our address is refused', async () => {
    const built = await site()
    for (const host of [
      'evil.example',
      'evil.example:8440',
      'localhost.evil.example',
      '10.0.0.9',
    ]) {
      const response = await built.app.inject({ url: '/api/v1/metrics', headers: { host } })
      expect([host, response.statusCode]).toEqual([host, 403])
      expect(codeOf(response)).toMatchObject({ error: { code: 'E_HOST_REFUSED' } })
    }
    for (const host of ['localhost', '127.0.0.1:8440', '[::1]:8440', 'LOCALHOST:1']) {
      const response = await built.app.inject({ url: '/healthz', headers: { host } })
      expect([host, response.statusCode]).toEqual([host, 200])
    }
  })

  test('a page of another origin may neither read nor write', async () => {
    const built = await site()
    const from = (origin: string, method: 'GET' | 'POST') =>
      built.app.inject({
        method,
        url: method === 'GET' ? '/api/v1/metrics' : '/api/v1/demo/incident',
        headers: { host: 'localhost:8440', origin },
      })
    for (const origin of ['https://evil.example', 'null', 'http://localhost:9999', 'file://']) {
      expect([origin, (await from(origin, 'GET')).statusCode]).toEqual([origin, 403])
      expect([origin, (await from(origin, 'POST')).statusCode]).toEqual([origin, 403])
    }
    expect((await from('http://localhost:8440', 'POST')).statusCode).toBe(200)
    expect((await from('https://fleet.example', 'GET')).statusCode).toBe(200)
  })

  test('a browser that says another site asked may not write', async () => {
    const built = await site()
    const response = await built.app.inject({
      method: 'POST',
      url: '/api/v1/demo/incident',
      headers: { host: 'localhost', 'sec-fetch-site': 'cross-site' },
    })
    expect(response.statusCode).toBe(403)
  })
})

describe('login', () => {
  test('a token becomes an HttpOnly SameSite=Strict cookie, Secure behind https', async () => {
    const built = await site({ trusted_proxies: ['10.1.2.3/32'] })
    const value = await token(built, 'ann', 'operate')
    const plain = await post(built, '/api/v1/session', {}, { token: value })
    expect(plain.json()).toMatchObject({ name: 'ann', role: 'operate', login_needed: false })
    const cookie = String(plain.headers['set-cookie'])
    expect(cookie).toMatch(
      /^plimsoll_session=[\w-]{43}; Max-Age=43200; Path=\/; HttpOnly; SameSite=Strict$/,
    )
    expect(cookie).not.toContain(value.slice(-20))
    const https = { 'x-forwarded-proto': 'https' }
    const secure = await post(built, '/api/v1/session', https, { token: value })
    expect(String(secure.headers['set-cookie'])).toContain('; Secure')
    const asked = await get(built, '/api/v1/session', { cookie: cookie.split(';')[0] ?? '' })
    expect(asked.json()).toMatchObject({ name: 'ann' })
  })

  test('a session ends at logout and at its time', async () => {
    const built = await site()
    const value = await token(built, 'ann', 'read')
    const login = async () => {
      const answer = await post(built, '/api/v1/session', {}, { token: value })
      return { cookie: String(answer.headers['set-cookie']).split(';')[0] ?? '' }
    }
    const first = await login()
    const logout = await built.app.inject({
      method: 'DELETE',
      url: '/api/v1/session',
      remoteAddress: FAR,
      headers: { host: 'fleet.example', ...first },
    })
    expect(logout.json()).toEqual({ closed: true })
    expect((await get(built, '/api/v1/metrics', first)).statusCode).toBe(401)
    const second = await login()
    built.advance(SESSION_MS + 1)
    expect((await get(built, '/api/v1/metrics', second)).statusCode).toBe(401)
  })

  test('failed logins are limited per address, and the limit passes', async () => {
    const built = await site()
    const value = await token(built, 'ann', 'read')
    const attempt = (text: string) => post(built, '/api/v1/session', {}, { token: text })
    for (let count = 0; count < LOGIN_FAILURES_MAX; count += 1) {
      expect((await attempt('wrong')).statusCode).toBe(401)
    }
    const limited = await attempt(value)
    expect(limited.statusCode).toBe(429)
    expect(codeOf(limited)).toMatchObject({ error: { code: 'E_TOO_MANY_REQUESTS' } })
    built.advance(LOGIN_WINDOW_MS)
    expect((await attempt(value)).statusCode).toBe(200)
  })
})

describe('audit', () => {
  test('every write is a line that names the person, and a changed line is found', async () => {
    const built = await site()
    const value = await token(built, 'ann', 'operate')
    await post(built, '/api/v1/session', {}, { token: 'wrong' })
    await post(built, '/api/v1/session', {}, { token: value })
    await post(built, '/api/v1/demo/incident', bearer(value))
    const text = await readFile(built.auditPath, 'utf8')
    const lines = text
      .trim()
      .split('\n')
      .map((line): unknown => JSON.parse(line))
    expect(lines).toMatchObject([
      { seq: 1, who: '-', action: 'login', outcome: 'refused', address: FAR },
      { seq: 2, who: 'ann', role: 'operate', action: 'login', outcome: 'done' },
      { seq: 3, who: 'ann', action: 'demo_incident', outcome: 'done' },
    ])
    expect(text).not.toContain(value)
    expect(await verifyAudit(built.auditPath)).toEqual({ lines: 3, brokenAt: null })
    await writeFile(built.auditPath, text.replace('"who":"ann"', '"who":"bob"'))
    expect(await verifyAudit(built.auditPath)).toEqual({ lines: 2, brokenAt: 2 })
    await writeFile(built.auditPath, text.split('\n').slice(1).join('\n'))
    expect((await verifyAudit(built.auditPath)).brokenAt).toBe(1)
  })
})

describe('token file', () => {
  test('holds hashes only, for its owner only, and remembers last use', async () => {
    const built = await site()
    const value = await token(built, 'ann', 'admin')
    const text = await readFile(built.tokenPath, 'utf8')
    expect(text).not.toContain(value.split('_').at(-1))
    expect((await stat(built.tokenPath)).mode & 0o777).toBe(0o600)
    expect(value).toMatch(/^plm_[0-9a-f]{12}_[\w-]{43}$/)
    const store = createTokenStore(built.tokenPath, () => START_MS + 1000)
    expect(await store.verify(value)).toMatchObject({ name: 'ann', role: 'admin' })
    await store.flush()
    const [listed] = await listTokens(built.tokenPath)
    expect(listed).toMatchObject({
      name: 'ann',
      last_used_at: new Date(START_MS + 1000).toISOString(),
    })
    expect(listed).not.toHaveProperty('sha256')
  })

  test('a revoked token stops at once also after the clock was set back', async () => {
    const built = await site()
    const value = await token(built, 'ann', 'read')
    let now = START_MS
    const store = createTokenStore(built.tokenPath, () => now)
    expect(await store.verify(value)).toMatchObject({ name: 'ann' })
    now -= 3_600_000
    await revokeToken(built.tokenPath, 'ann')
    expect(await store.verify(value)).toBeNull()
  })

  test('a last use that cannot be written is counted and tried again, and lets its token in', async () => {
    const built = await site()
    const value = await token(built, 'ann', 'read')
    const blocked = lastUsePath(built.tokenPath)
    await mkdir(blocked)
    let now = START_MS
    const store = createTokenStore(built.tokenPath, () => now)
    now += 60_001
    expect(await store.verify(value)).toMatchObject({ name: 'ann' })
    expect(store.lastUseFailures).toBe(1)
    await store.flush()
    expect(store.lastUseFailures).toBe(2)
    const names = (await readdir(dirname(built.tokenPath))).sort()
    expect(names).toEqual(['tokens.json', 'tokens.json.last-use'])
    await rmdir(blocked)
    await store.flush()
    expect(store.lastUseFailures).toBe(2)
    const [listed] = await listTokens(built.tokenPath)
    expect(listed?.last_used_at).toBe(new Date(now).toISOString())
    const { app } = await site({ host: '127.0.0.1' })
    const shown = await app.inject({ url: '/metrics', headers: { host: 'localhost' } })
    expect(shown.body).toContain('\nplimsoll_token_last_use_failures_total 0\n')
  })

  test('a name is taken once, tokens added at the same time are all kept', async () => {
    const built = await site()
    const names = ['a', 'b', 'c', 'd']
    await Promise.all(names.map((name) => token(built, name, 'read')))
    expect((await readTokens(built.tokenPath)).map(({ name }) => name).sort()).toEqual(names)
    await expect(token(built, 'a', 'read')).rejects.toMatchObject({ code: 'E_USAGE' })
    expect(await revokeToken(built.tokenPath, 'nobody')).toBe(false)
  })
})

describe('listening beyond loopback', () => {
  test('is refused without a valid token, with a sentence that says why and what to do', async () => {
    const built = await site()
    const check = (host: string, atMs = START_MS) =>
      checkBind(
        AccessConfig.parse({ host }),
        createTokenStore(built.tokenPath, () => atMs),
      )
    await expect(check('0.0.0.0')).rejects.toMatchObject({
      code: 'E_BIND_NEEDS_TOKEN',
      message: expect.stringContaining('plimsoll token add'),
    })
    await expect(check('192.168.1.5')).rejects.toMatchObject({ code: 'E_BIND_NEEDS_TOKEN' })
    for (const host of ['127.0.0.1', '127.9.9.9', '::1', 'localhost']) await check(host)
    await token(built, 'ann', 'read', START_MS + 1000)
    await check('0.0.0.0')
    await expect(check('0.0.0.0', START_MS + 1000)).rejects.toMatchObject({
      code: 'E_BIND_NEEDS_TOKEN',
    })
  })
})
