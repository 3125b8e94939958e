import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { meterId } from '#schemas/meter-id.ts'
import type { SnmpVariable } from '../../field-io.ts'
import { compareOids, readOid } from '../../formats/oid.ts'
import { createRejections } from '../../formats/rejections.ts'
import { BUILT_IN } from './built-in.ts'
import { mapVariables, numberOf, type Refusal } from './map.ts'
import { parseWalk } from './parse.ts'
import { planOf, Profile } from './profile.ts'
import { apcPduVariables, upsVariables, writeWalk } from './simulate.ts'
import source from './source.ts'

function read(text: string) {
  const rejections = createRejections<Refusal>()
  return { variables: parseWalk(text, rejections), rejected: rejections.byReason() }
}
const value = (text: string) => read(`.1.3.6 = ${text}`).variables[0]?.value ?? null

describe('the text of a walk', () => {
  it.each<[string, SnmpVariable['value'] | null]>([
    ['INTEGER: -1', { kind: 'integer', number: -1 }],
    ['INTEGER: 230 RMS Volts', { kind: 'integer', number: 230 }],
    ['INTEGER: batteryNormal(2)', { kind: 'integer', number: 2 }],
    ['Gauge32: 4294967295', { kind: 'gauge32', number: 4_294_967_295 }],
    ['Counter32: 7', { kind: 'counter32', number: 7 }],
    ['Counter64: 18446744073709551615', { kind: 'counter64', number: 18_446_744_073_709_551_615n }],
    ['Timeticks: (8640000) 1 day, 0:00:00.00', { kind: 'timeticks', number: 8_640_000 }],
    ['8640000', { kind: 'timeticks', number: 8_640_000 }],
    ['STRING: "0.00412"', { kind: 'text', text: '0.00412' }],
    ['STRING: without quotes', { kind: 'text', text: 'without quotes' }],
    ['STRING: "a \\"b\\" \\\\"', { kind: 'text', text: 'a "b" \\' }],
    ['STRING: "two\nlines"', { kind: 'text', text: 'two\nlines' }],
    ['""', { kind: 'text', text: '' }],
    ['Hex-STRING: 00 0C FF', { kind: 'bytes', bytes: Uint8Array.of(0, 12, 255) }],
    ['Hex-STRING: 00 01\n02 03', { kind: 'bytes', bytes: Uint8Array.of(0, 1, 2, 3) }],
    ['OID: .1.3.6.1.4.1.318', { kind: 'oid', text: '1.3.6.1.4.1.318' }],
    ['IpAddress: 10.0.0.1', { kind: 'text', text: '10.0.0.1' }],
    ['Opaque: Float: 1.5', { kind: 'text', text: '1.5' }],
    ['No Such Object available on this agent at this OID', { kind: 'none' }],
    ['No Such Instance currently exists at this OID', { kind: 'none' }],
    ['NULL', { kind: 'none' }],
    ['INTEGER: many', null],
    ['Strange: 1', null],
  ])('%s', (text, expected) => {
    expect(value(text)).toEqual(expected)
  })

  it('counts what is no variable, and takes the lines beside it', () => {
    const text =
      '.1.3.6 = INTEGER: 1\nnonsense\nfoo::bar.1 = INTEGER: 3\n.1.3.7 = INTEGER: x\n.1.3.8 = INTEGER: 2\n'
    const got = read(text)
    expect(got.variables.map(({ oid }) => oid)).toEqual(['1.3.6', '1.3.8'])
    expect(got.rejected).toEqual({ no_oid: 2, no_value: 1 })
  })

  it('takes the names snmpwalk prints without -On for what they are', () => {
    expect(readOid('SNMPv2-SMI::enterprises.318.1')).toBe('1.3.6.1.4.1.318.1')
    expect(readOid('iso.3.6.1.4.1.318')).toBe('1.3.6.1.4.1.318')
    expect(readOid('UPS-MIB::upsOutputPower.1')).toBeNull()
    expect(['1.3.10', '1.3.9', '1.3', '1.3.9.1'].toSorted(compareOids)).toEqual([
      '1.3',
      '1.3.9',
      '1.3.9.1',
      '1.3.10',
    ])
  })

  it('arbitrary text, and walks with any line changed, never throw and give proper points', () => {
    const lines = [
      ...writeWalk(
        apcPduVariables({ name: 'p', powerWatts: 900, energyKwh: 2, volts: 230, phases: 3 }),
      ).split('\n'),
      ...writeWalk(
        upsVariables({ name: 'u', inputWatts: [1], outputWatts: [2, 3], minutesRemaining: 4 }),
      ).split('\n'),
    ]
    const oids = BUILT_IN.flatMap(({ columns }) => columns.map(({ oid }) => `.${oid}`))
    const index = fc.array(fc.nat(2 ** 31), { maxLength: 5 }).map((parts) => parts.join('.'))
    const said = fc.oneof(
      fc.integer().map((number) => `INTEGER: ${number}`),
      fc.bigInt({ min: 0n, max: 2n ** 64n }).map((number) => `Counter64: ${number}`),
      fc.string().map((text) => `STRING: "${text}"`),
      fc.string(),
    )
    const cell = fc
      .tuple(fc.constantFrom(...oids), index, said)
      .map(([oid, at, what]) => `${oid}.${at} = ${what}`)
    const line = fc.oneof(fc.constantFrom(...lines), cell, fc.string())
    fc.assert(
      fc.property(fc.array(line, { maxLength: 60 }), (some) => {
        const got = source.interpret(new TextEncoder().encode(some.join('\n')))
        expect(['ok', 'failed']).toContain(got.outcome)
        for (const { point, metrics } of got.meters ?? []) {
          expect(meterId('m', point)).not.toBeNull()
          for (const number of Object.values(metrics)) expect(Number.isFinite(number)).toBe(true)
        }
      }),
      { numRuns: 300 },
    )
  })
})

const integer = (oid: string, number: number): SnmpVariable => ({
  oid,
  value: { kind: 'integer', number },
})
const planNamed = (name: string) => {
  const profile = BUILT_IN.find((one) => one.name === name)
  if (profile === undefined) throw new Error(`no profile ${name}`)
  return planOf(profile, BUILT_IN)
}
const points = (name: string, variables: readonly SnmpVariable[]) => {
  const rejections = createRejections<Refusal>()
  const { meters } = mapVariables(planNamed(name), variables, rejections)
  const metrics = Object.fromEntries(meters.map(({ point, metrics: values }) => [point, values]))
  return { metrics, rejected: rejections.byReason() }
}

describe('what numbers come to', () => {
  const CORD = '1.3.6.1.4.1.1718.4.1.3.3.1.3'

  it('one cord is the PDU; with two there is no PDU as a whole', () => {
    expect(points('servertech-sentry4', [integer(`${CORD}.1.1`, 100)]).metrics).toEqual({
      '': { power_watts: 100 },
    })
    const two = [integer(`${CORD}.1.1`, 100), integer(`${CORD}.1.2`, 90)]
    expect(points('servertech-sentry4', two).metrics).toEqual({
      'inlet/1': { power_watts: 100 },
      'inlet/2': { power_watts: 90 },
    })
    // A cord that is off still is a cord: -1 must not make the other one the whole PDU.
    const off = [integer(`${CORD}.1.1`, 100), integer(`${CORD}.1.2`, -1)]
    expect(points('servertech-sentry4', off).metrics).toEqual({ 'inlet/1': { power_watts: 100 } })
  })

  it('a partial answer is named as the whole one before it', () => {
    const plan = planNamed('servertech-sentry4')
    const whole = mapVariables(plan, [integer(`${CORD}.1.1`, 1), integer(`${CORD}.1.2`, 2)])
    const rejections = createRejections<Refusal>()
    const part = mapVariables(plan, [integer(`${CORD}.1.1`, 3)], rejections, whole.shapes)
    expect(part.meters.map(({ point }) => point)).toEqual(['inlet/1'])
  })

  it('-1 is not supported, also in a column of unsigned numbers; zero is zero', () => {
    const root = '1.3.6.1.4.1.318.1.1.26.4.3.1'
    const got = points('apc-rpdu2', [
      integer(`${root}.5.1`, 0),
      integer(`${root}.16.1`, -1),
      { oid: `${root}.9.1`, value: { kind: 'gauge32', number: 4_294_967_295 } },
    ])
    expect(got).toEqual({ metrics: { '': { power_watts: 0 } }, rejected: {} })
  })

  it('numbers that come as text are numbers; other text is refused', () => {
    const root = '1.3.6.1.4.1.34550.20.2.1.1.1'
    const text = (oid: string, said: string): SnmpVariable => ({
      oid,
      value: { kind: 'text', text: said },
    })
    const got = points('infrapower-pdu', [
      text(`${root}.17.1`, ' 412345 '),
      text(`${root}.13.1`, 'n/a'),
      text(`${root}.14.1`, ''),
    ])
    expect(got).toEqual({
      metrics: { '': { power_watts: 4123.45 } },
      rejected: { no_number: 1 },
    })
    const float = Uint8Array.of(0x9f, 0x78, 0x04, 0x42, 0x28, 0, 0)
    expect(numberOf({ kind: 'bytes', bytes: float })).toBe(42)
    expect(numberOf({ kind: 'bytes', bytes: float.slice(1) })).toBeNull()
  })

  it('without the digits of a device nothing is taken as it is, nor in a unit that is no unit of it', () => {
    const [valueOid, config] = ['1.3.6.1.4.1.13742.6.5.2.3.1.4', '1.3.6.1.4.1.13742.6.3.3.4.1']
    const watts = integer(`${valueOid}.1.1.5`, 5120)
    expect(points('raritan-pdu2', [watts]).rejected).toEqual({ no_unit: 1 })
    expect(points('raritan-pdu2', [watts, integer(`${config}.6.1.1.5`, 3)])).toEqual({
      metrics: {},
      rejected: { no_scale: 1 },
    })
    const volts = [watts, integer(`${config}.6.1.1.5`, 1), integer(`${config}.7.1.1.5`, 0)]
    expect(points('raritan-pdu2', volts).rejected).toEqual({ wrong_unit: 1 })
  })

  it('a profile that counts a metric in a unit of another is refused, with the place', () => {
    const wrong = Profile.safeParse({
      name: 'x',
      probe: '1.3.6.1.4.1.9',
      columns: [{ oid: '1.3.6.1.4.1.9.1', to: 'power_watts', unit: 'kWh' }],
    })
    expect(wrong.error?.issues[0]).toMatchObject({
      path: ['columns', 0, 'unit'],
      message: 'kWh is no unit of power_watts, which is in watts',
    })
  })
})
