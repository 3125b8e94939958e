-- Counters of the devices of a group over some settled minutes: how many devices give each, and how their means spread.
-- Places of counters as BUSY_LADDER has them.
WITH
  '' AS none,
  minutes AS
  (
    SELECT
      device_id,
      argMax(busy_source, known_ms) AS source
    FROM ledger_1m
    WHERE bucket >= toDateTime({from_s:Int64}, 'UTC')
      AND bucket < toDateTime({to_s:Int64}, 'UTC')
      AND (bucket, revision) IN (
        SELECT bucket, max(revision)
        FROM revisions
        WHERE resolution = '1m'
          AND bucket >= toDateTime({from_s:Int64}, 'UTC')
          AND bucket < toDateTime({to_s:Int64}, 'UTC')
        GROUP BY bucket
      )
      AND (empty({f1_in:Array(String)}) OR {f1:Identifier} IN {f1_in:Array(String)})
      AND {f1:Identifier} NOT IN {f1_not:Array(String)}
      AND (empty({f1_prefix:Array(String)}) OR arrayAll(p -> startsWith({f1:Identifier}, p), {f1_prefix:Array(String)}))
      AND (empty({f2_in:Array(String)}) OR {f2:Identifier} IN {f2_in:Array(String)})
      AND {f2:Identifier} NOT IN {f2_not:Array(String)}
      AND (empty({f2_prefix:Array(String)}) OR arrayAll(p -> startsWith({f2:Identifier}, p), {f2_prefix:Array(String)}))
      AND (empty({f3_in:Array(String)}) OR {f3:Identifier} IN {f3_in:Array(String)})
      AND {f3:Identifier} NOT IN {f3_not:Array(String)}
      AND (empty({f3_prefix:Array(String)}) OR arrayAll(p -> startsWith({f3:Identifier}, p), {f3_prefix:Array(String)}))
      AND (empty({f4_in:Array(String)}) OR {f4:Identifier} IN {f4_in:Array(String)})
      AND {f4:Identifier} NOT IN {f4_not:Array(String)}
      AND (empty({f4_prefix:Array(String)}) OR arrayAll(p -> startsWith({f4:Identifier}, p), {f4_prefix:Array(String)}))
      AND (empty({f5_in:Array(String)}) OR {f5:Identifier} IN {f5_in:Array(String)})
      AND {f5:Identifier} NOT IN {f5_not:Array(String)}
      AND (empty({f5_prefix:Array(String)}) OR arrayAll(p -> startsWith({f5:Identifier}, p), {f5_prefix:Array(String)}))
    GROUP BY device_id
  ),
  told AS
  (
    SELECT
      device_id,
      [
        avg(gpu_util_ratio),
        avg(npu_util_ratio),
        avg(gr_engine_active_ratio),
        avg(aicore_ratio),
        avg(sm_active_ratio),
        avg(sm_occupancy_ratio),
        avg(memory_bandwidth_active_ratio),
        avg(tensor_active_ratio),
        avg(aicube_ratio)
      ] AS means
    FROM samples
    WHERE ts >= toDateTime64({from_s:Int64}, 3, 'UTC')
      AND ts < toDateTime64({to_s:Int64}, 3, 'UTC')
      AND ({everywhere:UInt8} OR device_id IN (SELECT device_id FROM minutes))
    GROUP BY device_id
  ),
  readings AS
  (
    SELECT
      m.source AS source,
      arrayJoin(arrayZip(arrayEnumerate(t.means), t.means)) AS reading,
      reading.1 AS place,
      reading.2 AS mean
    FROM minutes AS m
    INNER JOIN told AS t ON t.device_id = m.device_id
  )
SELECT
  toUInt32(place) AS counter,
  toUInt32(count()) AS devices,
  toUInt32(countIf(source = {sources:Array(UInt8)}[place])) AS busy_devices,
  quantilesExactInclusive(0.1, 0.5, 0.9)(assumeNotNull(mean)) AS spread
FROM readings
WHERE isNotNull(mean)
GROUP BY counter
ORDER BY counter
