-- When devices that say nothing now were last heard of, as far as samples are kept.
SELECT
  toString(device_id) AS id,
  toUnixTimestamp64Milli(max(ts)) AS last_sample_ms,
  argMax(step_ms, ts) AS last_step_ms
FROM samples
WHERE device_id IN (SELECT toUInt64(arrayJoin({ids:Array(String)})))
  AND ts <= fromUnixTimestamp64Milli({now_ms:Int64}, 'UTC')
GROUP BY device_id
