import { BACKTEST } from './backtest-options.ts'
import { CONFIG } from './config-options.ts'
import type { CommandSpec } from './command.ts'
import { IMPORT, IMPORT_HISTORY, IMPORT_SLURM } from './import-options.ts'
import { NOTE } from './note-options.ts'
import {
  ALERTS,
  BUS,
  COLLECT,
  DATA,
  DRILL,
  REPORTS,
  SERVE,
  SETTLE,
  SHARDS,
  SITE,
  STATUS_PAGE,
  STORE,
  STREAMS,
  TIME_FROM,
  TIME_TO,
} from './option-sets.ts'
import { REPORT } from './report-options.ts'
import { STATUS } from './status-options.ts'

/** Every subcommand, in the order of `plimsoll --help`. */
export const COMMANDS: readonly CommandSpec[] = [
  {
    name: 'all',
    summary: 'everything in one process: collect, store, answer, show (the default start)',
    arguments: '[options]',
    details: `Reads what is on this machine (dcgm-exporter on :9400, npu-smi on PATH) or what --config, --target or
--targets-from name; keeps the data under --data in an embedded ClickHouse and serves the dashboard on loopback.
With NATS_URL the collector publishes through JetStream, otherwise ingest reads its spool in place.`,
    options: {
      ...COLLECT,
      ...DATA,
      ...STORE,
      ...BUS,
      ...SERVE,
      ...ALERTS,
      ...SITE,
      ...SETTLE,
      ...REPORTS,
      ...STATUS_PAGE,
    },
    examples: [
      'plimsoll all',
      "plimsoll all --target 'h2-r[01-40]-n[01-08]:9400' --timezone Asia/Shanghai",
    ],
    load: () => import('./commands/all.ts'),
  },
  {
    name: 'demo',
    summary: 'a simulated fleet with a week of history and an incident, live',
    arguments: '[options]',
    details: `Brings up everything with simulated devices (H100, H200, Ascend 910B, 910C). All data is stamped "simulated",
lives in its own folder and is made anew at each start. An incident of 25 minutes plays 90 s after the start.`,
    options: {
      devices: { value: 'N', help: 'devices, 64 to 65536 (default 2048)' },
      days: { value: 'D', help: 'days of history, 1 to 30 (default 7)' },
      seed: { value: 'S', help: 'another seed, another fleet (default 1)' },
      ...SERVE,
      data: { value: 'DIR', help: 'folder of the demo data (default ./data/demo)' },
      timezone: { value: 'ZONE', help: "the simulated site's time zone (default Asia/Shanghai)" },
      open: { help: 'open a browser when ready' },
    },
    examples: ['npm run demo', 'npm run demo -- --devices 512 --days 2 --port 9000'],
    load: () => import('./commands/demo.ts'),
  },
  {
    name: 'parse',
    summary: 'show what we read in any captured tool output',
    arguments: '[source] < file',
    words: 1,
    details: `Reads captured output from standard input (or --file) with the very parsers of the collector. The source is
detected when it is not given. A table in a terminal, JSON when piped.`,
    options: {
      file: { value: 'FILE', short: 'f', help: 'read this file instead of standard input' },
      json: { help: 'JSON also in a terminal' },
      table: { help: 'a table also when piped' },
    },
    examples: [
      'curl -s http://node:9400/metrics | plimsoll parse',
      'npu-smi info | plimsoll parse npu-smi',
    ],
    load: () => import('./commands/parse.ts'),
  },
  CONFIG,
  {
    name: 'collector',
    summary: 'collect on this machine, or beside exporters, and publish to NATS',
    arguments: '[options]',
    details:
      'Spools every batch to disk before it is published and keeps it until it is known to be in the store.',
    options: { ...COLLECT, ...DATA, ...BUS, ...REPORTS, ...STATUS_PAGE },
    examples: ['plimsoll collector --config collector.yaml --nats nats://bus:4222'],
    load: () => import('./commands/collector.ts'),
  },
  {
    name: 'ingest',
    summary: 'read NATS, fill the store, settle minutes, hours and days',
    arguments: '[options]',
    details: `kill -9 at any moment loses nothing and doubles nothing. A second process for the same shards waits as their spare
and takes over within seconds. Of several processes one settles.`,
    options: {
      ...DATA,
      ...STORE,
      ...BUS,
      ...SHARDS,
      ...SITE,
      ...SETTLE,
      ...REPORTS,
      ...STATUS_PAGE,
    },
    examples: [
      'plimsoll ingest --nats nats://bus:4222 --clickhouse http://user:pw@db:8123/plimsoll',
      'PLIMSOLL_SHARDS=4 plimsoll ingest --shards 0,1 --nats nats://bus:4222 --clickhouse http://user:pw@db:8123/plimsoll',
    ],
    load: () => import('./commands/ingest.ts'),
  },
  {
    name: 'query',
    summary: 'serve the API and the dashboard from the store',
    arguments: '[options]',
    details: 'Read-only on the store. Beyond loopback it needs a token: plimsoll token add.',
    options: { ...DATA, ...STORE, ...SERVE, ...SITE, ...STATUS_PAGE },
    examples: [
      'plimsoll query --clickhouse http://reader:pw@db:8123/plimsoll --host 0.0.0.0 --public-name fleet.example',
    ],
    load: () => import('./commands/query.ts'),
  },
  {
    name: 'engine',
    summary: 'the embedded ClickHouse alone, over HTTP on loopback',
    arguments: '[options]',
    details: `For running ingest and query as processes of their own without a ClickHouse server. Set PLIMSOLL_ENGINE_PASSWORD;
they reach it with CLICKHOUSE_URL=http://default:<password>@127.0.0.1:<port>/plimsoll`,
    options: {
      ...DATA,
      port: { value: 'PORT', short: 'p', help: 'port on loopback (default 8123)' },
      ...STATUS_PAGE,
    },
    examples: ['PLIMSOLL_ENGINE_PASSWORD=… plimsoll engine --port 8123'],
    load: () => import('./commands/engine.ts'),
  },
  {
    name: 'migrate',
    summary: 'create or update the tables, and the NATS streams when NATS_URL is set',
    arguments: '[options]',
    details:
      'Safe to run again. Stops at the first failure; refuses when an applied migration was changed.',
    options: {
      ...STORE,
      ...BUS,
      ...STREAMS,
      profile: {
        value: 'NAME',
        help: 'single (default) or cluster: replicated and distributed tables',
      },
      'cluster-name': {
        value: 'NAME',
        help: 'ClickHouse cluster of the cluster profile (default plimsoll)',
      },
    },
    examples: ['plimsoll migrate --clickhouse http://admin:pw@db:8123/plimsoll'],
    load: () => import('./commands/migrate.ts'),
  },
  {
    name: 'repair',
    summary: 'settle the minutes of a window again, after raw data was corrected',
    arguments: '--from TIME --to TIME [options]',
    details: `Asks the running plimsoll all (beside it, with its --data) or plimsoll ingest (with its --clickhouse) to compare what
it settled with what is stored now. Minutes that differ become new revisions, each with a restatement record; hours and
days follow. Running it again changes nothing. What is older than the raw samples is left as it is.`,
    options: {
      from: TIME_FROM,
      to: TIME_TO,
      reason: { value: 'TEXT', help: 'why; kept and shown with it' },
      'dry-run': { help: 'print what would change, and change nothing' },
      ...DATA,
      ...STORE,
    },
    examples: [
      'plimsoll repair --from 2026-05-01T10:00Z --to 2026-05-01T12:00Z --dry-run',
      'plimsoll repair --from 2026-05-01T10:00Z --to 2026-05-01T12:00Z --reason restored-spool-h2-r03',
    ],
    load: () => import('./commands/repair.ts'),
  },
  BACKTEST,
  {
    name: 'token',
    summary: 'add, list or revoke the tokens people and programs log in with',
    arguments: 'add | list | revoke NAME',
    words: 2,
    details:
      'A token is shown once, when it is added. What is stored is its hash, its role and its expiry.',
    options: {
      ...DATA,
      tokens: {
        value: 'FILE',
        help: 'token file (PLIMSOLL_TOKENS; default DIR/access/tokens.json)',
      },
      name: { value: 'NAME', help: 'who it is for; named in the audit log' },
      role: { value: 'ROLE', help: 'read (default), operate or admin' },
      days: { value: 'N', help: 'valid for N days, 1 to 3650 (default 365)' },
    },
    examples: ['plimsoll token add --name alice --role operate', 'plimsoll token revoke alice'],
    load: () => import('./commands/token.ts'),
  },
  {
    name: 'inventory',
    summary: 'write down what was discovered as an inventory to correct and import',
    arguments: 'draft [options]',
    words: 1,
    details: `Asks a running server (PLIMSOLL_TOKEN) for every device it knows and prints CSV: identities, places as collectors
tell them, accepted = first seen. Redirect it into a file, which can be imported unchanged. A pattern fills places from node names:
{site}, {cluster}, {hall}, {rack}, {pool} are kept, {node} and {*} passed over. Columns and rules: docs/inventory.md`,
    options: {
      pattern: { value: 'PATTERN', help: "what node names say, such as 'h{hall}-r{rack}-n{node}'" },
      server: { value: 'URL', help: 'the server to ask (default http://127.0.0.1:8440)' },
    },
    examples: [
      'plimsoll inventory draft',
      "plimsoll inventory draft --pattern 'h{hall}-r{rack}-n{node}'",
    ],
    load: () => import('./commands/inventory.ts'),
  },
  {
    name: 'import',
    summary: 'inventory, who holds what, prices and owners from files and from Slurm',
    arguments: 'WHAT FILE [options]',
    words: 1000,
    details: `WHAT is inventory, allocations, contracts, costs, facility, owners, prices, references or states; FILE may be - for
standard input.
Reads the file, prints what is in it and what is wrong with it, and writes the rest into the journal of a running server
(PLIMSOLL_TOKEN, role admin). Rows that are refused take no others with them; documents (contracts, costs, owners, prices,
references) replace the one before and are taken whole. Sending the same again changes nothing.
From Slurm: allocations with --format squeue-json, scontrol or sacct. With --state a look at all jobs writes what
changed since the last, and sacct closes the books; its word is complete for --cluster, or for --nodes of it. Local times
of Slurm need --timezone. Cron line, prolog and epilog: docs/slurm.md; files and their columns: docs/attribution.md.
facility is the site's meters, cooling loops and contract, one YAML file, taken whole: docs/facility.md.
History goes into the store itself: import samples FILE… and import allocations FILE… (counts) with --dataset and --map,
import prometheus with --url (docs/import.md).
Exit code: 0 = all was taken, 1 = some rows were refused, 2 = the command line.`,
    options: { ...IMPORT, ...IMPORT_SLURM, ...IMPORT_HISTORY, ...DATA, ...STORE },
    examples: [
      "plimsoll import inventory inventory.csv --pattern 'h{hall}-r{rack}-n{node}' --dry-run",
      'squeue --json | plimsoll import allocations - --format squeue-json --cluster h1 --state slurm.json',
      'plimsoll import prices prices.yaml --timezone Asia/Shanghai',
      'plimsoll import prometheus --url http://prometheus:9090 --from -30d',
    ],
    load: () => import('./commands/import.ts'),
  },
  {
    name: 'pause',
    summary: 'stop reading a source on some nodes for a while, everywhere within 30 s',
    arguments: '--source NAME --nodes LIST --for TIME --reason TEXT | --list | --end ID',
    details: `Asks a running server (PLIMSOLL_TOKEN, role operate). Devices of a paused source are unknown, never idle, and
collection health names who paused it and why. A pause ends by itself.`,
    options: {
      source: { value: 'NAME', help: 'the source, or * for all' },
      nodes: { value: 'LIST', help: "hostlist such as 'h2-r[01-40]-n[01-08]', or *" },
      cluster: {
        value: 'NAME',
        help: 'the cluster, as collectors name it (default: none is singled out)',
      },
      for: { value: 'TIME', help: 'how long: 30m, 2h, 3d; at most 7d' },
      reason: { value: 'TEXT', help: 'why; kept and shown with it' },
      list: { help: 'show the pauses in force' },
      end: { value: 'ID', help: 'end a pause early' },
      server: { value: 'URL', help: 'the server to ask (default http://127.0.0.1:8440)' },
    },
    examples: [
      "plimsoll pause --source npu-smi --nodes 'h2-r[01-40]-n[01-08]' --for 2h --reason driver-upgrade",
      'plimsoll pause --list',
    ],
    load: () => import('./commands/pause.ts'),
  },
  NOTE,
  {
    name: 'doctor',
    summary: 'what is installed, what each source reads, what is missing and how to fix it',
    arguments: '[options]',
    details: `Looks at this machine as a collector would: reads every source once or twice, compares them with the PCI bus,
the inventory, other clocks, the disk and the bus. Changes nothing. Ends within 10 s (plus --watch). Prints a table, also
when piped; --json is for programs. --server names a server whose tree of meters is compared with what was read; --bundle asks it
for its collection health.
Exit code: 0 = no problem, 1 = at least one problem (with --strict also a warning), 2 = the command line.`,
    options: {
      ...COLLECT,
      ...DATA,
      ...BUS,
      expect: { value: 'N', help: 'devices that should be seen in all' },
      inventory: { value: 'FILE', help: 'what should be there: lines of NODE COUNT or NODE KEY' },
      watch: {
        value: 'SECONDS',
        help: 'between the two reads that find frozen sources, 0 to 600 (default 3; 0 = one read)',
      },
      refresh: {
        value: 'SECONDS',
        help: 'how often exporters renew their values, dcgm-exporter -c (default 30)',
      },
      timeout: {
        value: 'SECONDS',
        help: 'time for everything beside --watch, 2 to 600 (default 10)',
      },
      json: { help: 'JSON also in a terminal' },
      strict: { help: 'a warning also ends with 1' },
      lang: { value: 'LANG', help: 'en (default) or zh' },
      bundle: {
        value: 'FILE',
        help: 'also write a support file (.tar.gz) without secrets, hosts and addresses',
      },
      'keep-names': { help: 'leave host names and addresses in the support file' },
      server: {
        value: 'URL',
        help: 'the server to ask (default http://127.0.0.1:8440)',
      },
    },
    examples: [
      'plimsoll doctor',
      'plimsoll doctor --config collector.yaml --expect 8 --watch 100',
      'plimsoll doctor --bundle doctor.tar.gz',
    ],
    load: () => import('./commands/doctor.ts'),
  },
  {
    name: 'load',
    summary: "simulated fleet traffic through the collector's own code, to size a site",
    arguments: '--nats URL [options]',
    details: `Simulated devices in nodes of 8, 40 values a row, through the collector's schedule, merge, batches, spool and
publisher to a NATS bus; every batch is marked "simulated". For a bus and a store of their own: it looks at some messages of
the stream and refuses when one is real (it may miss a few among many simulated ones; it cannot see what the store holds).
Reading a vendor's output is not part of it. Spools lie in DIR/load meanwhile. Prints a table, also when piped; --json is
for programs. Ends by itself; Ctrl-C ends it early, and the bus gets 5 s to take the rest.
Exit code: 0 = the bus has every batch (or a signal ended it), 1 = some were left in the spools.`,
    options: {
      devices: { value: 'N', help: 'simulated devices, 1 to 100000 (default 5000)' },
      interval: {
        value: 'TIME',
        help: 'between two rows of a device: 1s, 2s, 5s, 10s and others that divide a minute (default 10s)',
      },
      duration: { value: 'TIME', help: 'how long: 90s, 10m, 2h (default 60s)' },
      collectors: {
        value: 'C',
        help: 'delivery identities, each with its own spool (default one per 6250 devices)',
      },
      'as-cluster': {
        value: 'NAME',
        help: 'cluster of the devices; begins with "load", so that questions can leave it out (default load)',
      },
      seed: { value: 'S', help: 'another seed, another fleet (default 1)' },
      yes: { help: 'send also into a bus that holds real data, or that does not say' },
      json: { help: 'JSON also in a terminal' },
      ...DATA,
      ...BUS,
    },
    examples: [
      'plimsoll load --nats nats://127.0.0.1:4222 --devices 5000 --interval 10s --duration 60s',
      'plimsoll load --nats nats://bus:4222 --devices 50000 --interval 1s --duration 10m --json',
    ],
    load: () => import('./commands/load.ts'),
  },
  REPORT,
  {
    name: 'alerts',
    summary: 'evaluate alert rules, deliver what they say, send the reports (part of all and demo)',
    arguments: '[check | drill] [options]',
    words: 1,
    details: `Evaluates the rule pack and the site's own rules over one store, keeps what it decides in the journal and delivers it.
Several may run: one works, the others take over when it is silent. Both files are read again when they change.
\`plimsoll alerts check\` reads them, says what is wrong with them and changes nothing. How it works: docs/alerts.md.
\`plimsoll alerts drill\` has a running server send a page marked DRILL and tells how soon it was acknowledged.`,
    options: { ...DRILL, ...ALERTS, ...DATA, ...STORE, ...BUS, ...SITE, ...STATUS_PAGE },
    examples: [
      'plimsoll alerts --alerts alerts.yaml --nats nats://bus:4222 --clickhouse http://db:8123/plimsoll',
      'plimsoll alerts check --alerts alerts.yaml --rules rules/',
      'plimsoll alerts drill --server https://plimsoll.site.example --wait 15',
    ],
    load: () => import('./commands/alerts.ts'),
  },
  STATUS,
]
