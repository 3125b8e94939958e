import { expect, test } from 'vitest'
import { migrationStatements } from './migration-text.ts'

const SOURCE = `-- One row per tick; a semicolon here is text.
CREATE TABLE IF NOT EXISTS samples {{on_cluster}}
(
  id UInt64, -- why
  note String DEFAULT ';'
)
ENGINE = {{engine:MergeTree}}
ORDER BY (toDate(ts), id)
SETTINGS x = 1, {{dedup}}
;
-- only a comment
;
CREATE TABLE IF NOT EXISTS devices {{on_cluster}} (id UInt64, r UInt32)
ENGINE = {{engine:ReplacingMergeTree(r)}}
ORDER BY id
;
ALTER TABLE samples {{on_cluster}} ADD COLUMN IF NOT EXISTS n UInt8
;
CREATE OR REPLACE VIEW v {{on_cluster}} AS SELECT {at:DateTime64(3)} AS at FROM samples
`

test('single: placeholders vanish, comments alone are no statement, parameters stay', () => {
  const statements = migrationStatements(SOURCE, { kind: 'single' })
  expect(statements).toHaveLength(4)
  expect(statements[0]).toContain('ENGINE = MergeTree\n')
  expect(statements[0]).toContain('x = 1, non_replicated_deduplication_window = 10000')
  expect(statements[0]).toContain("note String DEFAULT ';'")
  expect(statements[1]).toContain('ENGINE = ReplacingMergeTree(r)')
  expect(statements[3]).toContain('SELECT {at:DateTime64(3)}')
  expect(statements.join('')).not.toMatch(/\{\{|ON CLUSTER/)
})

test('cluster: a replicated local table behind a distributed one of the same name', () => {
  const statements = migrationStatements(SOURCE, { kind: 'cluster', cluster: 'fleet' })
  const path = "'/clickhouse/tables/{uuid}/{shard}', '{replica}'"
  expect(statements).toHaveLength(7)
  expect(statements[0]).toContain("CREATE TABLE IF NOT EXISTS samples_local ON CLUSTER 'fleet'")
  expect(statements[0]).toContain(`ENGINE = ReplicatedMergeTree(${path})`)
  expect(statements[0]).toContain(
    'replicated_deduplication_window = 10000, replicated_deduplication_window_seconds',
  )
  expect(statements[1]).toBe(
    "CREATE TABLE IF NOT EXISTS samples ON CLUSTER 'fleet' AS samples_local " +
      "ENGINE = Distributed('fleet', currentDatabase(), samples_local, cityHash64((toDate(ts), id)))",
  )
  expect(statements[2]).toContain(`ENGINE = ReplicatedReplacingMergeTree(${path}, r)`)
  expect(statements[4]).toContain("ALTER TABLE samples_local ON CLUSTER 'fleet' ADD COLUMN")
  expect(statements[5]).toContain("ALTER TABLE samples ON CLUSTER 'fleet' ADD COLUMN")
  expect(statements[6]).toContain("VIEW v ON CLUSTER 'fleet'")
})

test('an unknown placeholder is a mistake, not text', () => {
  expect(() => migrationStatements('SELECT {{engin:X}}', { kind: 'single' })).toThrow(/engin/)
})

test('settings of a table go to the tables that hold its rows, not to the one that only distributes', () => {
  const source = 'ALTER TABLE samples {{on_cluster}} MODIFY SETTING merge_max_block_size = 1'
  expect(migrationStatements(source, { kind: 'cluster', cluster: 'fleet' })).toEqual([
    "ALTER TABLE samples_local ON CLUSTER 'fleet' MODIFY SETTING merge_max_block_size = 1",
  ])
  expect(migrationStatements(source, { kind: 'single' })).toEqual([
    'ALTER TABLE samples  MODIFY SETTING merge_max_block_size = 1',
  ])
})

test('so do indexes', () => {
  const source =
    'ALTER TABLE samples {{on_cluster}} ADD INDEX IF NOT EXISTS i ts TYPE minmax GRANULARITY 1'
  expect(migrationStatements(source, { kind: 'cluster', cluster: 'fleet' })).toEqual([
    "ALTER TABLE samples_local ON CLUSTER 'fleet' ADD INDEX IF NOT EXISTS i ts TYPE minmax GRANULARITY 1",
  ])
})
