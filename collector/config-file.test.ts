import { describe, expect, it } from 'vitest'
import { describeConfig } from './config-check.ts'
import { durationMs, idFromHost, sizeBytes } from './config.ts'
import { loadConfig, parseConfig } from './config-file.ts'
import { exampleSource } from './example-source.testing.ts'

const sources = [exampleSource(), exampleSource({ name: 'tool', transport: 'command' })]
const parse = (text: string) =>
  parseConfig(text, { file: 'plimsoll.yaml', sources, host: 'gpu01.site.example' })
const mistake = (text: string) => {
  try {
    parse(text)
  } catch (error) {
    expect(error).toMatchObject({ code: 'E_CONFIG_INVALID' })
    return error instanceof Error ? error.message : ''
  }
  return 'no mistake'
}

describe('the collector configuration', () => {
  it('is complete without a single line: identity from the host, local detection, a bounded spool', () => {
    expect(parse('')).toMatchObject({
      cluster: 'default',
      collector: 'gpu01_site_example',
      node: 'gpu01.site.example',
      sources: [],
      spool: { directory: './data/spool', maxBytes: 4 * 2 ** 30 },
      nats: null,
    })
  })

  it('expands host lists, takes target labels and node labels, and drops repeats', () => {
    const config = parse(`
cluster: alpha
node_labels:
  - { nodes: "h2-r[01-02]-n[01-08]", hall: h2 }
  - { nodes: "h2-r01-n[01-08]", rack: r01 }
sources:
  example:
    interval: 5s
    flavour: sour
    targets:
      - h2-r[01-02]-n[01-08]:9400
      - h2-r01-n01:9400
      - { address: "http://10.0.0.7:9400/metrics", node: odd-one, rack: r99 }
  tool: { interval: 20s }
`)
    const [example, tool] = config.sources
    expect(example?.targets).toHaveLength(17)
    expect(example?.targets[0]).toMatchObject({
      address: 'http://h2-r01-n01:9400/metrics',
      node: 'h2-r01-n01',
      isNodeNamed: true,
    })
    expect(example?.targets[16]).toMatchObject({ node: 'odd-one', rack: 'r99' })
    expect(example).toMatchObject({ intervalMs: 5000, timeoutMs: 5000, isLocal: false })
    expect(example?.options).toEqual({ flavour: 'sour' })
    expect(tool).toMatchObject({ isLocal: true, intervalMs: 20_000, timeoutMs: 10_000 })
    expect(config.nodeLabels.get('h2-r01-n08')).toEqual({ hall: 'h2', rack: 'r01' })
    expect(config.nodeLabels.get('h2-r02-n08')).toEqual({ hall: 'h2' })
  })

  it('describes what it understood, for `plimsoll config check`', () => {
    const text = describeConfig(
      parse('sources: { example: { targets: ["http://user:pw@n[1-3]:9400/metrics"] }, tool: {} }'),
    ).join('\n')
    expect(text).toContain('3 targets: http://n1:9400/metrics … http://n3:9400/metrics')
    expect(text).toContain('example: every 10 s')
    expect(text).not.toContain('pw')
    const bus = describeConfig(
      parse('nats: { url: ["nats://u:pw@a:4222,nats://u:pw@b:4222", "pw@c:4222"] }'),
    ).join('\n')
    expect(bus).toContain('nats://a:4222,nats://b:4222, c:4222')
    expect(bus).not.toContain('pw')
  })

  it.each([
    ['clustr: a', 'plimsoll.yaml:1:1: clustr: unknown key "clustr"; did you mean "cluster"?'],
    [
      'sources:\n  example:\n    intervall: 10s',
      'plimsoll.yaml:3:5: sources.example.intervall: unknown key "intervall"; did you mean "interval"?',
    ],
    [
      'sources:\n  exampel: {}',
      '2:3: sources.exampel: unknown key "exampel"; did you mean "example"?',
    ],
    [
      'sources:\n  example:\n    interval: 7s',
      '3:15: sources.example.interval: must be an interval',
    ],
    [
      'sources:\n  example:\n    targets: [n1]',
      '3:15: sources.example.targets[0]: the target "n1" has no port',
    ],
    [
      'sources:\n  example:\n    targets:\n      - n[1-:9400',
      '4:9: sources.example.targets[0]: the host list',
    ],
    ['sources:\n  example:\n    targets: [{adress: "n1:1"}]', 'did you mean "address"?'],
    ['sources:\n  example: { flavour: bitter }', '2:23: sources.example.flavour'],
    ['sources: { example: { interval: 5s, timeout: 6s } }', 'must not be longer than the interval'],
    ['sources: { tool: { targets: ["n1:1"] } }', 'takes no targets'],
    ['spool: { max_bytes: 1KiB }', 'a size from 16MiB up'],
    ['cluster: "a b"', '1:10: cluster: must start with a letter or digit'],
    ['labels: { hall: "\\u0007" }', 'must not hold control characters'],
    ['labels: [', 'plimsoll.yaml:1'],
    ['cluster: a\ncluster: b', 'plimsoll.yaml:2:1'],
    ['- a', 'plimsoll.yaml:1:1'],
    ['nats: { urls: x }', 'did you mean "url"?'],
  ])('%j is refused, with file, line and what is allowed', (text, expected) => {
    expect(mistake(text)).toContain(expected)
  })

  it('a file that would unfold to a huge one is refused', () => {
    const bomb = ['a: &a [x,x,x,x,x,x,x,x,x,x]']
    for (let i = 98; i < 106; i++) {
      const [name, last] = [String.fromCharCode(i), String.fromCharCode(i - 1)]
      bomb.push(`${name}: &${name} [${Array(10).fill(`*${last}`).join(',')}]`)
    }
    expect(mistake(bomb.join('\n'))).toMatch(/alias/i)
  })

  it('a missing file has its own code', async () => {
    await expect(
      loadConfig('/nonexistent/plimsoll.yaml', { sources, host: 'h' }),
    ).rejects.toMatchObject({ code: 'E_CONFIG_MISSING' })
  })
})

describe('values with units', () => {
  it('durations, sizes and host names are read or refused, never guessed', () => {
    expect([durationMs('500ms'), durationMs('1m'), durationMs('10'), durationMs(10)]).toEqual([
      500,
      60_000,
      null,
      null,
    ])
    expect([sizeBytes('4GiB'), sizeBytes(1024), sizeBytes('4 XB'), sizeBytes(-1)]).toEqual([
      2 ** 32,
      1024,
      null,
      null,
    ])
    expect(idFromHost('-узел-')).toMatch(/^[A-Za-z0-9]/)
    expect(idFromHost('узел')).toBe('collector')
  })
})
