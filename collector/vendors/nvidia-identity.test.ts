import { describe, expect, it } from 'vitest'
import {
  instanceKey,
  instanceOfUuid,
  normalBus,
  slotKey,
  trustedMigUuid,
  trustedUuid,
} from './nvidia-identity.ts'

describe('names of devices', () => {
  it('takes a mask for no UUID, and the zeros of a vGPU for part of one', () => {
    for (const masked of ['snip', 'GPU-longgui', '', `GPU-${'0'.repeat(36)}`]) {
      expect(trustedUuid(masked)).toBeNull()
    }
    expect(trustedUuid('GPU-00000000-0000-0000-0000-000000000000')).toBeNull()
    const guest = 'GPU-0946f70c-659b-4c39-8b78-7e7600000000'
    expect(trustedUuid(guest)).toBe(guest)
  })

  it('writes a PCI address in one way', () => {
    for (const text of ['00000000:1A:00.0', '0000:1a:00.0', '0000:1A:00']) {
      expect(normalBus(text)).toBe('0000:1a:00.0')
    }
    expect(normalBus('00000018:01:00.0')).toBe('0018:01:00.0')
    expect(normalBus('00010018:01:00.0')).toBe('00010018:01:00.0')
    expect(normalBus('../../etc')).toBeNull()
  })

  it('takes an address without a domain for one of the first domain, and no text for none', () => {
    expect(normalBus('9B:00')).toBe('0000:9b:00.0')
    for (const none of [null, undefined, '', '9b:00.8']) expect(normalBus(none)).toBeNull()
  })

  it('writes one UUID whatever the case and prefix that a tool prints', () => {
    const uuid = 'GPU-0a0b0c0d-1111-4222-8333-444455556667'
    for (const text of [uuid, uuid.toUpperCase(), uuid.slice('GPU-'.length)])
      expect(trustedUuid(text)).toBe(uuid)
  })

  it('tells MIG devices by their own UUID, in both eras of it', () => {
    const digits = '0a0b0c0d-1111-4222-8333-444455556667'
    expect(trustedMigUuid(`mig-${digits.toUpperCase()}`)).toBe(`MIG-${digits}`)
    expect(trustedMigUuid('MIG-00000000-0000-0000-0000-000000000000')).toBeNull()
    expect(trustedMigUuid(`MIG-GPU-${digits}/3/0`)).toBe(`MIG-GPU-${digits}/3/0`)
    expect(instanceOfUuid(`MIG-GPU-${digits}/3/0`)).toEqual({ gi: '3', ci: '0' })
    expect(instanceOfUuid(`MIG-${digits}`)).toBeNull()
  })

  it('a place names what is not known', () => {
    expect(slotKey('0000:9b:00.0', 4)).toBe('slot:0000:9b:00.0/4')
    expect(slotKey(null, 4)).toBe('slot:-/4')
    expect(slotKey('0000:9b:00.0', null)).toBe('slot:0000:9b:00.0/-')
    expect(instanceKey('slot:-/4', 7)).toBe('slot:-/4/gi7')
  })
})
