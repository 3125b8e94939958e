-- Changes with every row written into the tables that spans are made of. Block numbers only rise, also when rows that
-- replace each other are merged. No row for `devices` = the tables' parts lie on other servers: nothing can be said.
SELECT
  countIf(name = 'devices') > 0 AS is_here,
  toString(cityHash64(arraySort(groupArray((name, partition_id, newest))))) AS digest
FROM
(
  SELECT table AS name, partition_id, max(max_block_number) AS newest
  FROM system.parts
  WHERE database = currentDatabase()
    AND active
    AND table IN
    ('intervals', 'allocations', 'allocation_scopes', 'places', 'efficiency_references', 'journal_entries', 'devices', 'events')
  GROUP BY name, partition_id
)
