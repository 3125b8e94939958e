-- Rows of devices that somebody stored of late, as far as comparing needs them.
SELECT
  toUnixTimestamp64Milli(d.at) AS at_ms,
  d.device_id, d.canonical_key, d.cluster, d.collector, d.simulated, d.parent_id,
  d.node, d.vendor, d.model, d.device_index, d.bus,
  d.partition_id, d.partition_profile, d.partition_share,
  d.hall, d.rack, d.pool,
  d.tenant, d.job, d.namespace, d.pod, d.container, d.class,
  d.sources, d.labels
FROM devices AS d
WHERE d.inserted_at >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')
ORDER BY d.device_id, d.at
