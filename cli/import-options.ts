import type { OptionSpec } from './command.ts'

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
