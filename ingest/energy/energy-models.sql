-- Models that a set of spans names.
SELECT DISTINCT toString(model) AS model
FROM device_spans
WHERE set_id = {set_id:UInt64}
