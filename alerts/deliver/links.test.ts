import { expect, it } from 'vitest'
import { anAlert, aNotification } from '../message/message.testing.ts'
import { isTokenGood, linksOf } from './links.ts'

const key = new Uint8Array(32).fill(7)
const settings = { publicUrl: 'https://plimsoll.example/', key, runbookOf: () => 'zone-danger' }

it('links are the same at each attempt; their token is for one action, one group and seven days', () => {
  const notification = aNotification()
  const links = linksOf(notification, [anAlert()], settings)
  expect(linksOf(notification, [anAlert()], settings)).toEqual(links)
  expect(links.runbook).toBe('https://plimsoll.example/api/docs/runbooks/zone-danger')
  const url = new URL(links.ack ?? '')
  const token = url.searchParams.get('token') ?? ''
  const granted = {
    action: 'ack' as const,
    group: url.searchParams.get('group') ?? '',
    expires: Number(url.searchParams.get('until')),
  }
  const now = { key, nowMs: notification.at_ms }
  expect(isTokenGood(granted, token, now)).toBe(true)
  expect(isTokenGood({ ...granted, action: 'silence' }, token, now)).toBe(false)
  expect(isTokenGood({ ...granted, group: `${granted.group}0` }, token, now)).toBe(false)
  expect(isTokenGood({ ...granted, expires: granted.expires + 1 }, token, now)).toBe(false)
  expect(isTokenGood(granted, '', now)).toBe(false)
  expect(isTokenGood(granted, token, { key: new Uint8Array(32), nowMs: notification.at_ms })).toBe(
    false,
  )
  expect(isTokenGood(granted, token, { key, nowMs: granted.expires })).toBe(false)
})

it('what is over has nothing to acknowledge', () => {
  const links = linksOf(aNotification({ reason: 'resolved' }), [anAlert()], settings)
  expect([links.ack, links.silence]).toEqual([null, null])
})
