-- How hot every device of a scope was over some published minutes. A row per place and model with a list of its devices:
-- what is compared with each other comes together, and lists cost a tenth of rows.
WITH
  '' AS none
SELECT
  at_cluster AS cluster,
  at_hall AS hall,
  at_rack AS rack,
  at_vendor AS vendor,
  at_model AS model,
  groupArray(toString(device_id)) AS ids,
  groupArray(toString(at_node)) AS nodes,
  groupArray(toFloat64(capacity)) AS capacity_ms,
  groupArray(toFloat64(temperature_known)) AS temperature_known_ms,
  groupArray(toInt32(intDivOrZero(temperature_sum, toInt64(temperature_known)))) AS temperature_mc,
  -- A list leaves nulls out unless they are wrapped.
  arrayMap(value -> value.1, groupArray(tuple(hottest))) AS temperature_max,
  arrayMap(value -> value.1, groupArray(tuple(least_margin))) AS margin_min,
  groupArray(toFloat64(power_known)) AS power_known_ms,
  groupArray(toFloat64(intDivOrZero(power_sum, power_known))) AS power_mw,
  groupArray(toFloat64(throttled_heat)) AS throttled_heat_ms_x1000
FROM
(
  SELECT
    device_id,
    -- Other names than the columns: filters mean those.
    any(l.cluster) AS at_cluster,
    any(l.hall) AS at_hall,
    any(l.rack) AS at_rack,
    any(l.vendor) AS at_vendor,
    any(l.model) AS at_model,
    any(l.node) AS at_node,
    sum(l.capacity_ms) AS capacity,
    sum(l.temperature_known_ms) AS temperature_known,
    sum(l.temperature_mc_ms) AS temperature_sum,
    max(l.temperature_max) AS hottest,
    min(l.margin_min) AS least_margin,
    sum(l.power_known_ms) AS power_known,
    sum(l.power_mw_ms) AS power_sum,
    sum(l.throttled_heat_ms_x1000) AS throttled_heat
  FROM ledger_1m AS l
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
)
GROUP BY at_cluster, at_hall, at_rack, at_vendor, at_model
