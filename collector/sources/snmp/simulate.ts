/** A variable of a simulated agent, in the words of snmpwalk. */
export interface SimulatedVariable {
  /** Without a leading dot. */
  readonly oid: string
  readonly type: 'INTEGER' | 'Gauge32' | 'Counter32' | 'Counter64' | 'STRING' | 'OID' | 'Timeticks'
  readonly value: number | string
}

/** One rack PDU with three phases, as its page would show it. */
export interface SimulatedPdu {
  readonly name: string
  readonly powerWatts: number
  readonly energyKwh: number
  readonly volts: number
  readonly phases: number
}

/** One UPS with three lines. */
export interface SimulatedUps {
  readonly name: string
  readonly inputWatts: readonly number[]
  readonly outputWatts: readonly number[]
  readonly minutesRemaining: number
}

const SYSTEM = '1.3.6.1.2.1.1'

const system = (name: string, description: string, objectId: string): SimulatedVariable[] => [
  { oid: `${SYSTEM}.1.0`, type: 'STRING', value: description },
  { oid: `${SYSTEM}.2.0`, type: 'OID', value: objectId },
  { oid: `${SYSTEM}.5.0`, type: 'STRING', value: name },
]

const int = (oid: string, value: number): SimulatedVariable => ({
  oid,
  type: 'INTEGER',
  value: Math.round(value),
})

/** What an APC rPDU2 says: power in steps of 10 W, energy in steps of 0.1 kWh. */
export function apcPduVariables(pdu: SimulatedPdu): SimulatedVariable[] {
  const root = '1.3.6.1.4.1.318.1.1.26'
  const { powerWatts, volts, phases } = pdu
  const perPhase = Array.from({ length: phases }, (_, at) => at + 1).flatMap((phase) => [
    int(`${root}.6.3.1.2.${phase}`, 1),
    int(`${root}.6.3.1.3.${phase}`, phase),
    int(`${root}.6.3.1.5.${phase}`, (powerWatts / phases / volts) * 10),
    int(`${root}.6.3.1.6.${phase}`, volts),
    int(`${root}.6.3.1.7.${phase}`, powerWatts / phases / 10),
  ])
  return [
    ...system(pdu.name, 'Simulated rack PDU', '1.3.6.1.4.1.318.1.3.4.6'),
    int(`${root}.4.3.1.2.1`, 1),
    int(`${root}.4.3.1.5.1`, powerWatts / 10),
    int(`${root}.4.3.1.9.1`, Math.floor(pdu.energyKwh * 10)),
    int(`${root}.4.3.1.16.1`, -1),
    ...perPhase,
  ]
}

/** What an agent with UPS-MIB says: watts per line, no energy. */
export function upsVariables(ups: SimulatedUps): SimulatedVariable[] {
  const root = '1.3.6.1.2.1.33.1'
  return [
    ...system(ups.name, 'Simulated UPS', '1.3.6.1.2.1.33'),
    int(`${root}.2.3.0`, ups.minutesRemaining),
    ...ups.inputWatts.map((watts, at) => int(`${root}.3.3.1.5.${at + 1}`, watts)),
    int(`${root}.4.2.0`, 500),
    ...ups.outputWatts.map((watts, at) => int(`${root}.4.4.1.4.${at + 1}`, watts)),
  ]
}

/** The text of `snmpwalk -ObentU`, which also feeds a simulated agent. */
export function writeWalk(variables: readonly SimulatedVariable[]): string {
  return variables
    .map(({ oid, type, value }) => {
      if (type === 'Timeticks') return `.${oid} = ${value}`
      if (type === 'STRING') return `.${oid} = STRING: "${value}"`
      return `.${oid} = ${type}: ${type === 'OID' ? `.${value}` : value}`
    })
    .join('\n')
    .concat('\n')
}
