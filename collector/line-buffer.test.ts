import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createLineBuffer } from './line-buffer.ts'

const bytes = (text: string) => new TextEncoder().encode(text)

describe('lines of a running tool', () => {
  it('are whole, whatever the pieces they come in', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: 'grapheme', maxLength: 20 }), { maxLength: 20 }),
        fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 20 }),
        (texts, sizes) => {
          const lines = texts.map((text) => text.replaceAll(/[\r\n\uFEFF]/g, ''))
          const all = bytes(lines.map((line) => `${line}\n`).join(''))
          const buffer = createLineBuffer({ maxLines: 100, maxLineBytes: 1000 })
          const add = buffer.pipe()
          for (let at = 0, turn = 0; at < all.length; turn += 1) {
            const size = sizes[turn % sizes.length] ?? 1
            add(all.subarray(at, at + size))
            at += size
          }
          expect(buffer.take()).toEqual({ lines, dropped: 0 })
        },
      ),
      { numRuns: 100 },
    )
  })

  it('without their end wait for it, and count as whole when the tool ends', () => {
    const buffer = createLineBuffer({ maxLines: 10, maxLineBytes: 100 })
    const add = buffer.pipe()
    add(bytes('GPU 0  5'))
    expect(buffer.take().lines).toEqual([])
    add(bytes('9\r\nGPU 1'))
    expect(buffer.take().lines).toEqual(['GPU 0  59'])
    buffer.end()
    expect(buffer.take().lines).toEqual(['GPU 1'])
  })

  it('of two pipes never run into each other', () => {
    const buffer = createLineBuffer({ maxLines: 10, maxLineBytes: 100 })
    const [out, error] = [buffer.pipe(), buffer.pipe()]
    out(bytes('GPU '))
    error(bytes('Error: '))
    out(bytes('0\n'))
    error(bytes('gone\n'))
    expect(buffer.take().lines).toEqual(['GPU 0', 'Error: gone'])
  })

  it('too long for their limit are dropped and counted once, in any number of pieces', () => {
    const buffer = createLineBuffer({ maxLines: 10, maxLineBytes: 8 })
    const add = buffer.pipe()
    for (let piece = 0; piece < 1000; piece += 1) add(bytes('xxxxxx'))
    add(bytes('x\nshort\n'))
    expect(buffer.take()).toEqual({ lines: ['short'], dropped: 1 })
  })

  it('that nobody takes push the oldest out, and are counted', () => {
    const buffer = createLineBuffer({ maxLines: 3, maxLineBytes: 8 })
    const add = buffer.pipe()
    for (let line = 0; line < 1000; line += 1) add(bytes(`${line}\n`))
    expect(buffer.take()).toEqual({ lines: ['997', '998', '999'], dropped: 997 })
    expect(buffer.take()).toEqual({ lines: [], dropped: 0 })
  })
})
