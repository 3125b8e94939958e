-- Jobs that look busy and draw much less than in the hour before: devices that wait for each other spin.
SELECT
  cluster,
  tenant,
  job,
  any(l.vendor) AS vendor,
  uniqExactIf(device_id, is_now) AS devices,
  sumIf(toFloat64(busy_ms_x1000), is_now) / 1000 / greatest(1, sumIf(toFloat64(known_ms), is_now)) AS busy_now,
  sumIf(toFloat64(power_mw_ms), is_now) / greatest(1, sumIf(toFloat64(power_known_ms), is_now)) / 1000 AS watts_now,
  sumIf(toFloat64(power_mw_ms), NOT is_now) / greatest(1, sumIf(toFloat64(power_known_ms), NOT is_now)) / 1000 AS watts_before,
  sumIf(toFloat64(power_known_ms), NOT is_now) AS known_before_ms
FROM
(
  SELECT cluster, tenant, job, vendor, device_id, busy_ms_x1000, known_ms, power_mw_ms, power_known_ms, bucket >= toDateTime({now_s:Int64}, 'UTC') AS is_now
  FROM ledger_1m
  WHERE bucket >= toDateTime({from_s:Int64}, 'UTC')
    AND bucket < toDateTime({to_s:Int64}, 'UTC')
    AND job != ''
    -- Of the hour before every fifth minute tells as much as all of them.
    AND (bucket >= toDateTime({now_s:Int64}, 'UTC') OR toMinute(bucket) % 5 = 0)
    AND (bucket, revision) IN (
      SELECT bucket, max(revision)
      FROM revisions
      WHERE resolution = '1m'
        AND bucket >= toDateTime({from_s:Int64}, 'UTC')
        AND bucket < toDateTime({to_s:Int64}, 'UTC')
      GROUP BY bucket
    )
) AS l
GROUP BY cluster, tenant, job
HAVING busy_now >= {busy_min:Float64}
  AND known_before_ms > 0
  AND watts_before > 0
  AND watts_now < watts_before * (1 - {drop_min:Float64})
ORDER BY devices DESC
LIMIT {limit:UInt32}
