import { readFile } from 'node:fs/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { type ControlState, type ControlStore, NO_ORDERS, PauseAnswer } from '#schemas/control.ts'
import { PlimsollError } from '#schemas/errors.ts'
import { testApp, type TestApp } from './access/access.testing.ts'
import { addToken } from './access/token-file.ts'

const opened: TestApp[] = []
afterEach(async () => {
  for (const built of opened.splice(0)) await built.app.close()
})

function memoryStore(): ControlStore {
  let state: ControlState = NO_ORDERS
  return {
    read: async () => state,
    async change(edit) {
      state = { v: 1, revision: state.revision + 1, pauses: [...edit(state.pauses)] }
      return state
    },
  }
}

async function site() {
  const checkNodes = (nodes: string) => {
    if (nodes.includes('[[')) throw new PlimsollError('E_TARGETS_INVALID', 'brackets in brackets')
  }
  const built = await testApp({ control: { store: memoryStore(), checkNodes } })
  opened.push(built)
  return built
}

const ORDER = { source: 'npu-smi', nodes: 'h2-r[01-40]', minutes: 120, reason: 'driver upgrade' }
const headers = { host: 'localhost:8440' }

describe('pauses', () => {
  it('an order is taken, listed with who, until when and why, written to the audit log, and ended', async () => {
    const { app, auditPath } = await site()
    const url = '/api/v1/pauses'
    const taken = await app.inject({ method: 'POST', url, headers, payload: ORDER })
    const [pause] = PauseAnswer.parse(taken.json()).pauses
    expect(pause).toMatchObject({
      source: 'npu-smi',
      who: 'local',
      cluster: '*',
      from: '2026-05-04T08:00:00.000Z',
      until: '2026-05-04T10:00:00.000Z',
    })
    expect(PauseAnswer.parse((await app.inject({ url, headers })).json()).pauses).toEqual([pause])
    const end = `${url}/${pause?.id ?? ''}`
    expect((await app.inject({ method: 'DELETE', url: end, headers })).json()).toEqual({
      pauses: [],
    })
    const audit = await readFile(auditPath, 'utf8')
    expect(audit).toMatch(/"action":"pause".*npu-smi on h2-r\[01-40\][^]*"action":"pause_end"/)
  })

  it('is gone from the list when its time is over', async () => {
    const built = await site()
    const { app } = built
    await app.inject({ method: 'POST', url: '/api/v1/pauses', headers, payload: ORDER })
    built.advance(120 * 60_000)
    expect((await app.inject({ url: '/api/v1/pauses', headers })).json()).toEqual({ pauses: [] })
  })

  it.each([
    [{ ...ORDER, minutes: 0 }, 400, 'E_BAD_REQUEST'],
    [{ ...ORDER, minutes: 10_081 }, 400, 'E_BAD_REQUEST'],
    [{ ...ORDER, reason: '' }, 400, 'E_BAD_REQUEST'],
    [{ ...ORDER, nodes: 'a[[1]]' }, 400, 'E_TARGETS_INVALID'],
    [{ ...ORDER, surprise: 1 }, 400, 'E_BAD_REQUEST'],
  ])('refuses %j', async (payload, status, code) => {
    const { app } = await site()
    const answer = await app.inject({ method: 'POST', url: '/api/v1/pauses', headers, payload })
    expect(answer.statusCode).toBe(status)
    expect(answer.json()).toMatchObject({ error: { code } })
  })

  it('who may only read may look and not order', async () => {
    const built = await site()
    const nowMs = Date.UTC(2026, 4, 4, 8)
    const record = { name: 'bob', role: 'read', expiresMs: null, nowMs } as const
    const { token } = await addToken(built.tokenPath, record)
    const authorization = `Bearer ${token}`
    const request = { url: '/api/v1/pauses', headers: { ...headers, authorization } }
    expect((await built.app.inject(request)).statusCode).toBe(200)
    const order = await built.app.inject({ ...request, method: 'POST', payload: ORDER })
    expect(order.statusCode).toBe(403)
  })

  it('says so where no way leads to the collectors', async () => {
    const built = await testApp()
    opened.push(built)
    const answer = await built.app.inject({ url: '/api/v1/pauses', headers })
    expect(answer.json()).toMatchObject({ error: { code: 'E_CONTROL_AWAY' } })
  })
})
