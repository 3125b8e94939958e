import { describe, expect, it } from 'vitest'
import type { FieldIo, FieldRequest, SnmpVariable } from '../../field-io.ts'
import type { SourceIo } from '../../source.ts'
import { createRecorder, recordingIo } from './recording-io.ts'

const LIMITS = { timeoutMs: 10, maxBytes: 1000 }
const PEER = { host: 'pdu-1', port: 161, version: '2c', community: 'not-for-you' } as const
const VARIABLES: readonly SnmpVariable[] = [
  { oid: '1.3.1', value: { kind: 'counter64', number: 18446744073709551615n } },
  { oid: '1.3.2', value: { kind: 'text', text: 'PDU' } },
  { oid: '1.3.3', value: { kind: 'bytes', bytes: Uint8Array.of(1, 255) } },
  { oid: '1.3.4', value: { kind: 'none' } },
]

function recorded() {
  const asked: string[] = []
  const never = () => Promise.reject(new Error('a port was opened'))
  const field: FieldIo = {
    snmp: {
      get: () => Promise.resolve({ variables: VARIABLES, failure: null }),
      walk: () => Promise.resolve({ variables: [], failure: 'timeout' }),
      traps: never,
      addressOf: () => null,
    },
    modbus: { read: () => Promise.resolve({ ranges: [[7]], failure: null, exception: null }) },
    request: (url, { method }) => {
      asked.push(`${method} ${url}`)
      const body = new TextEncoder().encode('{"Id":"1"}')
      return Promise.resolve({ status: 200, body, headers: {}, failure: null })
    },
    hear: never,
  }
  const none = () => Promise.reject(new Error('nobody is asked'))
  const host: SourceIo = { run: none, stream: () => 'busy', get: none, hasCommand: none, field }
  const recorder = createRecorder()
  const recording = recordingIo(host, recorder)
  const { field: recordedField } = recording.io
  if (recordedField === undefined) throw new Error('there is a field')
  return { field: recordedField, asked, recorder, digest: () => recording.digest() }
}

describe('devices of the facility, as doctor asks them', () => {
  it('what they say is kept and told apart, without what lets us in', async () => {
    const { field, recorder, digest } = recorded()
    expect(digest()).toBeNull()
    await field.snmp.get(PEER, ['1.3.1'], LIMITS)
    const before = digest()
    await field.snmp.walk(PEER, ['1.3'], LIMITS)
    const range = { unit: 1, function: 3, address: 10, count: 1 } as const
    await field.modbus?.read({ host: 'gw', port: 502 }, [range], LIMITS)
    expect(digest()).not.toBe(before)
    expect(recorder.outputs.map(({ what, result, text }) => [what, result, text])).toEqual([
      ['snmp get pdu-1:161', 'ok', '1.3.1 18446744073709551615\n1.3.2 PDU\n1.3.3 01ff\n1.3.4 -'],
      ['snmp walk pdu-1:161 1.3', 'timeout', ''],
      ['modbus read gw:502', 'ok', '[{"unit":1,"function":3,"address":10,"count":1,"values":[7]}]'],
    ])
    expect(JSON.stringify(recorder.outputs)).not.toContain('not-for-you')
  })

  it('they are only asked: logins apart nothing is made or ended, and no port is opened', async () => {
    const { field, asked, recorder } = recorded()
    const send = (method: FieldRequest['method'], path: string) =>
      field.request(`https://bmc${path}`, { method, headers: {}, body: '{}' }, LIMITS)
    await send('POST', '/redfish/v1/SessionService/Sessions')
    await send('GET', '/redfish/v1')
    await send('DELETE', '/redfish/v1/SessionService/Sessions/7')
    for (const method of ['POST', 'DELETE'] as const)
      expect((await send(method, '/redfish/v1/EventService/Subscriptions')).failure).toBe(
        'not_permitted',
      )
    expect(asked).toEqual([
      'POST https://bmc/redfish/v1/SessionService/Sessions',
      'GET https://bmc/redfish/v1',
      'DELETE https://bmc/redfish/v1/SessionService/Sessions/7',
    ])
    expect(recorder.outputs.map(({ what }) => what)).toEqual(['GET https://bmc/redfish/v1'])
    await expect(
      field.hear({ host: 'a', port: 1, maxBytes: 1 }, () => ({ status: 200 })),
    ).rejects.toThrow('opens no port')
  })
})
