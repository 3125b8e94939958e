/** A reading that a simulated sender pushes: our names and units. */
export interface SimulatedReading {
  readonly atMs: number
  readonly meter: string
  readonly point: string
  readonly values: Readonly<Record<string, number>>
}

/** The body of a push: an array of readings. */
export const writePush = (readings: readonly SimulatedReading[]): string =>
  JSON.stringify(
    readings.map(({ atMs, ...reading }) => ({ time: new Date(atMs).toISOString(), ...reading })),
  )
