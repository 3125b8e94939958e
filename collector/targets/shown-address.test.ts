import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { expandHostlist } from './hostlist.ts'
import { parseTargetList } from './sd-list.ts'
import { shownAddress } from './shown-address.ts'
import { toTarget } from './target.ts'

describe('an address as it is shown', () => {
  it.each([
    ['https://u:secret@h:1/m?token=secret', 'https://h:1/m?…'],
    ['http://secret@h:1/m', 'http://h:1/m'],
    ['u:secret@h:9400', 'h:9400'],
    ['h:9400/m?token=secret', 'h:9400/m?…'],
    ['HTTP://u:secret@h:1', 'HTTP://h:1'],
    ['nats://u:secret@h:4222', 'nats://h:4222'],
    ['nats://u:secret@h1:4222,nats://v:secret@h2:4222', 'nats://h1:4222,nats://h2:4222'],
    ['nats://u:secret@h1:4222, tls://secret@h2:4222', 'nats://h1:4222,tls://h2:4222'],
    ['u:secret@h1:4222,u:secret@h2:4222', 'h2:4222'],
    ['nats://u:sec/ret@h:4222', 'nats://h:4222'],
    ['nats://u:sec,ret@h:4222', 'nats://h:4222'],
    ['nats://u:sec@ret@h:4222', 'nats://h:4222'],
    ['nats://u:sec?ret@h:4222', 'nats://h:4222'],
    ['nats://u:sec#ret@h:4222', 'nats://h:4222'],
    ['nats://u:sec ret@h:4222', 'nats://h:4222'],
    ['http://u:%73ecret@h:99999/m', 'http://h:99999/m'],
    ['http://h/m?mail=a@b.c', 'http://h/m?…'],
    ['npu-smi', 'npu-smi'],
    ['http://[fd00::1]:9400/metrics', 'http://[fd00::1]:9400/metrics'],
  ])('%j as %j', (address, shown) => expect(shownAddress(address)).toBe(shown))

  it('never holds a password, whatever its letters are', () => {
    const password = fc.string({ minLength: 4, maxLength: 20 }).map((text) => `zq${text}qz`)
    fc.assert(
      fc.property(password, (secret) => {
        expect(shownAddress(`http://u:${secret}@h:1/m`)).not.toContain(secret)
      }),
    )
  })
})

describe('a refusal does not repeat a password', () => {
  const refusal = (step: () => unknown) => {
    try {
      step()
    } catch (error) {
      return String(error)
    }
    return 'nothing was refused'
  }
  it.each([
    () => toTarget('u:hunter2@h', {}, 'me'),
    () => toTarget('ftp://u:hunter2@h:1/', {}, 'me'),
    () => toTarget('http://u:hunter2@h:99999', {}, 'me'),
    () => expandHostlist('http://u:hunter2@h[1-:9400'),
    () => expandHostlist('http://u:[hunter2]@h:9400'),
    () => parseTargetList('[{"targets": ["http://u:hunter2@h:1"] x', 'a.json', 'me'),
    () => parseTargetList('[http://u:hunter2@h:1 [: x', 'a.json', 'me'),
    () => parseTargetList('[{"targets": [http://u:hunter2@h:1\n[: x', 'a.json', 'me'),
  ])('%s', (step) => {
    expect(refusal(step)).toContain('PlimsollError')
    expect(refusal(step)).not.toContain('hunter2')
  })
})
