-- Where two tables of the ledger disagree, or one of them breaks what holds for every row: sums of the published revisions of
-- some buckets, by group. Rows that move idle time have no capacity and sum to nothing, so the rules of a row hold for them
-- too; what may not be negative is a sum. One row per group that is not whole.
WITH
  sides AS
  (
    SELECT
      toInt64(1) AS side,
      if({as_one:UInt8}, {at_s:UInt32}, toUnixTimestamp(bucket)) AS at_s,
      cluster, hall, pool, model, tenant,
      toInt64(capacity_ms) AS capacity,
      (failed_ms + drained_ms + toInt64(verification_ms) + unknown_ms + unallocated_ms + idle_held_ms) * 1000
        + throttled_ms_x1000 + inefficient_ms_x1000 + productive_ms_x1000 AS states_x1000,
      toInt64(known_ms) + unknown_ms + toInt64(verification_ms) - capacity AS known_off,
      [
        capacity, toInt64(verification_ms), toInt64(known_ms), toInt64(busy_ms_x1000), failed_ms, drained_ms, unknown_ms,
        unallocated_ms, idle_held_ms, throttled_ms_x1000, inefficient_ms_x1000, productive_ms_x1000,
        busy_unallocated_ms_x1000, busy_idle_held_ms_x1000, busy_throttled_ms_x1000, busy_inefficient_ms_x1000
      ] AS sums
    FROM {own:Identifier}
    WHERE bucket IN (SELECT toDateTime(arrayJoin({own_s:Array(UInt32)}), 'UTC'))
      AND (bucket, revision) IN
      (
        SELECT bucket, max(revision)
        FROM revisions
        WHERE resolution = {own_resolution:String} AND bucket IN (SELECT toDateTime(arrayJoin({own_s:Array(UInt32)}), 'UTC'))
        GROUP BY bucket
      )
    UNION ALL
    SELECT
      toInt64(-1) AS side,
      if({as_one:UInt8}, {at_s:UInt32}, toUnixTimestamp(bucket)) AS at_s,
      cluster, hall, pool, model, tenant,
      toInt64(capacity_ms) AS capacity,
      (failed_ms + drained_ms + toInt64(verification_ms) + unknown_ms + unallocated_ms + idle_held_ms) * 1000
        + throttled_ms_x1000 + inefficient_ms_x1000 + productive_ms_x1000 AS states_x1000,
      toInt64(known_ms) + unknown_ms + toInt64(verification_ms) - capacity AS known_off,
      [
        capacity, toInt64(verification_ms), toInt64(known_ms), toInt64(busy_ms_x1000), failed_ms, drained_ms, unknown_ms,
        unallocated_ms, idle_held_ms, throttled_ms_x1000, inefficient_ms_x1000, productive_ms_x1000,
        busy_unallocated_ms_x1000, busy_idle_held_ms_x1000, busy_throttled_ms_x1000, busy_inefficient_ms_x1000
      ] AS sums
    FROM {other:Identifier}
    WHERE bucket IN (SELECT toDateTime(arrayJoin({other_s:Array(UInt32)}), 'UTC'))
      AND (bucket, revision) IN
      (
        SELECT bucket, max(revision)
        FROM revisions
        WHERE resolution = {other_resolution:String} AND bucket IN (SELECT toDateTime(arrayJoin({other_s:Array(UInt32)}), 'UTC'))
        GROUP BY bucket
      )
  ),
  by_group AS
  (
    SELECT
      at_s, cluster, hall, pool, model, tenant,
      countIf(states_x1000 != capacity * 1000) AS rows_states,
      countIf(known_off != 0) AS rows_known,
      sumForEachIf(sums, side = 1) AS own_sums,
      sumForEachIf(sums, side = -1) AS other_sums
    FROM sides
    GROUP BY at_s, cluster, hall, pool, model, tenant
  )
SELECT
  toUInt32(at_s) AS bucket_s,
  cluster, hall, pool, model, tenant,
  toUInt32(rows_states) AS broken_states,
  toUInt32(rows_known) AS broken_known,
  -- Busy time by states is not above all busy time, that is not above known time, and nothing is below zero.
  toUInt8(arrayExists(
    one -> notEmpty(one) AND (
      arrayExists(part -> part < 0, one)
      OR one[4] > one[3] * 1000
      OR one[13] + one[14] + one[15] + one[16] > one[4]
    ),
    [own_sums, other_sums]
  )) AS is_impossible,
  own_sums != other_sums AS is_other,
  toInt64(own_sums[1]) AS own_capacity_ms,
  toInt64(other_sums[1]) AS other_capacity_ms
FROM by_group
WHERE broken_states > 0 OR broken_known > 0 OR is_impossible OR is_other
ORDER BY bucket_s, cluster, hall, pool, model, tenant
LIMIT {limit:UInt32}
