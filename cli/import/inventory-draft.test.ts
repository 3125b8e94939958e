import { createServer, type RequestListener } from 'node:http'
import * as fc from 'fast-check'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { Device, DeviceList } from '#schemas/api.ts'
import { compilePlacePattern } from '#schemas/place-pattern.ts'
import { parseInvocation } from '../command.ts'
import { COMMANDS } from '../commands.ts'
import { draftInventory } from './inventory-draft.ts'
import { deviceOf } from './inventory.testing.ts'
import { readInventory } from './inventory.ts'

const importOf = (lines: readonly string[]) =>
  readInventory(lines.join('\n'), { format: 'csv', timeZone: 'Asia/Shanghai' })
const rowsOf = (devices: readonly Device[], pattern?: string) =>
  draftInventory(devices, pattern === undefined ? null : compilePlacePattern(pattern))

describe('a draft of the inventory', () => {
  it('names each device by what its tools told, its place, and since when it was seen', () => {
    const { lines } = rowsOf([
      deviceOf({
        canonical_key: 'uuid:GPU-1',
        keys: ['serial:S1', 'slot:a/n1/0000:1b:00.0/0', 'uuid:GPU-1'],
      }),
      deviceOf({ canonical_key: 'vdie:A-B', index: 1, bus: '', vendor: 'huawei', model: '910B' }),
      deviceOf({ canonical_key: 'slot:a/n1/0000:3b:00.0/2', index: 2, first_seen: null }),
    ])
    expect(lines).toEqual([
      'uuid,serial,key,node,index,bus,site,cluster,hall,rack,pool,vendor,model,delivered,accepted,retired',
      'GPU-1,S1,,n1,0,0000:1b:00.0,,a,H1,R1,train,nvidia,H100,,2026-05-01T00:00:00.000Z,',
      ',,vdie:A-B,n1,1,,,a,H1,R1,train,huawei,910B,,2026-05-01T00:00:00.000Z,',
      ',,,n1,2,0000:1b:00.0,,a,H1,R1,train,nvidia,H100,,,',
    ])
  })

  it('fills what collectors do not tell from node names, and counts who stays unplaced', () => {
    const devices = ['h2-r03-n01', 'login'].map((node) => deviceOf({ node, hall: '', rack: 'R9' }))
    const { lines, unplaced } = rowsOf(devices, 'h{hall}-r{rack}-n{node}')
    expect(lines[1]).toContain(',a,2,R9,')
    expect(lines[2]).toContain(',a,,R9,')
    expect(unplaced).toBe(1)
  })

  it('leaves out what is gone, and what nothing names, and says how many', () => {
    const draft = rowsOf([
      deviceOf({}),
      deviceOf({ accepted: false, state: 'silent' }),
      deviceOf({ accepted: false, state: 'reporting' }),
      deviceOf({ canonical_key: 'slot:a/n1/-/-', index: null, bus: '' }),
      deviceOf({ canonical_key: 'uuid:=cmd()' }),
    ])
    expect(draft).toMatchObject({ gone: 1, unnamed: 2 })
    expect(draft.lines).toHaveLength(3)
  })

  it('holds nothing that a spreadsheet would run', () => {
    const { lines } = rowsOf([deviceOf({ model: '=HYPERLINK("x")', pool: '@x' })])
    expect(lines[1]).toContain(',R1,,nvidia,,,')
  })

  it('is imported unchanged, whatever the devices are called', () => {
    const text = fc
      .string({ maxLength: 12 })
      .map((value) => value.replaceAll(/[\p{Cc}\uFFFD\uFEFF]/gu, ''))
    const node = text.map((value) => `n${value.trim()}`)
    const device = fc.record({
      node,
      index: fc.option(fc.nat(64)),
      bus: text,
      hall: text,
      pool: text,
      model: text,
    })
    fc.assert(
      fc.property(fc.array(device, { maxLength: 20 }), (parts) => {
        // One node stands in one place.
        const halls = new Map(parts.map((part) => [part.node, part.hall]))
        const devices = parts.map((part, at) => {
          const key = at % 3 === 0 ? `serial:S${at}` : `uuid:MLU-${at}`
          return deviceOf({
            ...part,
            hall: halls.get(part.node) ?? '',
            canonical_key: key,
            keys: [],
          })
        })
        const { lines } = rowsOf(devices)
        const { devices: read, problems } = importOf(lines)
        expect(problems.refused).toBe(0)
        expect(read.map(({ key }) => key).sort()).toEqual(
          devices.map((one) => one.canonical_key).sort(),
        )
        for (const { accepted_ms } of read) expect(accepted_ms).toBe(Date.UTC(2026, 4, 1))
      }),
    )
  })
})

describe('plimsoll inventory draft', () => {
  let stop: (() => void) | undefined
  afterEach(() => {
    stop?.()
    vi.restoreAllMocks()
  })
  async function serve(listener: RequestListener): Promise<string> {
    const server = createServer(listener)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    stop = () => server.close()
    const address = server.address()
    return typeof address === 'object' && address !== null ? `http://127.0.0.1:${address.port}` : ''
  }
  async function draft(args: readonly string[]) {
    const spec = COMMANDS.find(({ name }) => name === 'inventory')
    if (spec === undefined) throw new Error('the command is not registered')
    const printed: string[] = []
    const said: string[] = []
    vi.spyOn(console, 'error').mockImplementation((line: string) => said.push(line))
    const invocation = parseInvocation(spec, args, {
      env: { PLIMSOLL_TOKEN: 'secret' },
      print: (line) => printed.push(line),
    })
    const command = await spec.load()
    return { code: await command.run(invocation), printed, said }
  }

  it('asks page by page with the token, and what it prints can be imported unchanged', async () => {
    const all = Array.from({ length: 1100 }, (_, at) =>
      deviceOf({
        device_id: String(at),
        node: `h1-r${at >> 5}-n${at >> 3}`,
        index: at % 8,
        hall: '',
        rack: '',
        canonical_key: `uuid:MLU-${at}`,
        keys: [`uuid:MLU-${at}`],
      }),
    )
    const asked: string[] = []
    const url = await serve((request, reply) => {
      const query = new URL(request.url ?? '', 'http://stub').searchParams
      const from = Number(query.get('cursor') ?? 0)
      asked.push(`${request.headers.authorization} ${query.get('limit')} ${from}`)
      // One device more came meanwhile, so that the page before repeats its last one.
      const devices = all.slice(Math.max(0, from - 1), from + 500)
      const next_cursor = from + 500 < all.length ? String(from + 500) : null
      reply.end(
        JSON.stringify({
          devices,
          total: all.length,
          next_cursor,
          simulated: true,
        } satisfies DeviceList),
      )
    })
    const { code, printed, said } = await draft([
      'draft',
      '--server',
      url,
      '--pattern',
      'h{hall}-r{rack}-n{node}',
    ])
    expect(code).toBe(0)
    expect(asked).toEqual([
      'Bearer secret 500 0',
      'Bearer secret 500 500',
      'Bearer secret 500 1000',
    ])
    expect(said).toEqual([
      '1100 devices; accepted is when each was first seen: correct it where you know better',
      'these devices are simulated',
    ])
    const { devices, nodes, problems } = importOf(printed)
    expect(problems).toEqual({ refused: 0, noted: 0, examples: [] })
    expect(devices).toHaveLength(1100)
    expect(nodes).toHaveLength(138)
    expect(nodes[0]).toMatchObject({
      node: 'h1-r0-n0',
      hall: '1',
      rack: '0',
      from_ms: 0,
    })
  })

  it('without a word, with a bad pattern, or against something else says so', async () => {
    await expect(draft([])).rejects.toMatchObject({ code: 'E_USAGE' })
    await expect(draft(['draft', '--pattern', '{x}'])).rejects.toMatchObject({
      code: 'E_PATTERN_INVALID',
    })
    const url = await serve((_, reply) => reply.end('{}'))
    await expect(draft(['draft', '--server', url])).rejects.toMatchObject({ code: 'E_INTERNAL' })
  })
})
