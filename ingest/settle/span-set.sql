-- Names a set of device_spans that is whole; the newest open one is what fresh answers go by.
INSERT INTO span_sets (set_id, from_ms, to_ms, is_open)
SELECT {set_id:UInt64}, {from_ms:Int64}, {to_ms:Int64}, {is_open:UInt8}
