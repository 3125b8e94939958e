import { gzipSync } from 'node:zlib'
import { shownAddress } from '../../targets/shown-address.ts'
import type { Facts } from '../facts.ts'
import { type Finding, exitCodeOf } from '../finding.ts'
import type { RecordedOutput } from '../gather/recording-io.ts'
import { type Language, reportJson } from '../report.ts'
import { configData, copyConfig, secretsInConfig } from './config-copy.ts'
import { createPseudonyms } from './names.ts'
import { createSecretRemover, isSecretName, secretsInEnvironment, secretsInUrl } from './secrets.ts'
import { tarArchive, type TarFile } from './tar.ts'

export interface BundleInput {
  readonly facts: Facts
  readonly findings: readonly Finding[]
  readonly tookMs: number
  readonly language: Language
  readonly outputs: readonly RecordedOutput[]
  readonly outputsDropped: number
  /** Text of the configuration file; null without one. */
  readonly configText: string | null
  /** Collection health of a running server, or a sentence on why there is none. */
  readonly health: unknown
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Secrets and names on the command line. */
  readonly addresses: readonly string[]
  readonly hostName: string
  readonly keepNames: boolean
  readonly salt: Uint8Array
}

/** Variables that configure us; their names are listed, never their values. */
const OURS = /^(PLIMSOLL_|NATS_|CLICKHOUSE_)/
const encode = (text: string) => new TextEncoder().encode(text)

/** The support file, a .tar.gz: what doctor saw, without secrets and, unless told otherwise, without names. */
export function supportFile(input: BundleInput): Uint8Array {
  return gzipSync(tarArchive(bundleFiles(input), input.facts.atMs))
}

/** What is in the support file, every text cleaned. Pure. */
export function bundleFiles(input: BundleInput): TarFile[] {
  const { facts, findings, language, tookMs, outputs } = input
  const config = input.configText === null ? null : configData(input.configText)
  const clean = cleaner(input, config)
  const json = (name: string, value: unknown): TarFile => ({
    name,
    content: encode(JSON.stringify(cleanAll(value, clean), null, 2) + '\n'),
  })
  return [
    { name: 'README.txt', content: encode(readme(input)) },
    json('doctor.json', reportJson(facts, findings, { language, strict: false, tookMs })),
    json('machine.json', machineOf(input)),
    json('devices.json', devicesOf(facts)),
    json('collection-health.json', input.health),
    ...(input.configText === null
      ? []
      : [
          {
            name: 'config.json',
            content: encode(
              JSON.stringify(copyConfig(config, clean, optionNames(facts)), null, 2) + '\n',
            ),
          },
        ]),
    ...outputs.map(({ what, result, text, bytes }, i) => ({
      name: `outputs/${String(i + 1).padStart(3, '0')}.txt`,
      content: encode(`# ${clean(shownAddress(what))}: ${result}, ${bytes} bytes\n${clean(text)}`),
    })),
  ]
}

/** Options that the schemas of the configured sources know. */
const optionNames = ({ config }: Facts) =>
  config.used.sources.flatMap(({ options }) =>
    typeof options === 'object' && options !== null ? Object.keys(options) : [],
  )

function cleaner(input: BundleInput, config: unknown): (text: string) => string {
  const { environment, addresses, keepNames, salt } = input
  const secrets = [
    ...secretsInEnvironment(environment),
    ...secretsInConfig(config),
    ...addresses.flatMap(secretsInUrl),
    ...input.facts.sources.flatMap(({ targets }) =>
      targets.flatMap(({ target }) => secretsInUrl(target.address)),
    ),
  ]
  const withoutSecrets = createSecretRemover(secrets)
  if (keepNames) return withoutSecrets
  const hide = createPseudonyms(namesIn(input), salt)
  return (text) => hide(withoutSecrets(text))
}

/** Every name of a machine that we know of. */
function namesIn({ facts, hostName, addresses }: BundleInput): string[] {
  const { used } = facts.config
  const targets = facts.sources.flatMap((source) => source.targets)
  const listed = used.sources.flatMap((section) => section.targets)
  const urls = [
    ...addresses,
    ...targets.map(({ address }) => address),
    ...listed.map(({ address }) => address),
    ...used.sources.flatMap(({ httpSd, prometheus }) => [...httpSd, ...prometheus]),
    ...(used.nats === null ? [] : [used.nats.url].flat()),
    ...(facts.bus === null ? [] : facts.bus.address.split(',')),
  ]
  const devices = targets.flatMap(({ first }) => first.interpretation.devices)
  return [
    hostName,
    facts.node,
    used.node,
    used.collector,
    ...used.nodeLabels.keys(),
    ...(facts.inventory?.nodes.keys() ?? []),
    ...targets.map(({ target }) => target.node),
    ...listed.map(({ node }) => node),
    ...devices.flatMap(({ node }) => node ?? []),
    ...urls.flatMap(hostOf),
  ]
}

function hostOf(address: string): string[] {
  const shown = shownAddress(address)
  const url = URL.parse(shown.includes('://') ? shown : `x://${shown}`)
  return url === null || url.hostname === '' ? [] : [url.hostname]
}

/** Every text of a value, keys included, cleaned; versions keep their digits. */
function cleanAll(value: unknown, clean: (text: string) => string, key = ''): unknown {
  if (typeof value === 'string') {
    if (isSecretName(key)) return '[secret]'
    // `9.9.9.9` is a driver's version as well as an address.
    return key.endsWith('version') && /^[\d.]+$/.test(value) ? value : clean(value)
  }
  if (Array.isArray(value)) return value.map((each) => cleanAll(each, clean, key))
  if (value instanceof Map) return cleanAll(Object.fromEntries(value), clean, key)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [clean(name), cleanAll(each, clean, name)]),
  )
}

function machineOf({ facts, findings, environment, outputsDropped }: BundleInput) {
  const { host, cards, deviceFiles, clock, spool, bus, inventory, config } = facts
  return {
    host,
    cards,
    device_files: deviceFiles,
    clock,
    spool,
    bus,
    inventory,
    config_problem: config.problem,
    exit_code: exitCodeOf(findings, false),
    variables_set: Object.keys(environment).filter((name) => OURS.test(name)),
    outputs_dropped: outputsDropped,
  }
}

const devicesOf = (facts: Facts) =>
  facts.sources.flatMap(({ name, targets }) =>
    targets.map(({ address, first, second }) => ({
      source: name,
      address,
      first: first.interpretation,
      second: second?.interpretation ?? null,
    })),
  )

function readme({ keepNames, facts }: BundleInput): string {
  return [
    `Support file of plimsoll doctor ${facts.version}, ${new Date(facts.atMs).toISOString()}.`,
    '',
    'doctor.json             what was found, what each source gave',
    'machine.json            machine, devices on the bus, clock, spool, bus',
    'devices.json            what was read of each device',
    'collection-health.json  what a running server says about collection',
    'config.json             the configuration, secrets and unknown keys taken out',
    'outputs/                what the tools and pages said, cut',
    '',
    'Passwords, tokens, keys and logins were taken out.',
    keepNames
      ? 'Host names and addresses were kept, as asked (--keep-names).'
      : 'Host names, addresses, pods and user names were replaced: the same one by the same word.',
    'UUIDs and serial numbers of devices are in it. Look through it before you send it.',
    '',
  ].join('\n')
}
