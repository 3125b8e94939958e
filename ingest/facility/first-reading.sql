-- Since when meters are read, epoch ms; 0 = none was.
SELECT if(count() = 0, 0, toUnixTimestamp64Milli(min(ts))) AS from_ms FROM samples_meter
