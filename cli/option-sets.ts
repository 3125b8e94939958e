import type { OptionSpec } from './command.ts'

/** Options that several commands share; the variable in brackets says the same in the environment. */
export const DATA: Readonly<Record<string, OptionSpec>> = {
  data: { value: 'DIR', help: 'folder for spool, engine, tokens (PLIMSOLL_DATA; default ./data)' },
}
export const STORE: Readonly<Record<string, OptionSpec>> = {
  clickhouse: {
    value: 'URL',
    help: 'http://user:password@host:8123/database instead of the embedded engine (CLICKHOUSE_URL)',
  },
}
export const BUS: Readonly<Record<string, OptionSpec>> = {
  nats: { value: 'URL', help: 'nats://host:4222, several separated by commas (NATS_URL)' },
  'nats-creds': { value: 'FILE', help: 'credentials file for NATS (NATS_CREDS)' },
}
const SHARD_COUNT: OptionSpec = {
  value: 'N',
  help: 'telemetry streams of the site (PLIMSOLL_SHARDS; default 1); more: docs/scaling.md',
}
export const SHARDS: Readonly<Record<string, OptionSpec>> = {
  'shard-count': SHARD_COUNT,
  shards: {
    value: 'LIST',
    repeatable: true,
    help: 'shards this process reads, such as 0,1 (PLIMSOLL_INGEST_SHARDS; default all)',
  },
}
export const STREAMS: Readonly<Record<string, OptionSpec>> = {
  'shard-count': SHARD_COUNT,
  'nats-replicas': {
    value: 'N',
    help: 'copies of each stream in a cluster of NATS servers (PLIMSOLL_NATS_REPLICAS; default 1 or as they are)',
  },
  'stream-gib': {
    value: 'N',
    help: 'room of all telemetry streams together, GiB (PLIMSOLL_STREAM_GIB; default 40)',
  },
  'stream-hours': {
    value: 'N',
    help: 'how long they keep messages, read or not (PLIMSOLL_STREAM_HOURS; default 6)',
  },
  'leaf-domain': {
    value: 'NAME',
    repeatable: true,
    help: 'JetStream domain of a leaf server to copy from (PLIMSOLL_LEAF_DOMAINS)',
  },
}
export const SERVE: Readonly<Record<string, OptionSpec>> = {
  host: {
    value: 'ADDRESS',
    help: 'address to listen on (PLIMSOLL_HOST; default 127.0.0.1; others need a token)',
  },
  port: { value: 'PORT', short: 'p', help: 'port to listen on (PLIMSOLL_PORT; default 8440)' },
  'public-name': {
    value: 'NAME',
    repeatable: true,
    help: 'name browsers use for this server (PLIMSOLL_PUBLIC_NAMES)',
  },
  'trusted-proxy': {
    value: 'CIDR',
    repeatable: true,
    help: 'proxy whose identity header is believed (PLIMSOLL_TRUSTED_PROXIES)',
  },
  'identity-header': {
    value: 'NAME',
    help: 'header in which it names the person (PLIMSOLL_IDENTITY_HEADER)',
  },
  tokens: { value: 'FILE', help: 'token file (PLIMSOLL_TOKENS; default DIR/access/tokens.json)' },
}
export const SITE: Readonly<Record<string, OptionSpec>> = {
  models: {
    value: 'FILE',
    help: "the site's own accelerator models, YAML (PLIMSOLL_MODELS); shape: docs/models.md",
  },
  timezone: {
    value: 'ZONE',
    help: "the site's time zone; a day is its local day (PLIMSOLL_TIMEZONE; default UTC)",
  },
}
export const ALERTS: Readonly<Record<string, OptionSpec>> = {
  alerts: { value: 'FILE', help: 'whom to tell of alerts, YAML (PLIMSOLL_ALERTS)' },
  rules: {
    value: 'PATH',
    help: "the site's own alert rules: a YAML file or a folder of them (PLIMSOLL_RULES)",
  },
}
export const DRILL: Readonly<Record<string, OptionSpec>> = {
  server: { value: 'URL', help: 'the server to ask (default http://127.0.0.1:8440)' },
  wait: { value: 'MINUTES', help: 'drill: how long to wait for an answer, 1 to 240 (default 15)' },
}
export const SETTLE: Readonly<Record<string, OptionSpec>> = {
  'settle-delay': {
    value: 'SECONDS',
    help: 'wait after a minute before it is settled (PLIMSOLL_SETTLE_DELAY_SECONDS; default 20)',
  },
  retention: {
    value: 'LEVELS',
    help: 'how long each level is kept, such as raw=14d,minutes=90d,hours=3y (PLIMSOLL_RETENTION)',
  },
}
export const COLLECT: Readonly<Record<string, OptionSpec>> = {
  config: {
    value: 'FILE',
    short: 'c',
    help: 'collector configuration, YAML (PLIMSOLL_CONFIG); default: look for tools on this machine',
  },
  target: {
    value: 'LIST',
    repeatable: true,
    help: 'exporters to read: host:port, URL or range like h2-r[01-40]-n[01-08]:9400',
  },
  'targets-from': {
    value: 'URL',
    repeatable: true,
    help: 'take dcgm-exporter targets from this Prometheus server',
  },
}
export const STATUS_PAGE: Readonly<Record<string, OptionSpec>> = {
  'metrics-listen': {
    value: 'ADDRESS',
    help: '/metrics, /healthz, /readyz without a token: HOST:PORT or a port (PLIMSOLL_METRICS_LISTEN)',
  },
}
export const REPORTS: Readonly<Record<string, OptionSpec>> = {
  'status-every': {
    value: 'SECONDS',
    help: 'how often it says how it is (PLIMSOLL_STATUS_SECONDS; default 10, a collector 60)',
  },
}

/** The two ends of a window of time. */
export const TIME_FROM: OptionSpec = {
  value: 'TIME',
  help: 'first moment, with its zone: 2026-05-01T10:00Z (import prometheus: also -30d)',
}
export const TIME_TO: OptionSpec = { value: 'TIME', help: 'end of the window, not part of it' }
