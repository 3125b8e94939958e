/** A reading that an export has a row of. */
export interface SimulatedRow {
  readonly atMs: number
  readonly meter: string
  readonly powerKilowatts: number
  readonly energyKilowattHours: number
}

export const SIMULATED_HEADER = 'time,meter,power_watts [kW],energy_joules_total [kWh]'

/** A line of an export as a building system writes it: UTC, kW and kWh. */
export const writeRow = (row: SimulatedRow): string =>
  [
    new Date(row.atMs).toISOString(),
    row.meter,
    row.powerKilowatts.toFixed(1),
    row.energyKilowattHours.toFixed(1),
  ].join(',')

/** A whole export. */
export const writeExport = (rows: readonly SimulatedRow[]): string =>
  `${[SIMULATED_HEADER, ...rows.map(writeRow)].join('\n')}\n`
