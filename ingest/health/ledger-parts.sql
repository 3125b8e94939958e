-- When buckets of a time were published last; 0 = none was.
SELECT toUnixTimestamp64Milli(max(as_of)) AS as_of_ms, groupUniqArray(toUInt32(toUnixTimestamp(bucket))) AS buckets_s
FROM revisions
WHERE resolution = {resolution:String}
  AND bucket >= toDateTime({from_s:UInt32}, 'UTC')
  AND bucket < toDateTime({to_s:UInt32}, 'UTC')
