-- The oldest reading of each kind that is still kept, epoch ms; 0 = there is none.
SELECT
  (SELECT toUnixTimestamp64Milli(min(ts)) FROM samples) AS device_ms,
  (SELECT toUnixTimestamp64Milli(min(ts)) FROM samples_node) AS node_ms,
  (SELECT toUnixTimestamp64Milli(min(ts)) FROM samples_meter) AS meter_ms
