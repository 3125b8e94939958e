import { crc32, deflateSync, inflateSync } from 'node:zlib'

/**
 * TEST ONLY. Pictures in and out of PNG (W3C PNG, third edition), as far as Chromium's screenshots and our own small
 * pictures need it: 8 bits a channel, colour with or without alpha (which is dropped), not interlaced.
 */

/** Three bytes (red, green, blue) a pixel, by rows. */
export interface Picture {
  readonly width: number
  readonly height: number
  readonly rgb: Uint8Array
}

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
const COLOUR = 2
const COLOUR_WITH_ALPHA = 6

/** @throws if it is no PNG, or one of another kind than named above */
export function decodePng(png: Buffer): Picture {
  if (!png.subarray(0, 8).equals(SIGNATURE)) throw new Error('not a PNG')
  const [width, height] = [png.readUInt32BE(16), png.readUInt32BE(20)]
  const [depth, kind, interlaced] = [png[24], png[25], png[28]]
  if (depth !== 8 || (kind !== COLOUR && kind !== COLOUR_WITH_ALPHA) || interlaced !== 0)
    throw new Error(`PNG of ${depth} bits, colour type ${kind}, interlaced ${interlaced}`)
  const data: Buffer[] = []
  for (let at = 8; at < png.length; at += 12 + png.readUInt32BE(at))
    if (png.toString('latin1', at + 4, at + 8) === 'IDAT')
      data.push(png.subarray(at + 8, at + 8 + png.readUInt32BE(at)))
  const channels = kind === COLOUR ? 3 : 4
  const raw = inflateSync(Buffer.concat(data))
  const stride = width * channels
  const rgb = new Uint8Array(width * height * 3)
  for (let y = 0; y < height; y += 1) {
    const from = y * (stride + 1) + 1
    unfilter(raw, from, { stride, channels, isFirst: y === 0 })
    for (let x = 0; x < width; x += 1)
      for (let channel = 0; channel < 3; channel += 1)
        rgb[(y * width + x) * 3 + channel] = raw[from + x * channels + channel] ?? 0
  }
  return { width, height, rgb }
}

interface Line {
  readonly stride: number
  readonly channels: number
  readonly isFirst: boolean
}

/** Undoes the filter of one line in place; the line above it is done already. */
function unfilter(raw: Buffer, from: number, { stride, channels, isFirst }: Line): void {
  const filter = raw[from - 1]
  if (filter === 0) return
  for (let at = from; at < from + stride; at += 1) {
    const left = at - from < channels ? 0 : (raw[at - channels] ?? 0)
    const up = isFirst ? 0 : (raw[at - stride - 1] ?? 0)
    const corner = isFirst || at - from < channels ? 0 : (raw[at - stride - 1 - channels] ?? 0)
    raw[at] = (raw[at] ?? 0) + predicted(filter, left, up, corner)
  }
}

function predicted(filter: number | undefined, left: number, up: number, corner: number): number {
  if (filter === 1) return left
  if (filter === 2) return up
  if (filter === 3) return (left + up) >> 1
  const [byLeft, byUp, byCorner] = [
    Math.abs(up - corner),
    Math.abs(left - corner),
    Math.abs(left + up - 2 * corner),
  ]
  if (byLeft <= byUp && byLeft <= byCorner) return left
  return byUp <= byCorner ? up : corner
}

/** The same picture gives the same bytes. */
export function encodePng({ width, height, rgb }: Picture): Buffer {
  const head = Buffer.alloc(13)
  head.writeUInt32BE(width, 0)
  head.writeUInt32BE(height, 4)
  head.set([8, COLOUR, 0, 0, 0], 8)
  const stride = width * 3
  const raw = Buffer.alloc(height * (stride + 1))
  for (let y = 0; y < height; y += 1)
    raw.set(rgb.subarray(y * stride, (y + 1) * stride), y * (stride + 1) + 1)
  return Buffer.concat([
    SIGNATURE,
    chunk('IHDR', head),
    chunk('IDAT', deflateSync(raw, { level: 9 })),
    chunk('IEND', Buffer.alloc(0)),
  ])
}

function chunk(type: string, data: Buffer): Buffer {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(data.length)
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data])
  const check = Buffer.alloc(4)
  check.writeUInt32BE(crc32(body))
  return Buffer.concat([length, body, check])
}
