-- The published hours and local days of a range. Those by node ('1h_node', '1d_node') count where they are of the same
-- revision: an hour settled before there were any, or again just now, is answered from its devices.
SELECT
  resolution,
  groupArray(bucket_s) AS buckets_s
FROM
(
  SELECT
    toUnixTimestamp(bucket) AS bucket_s,
    maxIf(revision, resolution = '1h') AS hour,
    maxIf(revision, resolution = '1h_node') AS hour_nodes,
    maxIf(revision, resolution = '1d') AS day,
    maxIf(revision, resolution = '1d_node') AS day_nodes,
    [('1h', hour > 0), ('1h_node', hour > 0 AND hour_nodes = hour), ('1d', day > 0), ('1d_node', day > 0 AND day_nodes = day)] AS told
  FROM revisions
  WHERE resolution IN ('1h', '1d', '1h_node', '1d_node')
    AND bucket >= toDateTime({from_s:Int64}, 'UTC')
    AND bucket < toDateTime({to_s:Int64}, 'UTC')
  GROUP BY bucket
)
ARRAY JOIN told.1 AS resolution, told.2 AS is_published
WHERE is_published
GROUP BY resolution
