import { afterEach, expect, test } from 'vitest'
import type { Role, RoleHealth } from '#schemas/role.ts'
import { listenAddress, readiness, roleHttp, withRoleHttp } from './role-http.ts'

const silent = { info: () => undefined, warn: () => undefined, error: () => undefined }
const role = (name: string, health: Partial<RoleHealth> = {}): Role => ({
  name,
  start: async () => undefined,
  stop: async () => undefined,
  health: () => ({ state: 'ok', detail: '', metrics: {}, ...health }),
})

const opened: Role[] = []
afterEach(async () => {
  await Promise.all(opened.splice(0).map((page) => page.stop()))
})
async function page(...roles: Role[]): Promise<string> {
  const listen = { host: '127.0.0.1', port: 0 }
  const made = roleHttp({ listen, version: '9.9.9', log: silent, roles })
  opened.push(made)
  await made.start()
  return made.url()
}

test('an address is host and port; a port alone is one of loopback', () => {
  expect(listenAddress('9441')).toEqual({ host: '127.0.0.1', port: 9441 })
  expect(listenAddress(':9441')).toEqual({ host: '127.0.0.1', port: 9441 })
  expect(listenAddress('0.0.0.0:1')).toEqual({ host: '0.0.0.0', port: 1 })
  expect(listenAddress('[::1]:9441')).toEqual({ host: '::1', port: 9441 })
  for (const wrong of ['', 'host', 'host:', 'a:b:1', '1:70000', '::1:9441'])
    expect(listenAddress(wrong)).toBeNull()
})

test('without an address nothing is opened; a wrong one is a mistake in the configuration', () => {
  const roles = [role('ingest')]
  const options = { version: '', log: silent }
  expect(withRoleHttp(roles, { ...options, listen: undefined })).toBe(roles)
  expect(withRoleHttp(roles, { ...options, listen: '0' })).toHaveLength(2)
  expect(() => withRoleHttp(roles, { ...options, listen: 'nowhere' })).toThrow(/metrics-listen/)
})

test('a process says its numbers, that it lives, and whether its roles work', async () => {
  const url = await page(
    role('ingest', { metrics: { ingest_replays_total: 3 } }),
    role('control', { state: 'degraded', detail: 'a disk\nis full' }),
  )
  const metrics = await fetch(`${url}/metrics`)
  expect(metrics.headers.get('content-type')).toContain('version=0.0.4')
  const text = await metrics.text()
  expect(text).toContain('# TYPE plimsoll_ingest_replays_total counter\n')
  expect(text).toContain('plimsoll_ingest_replays_total 3\n')
  expect(text).toContain('plimsoll_build_info{version="9.9.9"} 1\n')
  expect(text).toContain('plimsoll_role_state{role="control",state="degraded"} 1\n')
  expect((await fetch(`${url}/healthz`)).status).toBe(200)
  const ready = await fetch(`${url}/readyz?verbose`)
  expect([ready.status, await ready.text()]).toEqual([
    200,
    'ready\ningest: ok\ncontrol: degraded: a disk is full\n',
  ])
})

test('it only reads: other methods and other paths are refused', async () => {
  const url = await page(role('ingest'))
  expect((await fetch(`${url}/metrics`, { method: 'POST', body: 'x' })).status).toBe(405)
  expect((await fetch(`${url}/api/v1/devices`)).status).toBe(404)
})

test('a role that starts, failed or stopped makes the process not ready', () => {
  for (const state of ['starting', 'failed', 'stopped'] as const)
    expect(readiness([role('a'), role('b', { state })]).isReady).toBe(false)
})

test('a port that is taken names the option', async () => {
  const url = await page(role('ingest'))
  const listen = { host: '127.0.0.1', port: Number(new URL(url).port) }
  const second = roleHttp({ listen, version: '', log: silent, roles: [] })
  await expect(second.start()).rejects.toMatchObject({
    code: 'E_PORT_TAKEN',
    message: expect.stringContaining('--metrics-listen'),
  })
})
