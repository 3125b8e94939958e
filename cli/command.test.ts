import { describe, expect, it } from 'vitest'
import { PlimsollError } from '#schemas/errors.ts'
import {
  type CommandSpec,
  parseInvocation,
  renderError,
  renderHelp,
  renderOverview,
  wholeNumber,
} from './command.ts'
import { COMMANDS } from './commands.ts'

const spec: CommandSpec = {
  name: 'weigh',
  summary: 'weighs ships',
  arguments: '[SHIP]',
  words: 1,
  details: 'Details.',
  options: {
    port: { value: 'PORT', short: 'p', help: 'a port' },
    target: { value: 'LIST', repeatable: true, help: 'targets' },
    open: { help: 'a switch' },
  },
  examples: ['plimsoll weigh titanic'],
  load: () => Promise.reject(new Error('not loaded in this test')),
}
const parse = (...args: string[]) =>
  parseInvocation(spec, args, { env: {}, print: () => undefined })

/** What a command listens on, and forms and languages of what it writes, are its own. */
const OWN_MEANING: ReadonlySet<string> = new Set(['port', 'format', 'lang'])

describe('a command line', () => {
  it('gives options, switches, repeats and words', () => {
    const invocation = parse('-p', '1', '--port', '2', '--target', 'a', '--target=b', '--open', 'x')
    expect(invocation.option('port')).toBe('2')
    expect(invocation.options('target')).toEqual(['a', 'b'])
    expect(invocation.flag('open')).toBe(true)
    expect(invocation.positionals).toEqual(['x'])
  })

  it('takes a number below zero for the value it is', () => {
    expect(parse('--target', '-30d').options('target')).toEqual(['-30d'])
    expect(() => parse('--target', '--open')).toThrow(PlimsollError)
    expect(() => parse('--open', '-3')).toThrow(PlimsollError)
  })

  it('that says nothing leaves everything undefined, not empty', () => {
    const invocation = parse()
    expect(invocation.option('port')).toBeUndefined()
    expect(invocation.options('target')).toEqual([])
    expect(invocation.flag('open')).toBe(false)
  })

  it.each([
    ['an unknown option', ['--prot', '1'], /--prot/],
    ['an option without its value', ['--port'], /--port/],
    ['a switch with a value', ['--open=yes'], /--open/],
    ['a word too many', ['--target', 'a', 'b', 'c'], /"c" means nothing here/],
  ])('with %s is refused in one line that names it and the help', (_, args, reason) => {
    expect(() => parse(...args)).toThrow(
      expect.objectContaining({ code: 'E_USAGE', message: expect.stringMatching(reason) }),
    )
    expect(() => parse(...args)).toThrow(/^[^\n]*see plimsoll weigh --help$/)
  })

  it('takes whole numbers within their limits only', () => {
    const limits = { min: 1, max: 100 }
    expect(wholeNumber(parse('--port', '100'), 'port', limits)).toBe(100)
    expect(wholeNumber(parse(), 'port', limits)).toBeUndefined()
    for (const text of ['0', '101', '1e2', '0x10', '1.5', '-1', '', ' 7', '١'])
      expect(() => wholeNumber(parse(`--port=${text}`), 'port', limits), text).toThrow(/1 to 100/)
  })
})

describe('help', () => {
  it.each(COMMANDS.map((command) => [command.name, command] as const))(
    'of %s names the command, every option with its argument, and examples that parse',
    (name, command) => {
      const text = renderHelp(command)
      expect(text.split('\n')[0]).toContain(`plimsoll ${name}`)
      for (const [option, { value, help }] of Object.entries(command.options)) {
        expect(text).toContain(`--${option}${value === undefined ? '' : ` ${value}`}`)
        expect(text).toContain(help)
      }
      expect(command.examples.length + Object.keys(command.options).length).toBeGreaterThan(0)
      for (const line of text.split('\n')) expect(line.length, line).toBeLessThanOrEqual(132)
      for (const example of command.examples) {
        const [, args] = /plimsoll (.*)$/.exec(example) ?? []
        if (args === undefined) continue
        const words = args.split(' ').map((word) => word.replaceAll("'", ''))
        expect(words.shift()).toBe(name)
        parseInvocation(command, words, { env: {}, print: () => undefined })
      }
    },
  )

  it('lists every command once with its summary', () => {
    const text = renderOverview(COMMANDS)
    for (const { name, summary } of COMMANDS)
      expect(text.match(new RegExp(`^  ${name} +.*$`, 'gm'))).toEqual([
        expect.stringContaining(summary),
      ])
  })

  it('names options of one meaning alike in every command', () => {
    const meanings = new Map<string, string>()
    for (const { name, options } of COMMANDS.filter((command) => command.name !== 'demo'))
      for (const [option, { value = '', help }] of Object.entries(options)) {
        if (OWN_MEANING.has(option)) continue
        expect(meanings.get(option) ?? `${value} ${help}`, `${name} --${option}`).toBe(
          `${value} ${help}`,
        )
        meanings.set(option, `${value} ${help}`)
      }
  })
})

describe('an error', () => {
  it('meant for a person is its code, its sentence and its page', () => {
    const error = new PlimsollError('E_PORT_TAKEN', 'port 8440 is in use')
    expect(renderError(error)).toBe(
      'E_PORT_TAKEN: port 8440 is in use\n  more: docs/errors.md#e_port_taken',
    )
  })

  it('that nobody foresaw keeps its stack', () => {
    expect(renderError(new TypeError('x is not a function'))).toMatch(/TypeError: x is not[^]*at /)
    expect(renderError('thrown text')).toBe('thrown text')
  })
})
