import type { OptionSpec } from './command.ts'
import { TIME_FROM, TIME_TO } from './option-sets.ts'

/** Options of `plimsoll import` for files that people keep. */
export const IMPORT: Readonly<Record<string, OptionSpec>> = {
  format: {
    value: 'FORMAT',
    help: 'inventory: csv, yaml, netbox; allocations: csv, squeue-json, scontrol, sacct',
  },
  timezone: {
    value: 'ZONE',
    help: "the site's time zone; a day is its local day (PLIMSOLL_TIMEZONE; default UTC)",
  },
  pattern: { value: 'PATTERN', help: "what node names say, such as 'h{hall}-r{rack}-n{node}'" },
  shared: { help: 'allocations.csv: several holders of one device at a time are meant' },
  'dry-run': { help: 'print what would change, and change nothing' },
  server: { value: 'URL', help: 'the server to ask (default http://127.0.0.1:8440)' },
}

/** Options of `plimsoll import` for history that goes into the store itself. */
export const IMPORT_HISTORY: Readonly<Record<string, OptionSpec>> = {
  dataset: {
    value: 'NAME',
    help: 'samples, prometheus, counts of allocations: a database of its own, never aged',
  },
  map: { value: 'FILE', help: 'samples, counts of allocations: what the columns mean (YAML)' },
  url: { value: 'URL', help: 'prometheus: the server to read from' },
  from: TIME_FROM,
  to: TIME_TO,
  step: { value: 'SECONDS', help: 'prometheus: between two samples of a device (default 60)' },
  match: {
    value: 'SELECTOR',
    repeatable: true,
    help: 'prometheus: only these series, such as \'{cluster="h1"}\'',
  },
  mapping: { value: 'FILE', help: 'prometheus: mapping of another exporter (docs/collector.md)' },
  names: { value: 'FILE', help: 'prometheus: what node names are, where series have addresses' },
}

/** Options of `plimsoll import allocations` for outputs of Slurm. */
export const IMPORT_SLURM: Readonly<Record<string, OptionSpec>> = {
  cluster: {
    value: 'NAME',
    help: 'the cluster, as collectors name it (default: none is singled out)',
  },
  nodes: { value: 'LIST', help: "hostlist such as 'h2-r[01-40]-n[01-08]', or *" },
  state: { value: 'FILE', help: 'Slurm: what the last run knew; written whole after each run' },
  'job-started': { help: 'Slurm: the text is one job that begins (prolog)' },
  'job-ended': { help: 'Slurm: the text is one job that ends now (epilog)' },
  gres: { value: 'NAMES', help: 'Slurm: GRES names that are accelerators (default gpu,npu)' },
  'devices-per-node': {
    value: 'N',
    help: 'Slurm: gives jobs without known devices their share of the node',
  },
  'device-map': {
    value: 'FILE',
    help: "Slurm: which device IDX means: node, idx and uuid, serial or the driver's index",
  },
  'class-from': {
    value: 'FILE',
    help: 'Slurm: classes of work by comment, qos, name, partition or account',
  },
}
