import type { IncomingMessage, ServerResponse } from 'node:http'
import { readFile } from 'node:fs/promises'
import { extname, join, normalize } from 'node:path'
import * as api from '#schemas/api.ts'
import { deviceIndex } from './stub-device-pages.ts'
import * as devices from './stub-devices.ts'
import * as fleet from './stub-fleet.ts'

/** What the stub sends that is no answer of the API: the live stream and the built pages. */

const CAPTION = {
  en: 'A coolant loop in hall h1 loses flow: 128 devices slow down, the fleet nears the 60 % line.',
  zh: 'h1 机房一条冷却回路失去流量：128 台设备降频，机群逼近 60 % 线。',
}

interface Live {
  readonly isIncident: () => boolean
  readonly nowMs: () => number
  readonly everyMs: number
}

/** Events of the fleet, and of one device where the page names it, until the page goes away. */
export function stream(
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
  { isIncident, nowMs: clock, everyMs }: Live,
) {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
  const send = () => {
    const nowMs = clock()
    const told = api.LiveFleet.parse(fleet.liveAt(nowMs, isIncident() ? CAPTION : null))
    response.write(`id: ${nowMs}\nevent: fleet\ndata: ${JSON.stringify(told)}\n\n`)
    const index = deviceIndex(url.searchParams.get('device') ?? '')
    if (index === null) return
    const device = api.Device.parse(devices.deviceOf(index, nowMs))
    if (device.state === 'silent') return
    response.write(`id: ${nowMs}\nevent: device\ndata: ${JSON.stringify(device)}\n\n`)
  }
  send()
  const timer = setInterval(send, everyMs)
  request.on('close', () => clearInterval(timer))
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.json': 'application/json',
}

/** A file of the build, or its first page for an address without an ending. */
export async function sendFile(response: ServerResponse, build: string, path: string) {
  const wanted = extname(path) === '' ? 'index.html' : normalize(path)
  try {
    const bytes = await readFile(join(build, wanted))
    response.writeHead(200, {
      'content-type': TYPES[extname(wanted)] ?? 'application/octet-stream',
      // As the product says it: files named by their content are kept.
      'cache-control': path.includes('/_app/immutable/')
        ? 'public, max-age=31536000, immutable'
        : 'no-cache',
    })
    response.end(bytes)
  } catch {
    response.writeHead(404).end()
  }
}
