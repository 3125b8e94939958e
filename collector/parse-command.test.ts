import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ParseResult } from '#schemas/parse-result.ts'
import { exampleSource, interpretation, reading } from './example-source.testing.ts'
import { parseOutput, renderParseTable } from './parse-command.ts'
import type { Source } from './source.ts'

const bytes = (text: string) => new TextEncoder().encode(text)
const saying = (...devices: Parameters<typeof reading>[0][]): Source => ({
  ...exampleSource(),
  interpret: () =>
    interpretation(devices.map(reading), {
      rejected: [{ line: 'x', reason: 'cut' }],
      rejectedByReason: { cut: 9 },
    }),
})

describe('reading a captured output', () => {
  it('picks the source by the text, or takes the one that is named', async () => {
    const sources = [exampleSource(), exampleSource({ name: 'other' })]
    expect((await parseOutput(bytes('example\na;0.5;1'), 'other', sources)).source).toBe('other')
    expect((await parseOutput(bytes('example\na;0.5;1'), undefined, sources)).source).toBe(
      'example',
    )
  })

  it('refuses with a code when nothing recognizes it or the name is unknown', async () => {
    const sources = [exampleSource()]
    for (const attempt of [
      parseOutput(bytes('hello'), undefined, sources),
      parseOutput(bytes(''), undefined, sources),
      parseOutput(bytes('example'), 'nope', sources),
    ])
      await expect(attempt).rejects.toMatchObject({ code: 'E_PARSE_UNKNOWN' })
  })

  it('gives canonical values with busy_ratio from the best source; what is out of range is null and listed', async () => {
    const source = saying(
      {
        keys: ['uuid:GPU-1'],
        metrics: { gpu_util_ratio: 0.8, gr_engine_active_ratio: 0.5, power_watts: 99_999 },
      },
      { keys: ['slot:c1/0'], failed: 'zero_filled', holder: { pod: 'p' }, node: 'n1' },
    )
    const result = ParseResult.parse(await parseOutput(bytes('example'), undefined, [source]))
    expect(result.devices[0]).toMatchObject({
      uuid: 'GPU-1',
      metrics: { busy_ratio: 0.5, gpu_util_ratio: 0.8, power_watts: null },
    })
    expect(result.devices[0]).not.toHaveProperty('key')
    expect(result.devices[1]).toMatchObject({
      key: 'slot:c1/0',
      node: 'n1',
      failed: 'zero_filled',
      holder: { pod: 'p' },
      metrics: { busy_ratio: null },
    })
    expect(result.rejected).toEqual([
      { line: 'x', reason: 'cut' },
      { line: 'uuid:GPU-1 power_watts 99999', reason: 'range:power_watts' },
    ])
    expect(result.rejected_total).toBe(10)
  })

  it('prints a table in which an unknown value is a dash and no text moves the cursor', async () => {
    const source = saying(
      {
        keys: ['uuid:GPU-1'],
        index: 0,
        model: 'H100\u001b[2J',
        metrics: { gpu_util_ratio: 0, power_watts: 70.25 },
      },
      { keys: ['uuid:GPU-2'], index: 1, metrics: {} },
    )
    const table = renderParseTable(await parseOutput(bytes('example'), undefined, [source]))
    const [first, second] = table.split('\n').filter((line) => line.includes('GPU-'))
    expect(first).toMatch(/^0 +GPU-1 +H100 \[2J +0 % +70\.3 W +- /)
    expect(second).toMatch(/^1 +GPU-2 +X1 +- +- +- /)
    expect(table).toContain('rejected: 9')
    expect(table).not.toContain('\u001b')
  })

  it('nodes, links, tool and versions are printed where the output has them, and absent where not', async () => {
    const source: Source = {
      ...exampleSource(),
      interpret: () => ({
        ...interpretation([reading({ keys: ['uuid:GPU-1'], labels: { driver_version: '570.1' } })]),
        nodes: [{ node: 'n1', metrics: { load_1m: 3, cpu_count: -4 } }],
        links: [
          { node: 'n1', deviceKey: null, link: 'mlx5_0/1', metrics: { link_up: 1 } },
          { node: null, deviceKey: 'uuid:GPU-1', link: 'nvlink/0', metrics: { link_up: 0 } },
        ],
        toolLabels: { exporter_version: '4.8.0' },
      }),
    }
    const result = ParseResult.parse(await parseOutput(bytes('example'), undefined, [source]))
    expect(result).toMatchObject({
      nodes: [{ node: 'n1', metrics: { load_1m: 3 } }],
      links: [
        { link: 'mlx5_0/1', node: 'n1', metrics: { link_up: 1 } },
        { link: 'nvlink/0', device: 'uuid:GPU-1', metrics: { link_up: 0 } },
      ],
      tool: { exporter_version: '4.8.0' },
      rejected: [{ line: 'n1 cpu_count -4', reason: 'range:cpu_count' }],
    })
    expect(result.devices[0]?.facts).toEqual({ driver_version: '570.1' })
    const table = renderParseTable(result)
    expect(table).toContain('tool: exporter_version 4.8.0')
    expect(table).toContain('driver_version 570.1 (1 devices)')
    expect(table).toMatch(/nvlink\/0 +uuid:GPU-1 +link_up 0/)
    const plain = await parseOutput(bytes('example\na;0.5;1'), undefined, [exampleSource()])
    for (const name of ['nodes', 'links', 'tool']) expect(plain).not.toHaveProperty(name)
  })

  it('shows the measuring points of a walk, by the source that knows it', async () => {
    const walk =
      '.1.3.6.1.2.1.33.1.4.4.1.4.1 = INTEGER: 900\n.1.3.6.1.2.1.33.1.2.7.0 = INTEGER: 4000\n'
    const result = ParseResult.parse(await parseOutput(bytes(walk)))
    expect(result).toMatchObject({
      source: 'snmp',
      meters: [
        { point: 'output', metrics: { power_watts: 900 } },
        { point: 'output/phase/1', metrics: { power_watts: 900 } },
        { point: 'battery', metrics: {} },
      ],
      rejected: [{ reason: 'range:temperature_celsius' }],
    })
    expect(renderParseTable(result)).toMatch(/\(target\)\/output +power_watts 900/)
  })

  it('any bytes are read or refused with a code, by the real sources', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (input) => {
        try {
          ParseResult.parse(await parseOutput(input))
        } catch (error) {
          expect(error).toMatchObject({ code: 'E_PARSE_UNKNOWN' })
        }
      }),
      { numRuns: 50 },
    )
  })
})
