/** Where the tables live: on one server, or on every node of a cluster (needs Keeper and macros). */
export type Profile =
  | { readonly kind: 'single' }
  | { readonly kind: 'cluster'; readonly cluster: string }

/**
 * How many insert tokens a table remembers. It covers the longest pause of one shard while the others go
 * on: 4 shards with one insert per 4 s use 10,000 in 2.8 h.
 */
const TOKENS_KEPT = 10_000
/** How long a replicated table remembers them at most, seconds: the longest spool replay, a week. */
const TOKENS_KEPT_S = 604_800
const KEEPER_PATH = "'/clickhouse/tables/{uuid}/{shard}', '{replica}'"

const PLACEHOLDER = /\{\{([a-z_]+)(?::([^{}]*))?\}\}/g
const ON_TABLE = /^(CREATE TABLE IF NOT EXISTS|ALTER TABLE) ([a-z0-9_]+) \{\{on_cluster\}\}/m
/** Settings of merges and indexes that skip rows are of the tables that hold rows. */
const OF_ROWS_ALONE = / (MODIFY SETTING|ADD INDEX)\b/
const SORTING_KEY = /^ORDER BY (.+)$/m

/**
 * The statements of a migration file for a profile, in order. They are separated by lines that hold
 * nothing but `;`; the placeholders are described in migrations/README.md. Throws on an unknown one.
 */
export function migrationStatements(source: string, profile: Profile): string[] {
  return source
    .split(/^[ \t]*;[ \t]*\r?$/m)
    .filter((statement) => withoutComments(statement) !== '')
    .flatMap((statement) =>
      profile.kind === 'single' ? [statement] : clustered(statement, profile),
    )
    .map((statement) => render(statement, profile).trim())
}

/** On a cluster a table is a replicated `x_local` on every shard behind a Distributed `x`. */
function clustered(statement: string, profile: { readonly cluster: string }): string[] {
  const [match, verb, table] = ON_TABLE.exec(statement) ?? []
  if (match === undefined || verb === undefined || table === undefined) return [statement]
  const local = statement.replace(match, `${verb} ${table}_local {{on_cluster}}`)
  // A Distributed table has no parts, so neither indexes of them nor settings that say how they are merged.
  if (verb === 'ALTER TABLE')
    return OF_ROWS_ALONE.test(withoutComments(statement)) ? [local] : [local, statement]
  const key = SORTING_KEY.exec(withoutComments(statement))?.[1]
  if (key === undefined) throw new Error(`${table} has no line that starts with ORDER BY`)
  // By the sorting key: a repeated insert must meet its token on the same shard, and rows that replace
  // each other must lie together.
  return [
    local,
    `CREATE TABLE IF NOT EXISTS ${table} {{on_cluster}} AS ${table}_local ` +
      `ENGINE = Distributed('${profile.cluster}', currentDatabase(), ${table}_local, cityHash64(${key}))`,
  ]
}

function render(statement: string, profile: Profile): string {
  return statement.replace(PLACEHOLDER, (_, name: string, argument = '') => {
    const placeholder = PLACEHOLDERS[name]
    if (placeholder === undefined) throw new Error(`unknown placeholder {{${name}}}`)
    return placeholder(argument, profile)
  })
}

const PLACEHOLDERS: Readonly<Record<string, (argument: string, profile: Profile) => string>> = {
  on_cluster: (_, profile) => (profile.kind === 'single' ? '' : `ON CLUSTER '${profile.cluster}'`),
  engine: (engine, profile) => (profile.kind === 'single' ? engine : replicated(engine)),
  dedup: (_, profile) =>
    profile.kind === 'single'
      ? `non_replicated_deduplication_window = ${TOKENS_KEPT}`
      : `replicated_deduplication_window = ${TOKENS_KEPT}, replicated_deduplication_window_seconds = ${TOKENS_KEPT_S}`,
}

function replicated(engine: string): string {
  const [, name = engine, , columns = ''] = /^(\w+)(\((.*)\))?$/.exec(engine) ?? []
  return `Replicated${name}(${KEEPER_PATH}${columns === '' ? '' : `, ${columns}`})`
}

const withoutComments = (statement: string) =>
  statement
    .replaceAll(/\/\*[\s\S]*?\*\//g, '')
    .replaceAll(/--.*$/gm, '')
    .trim()
