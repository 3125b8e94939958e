-- Every efficiency reference as it counts now; 0 = taken back.
SELECT class, model, toUnixTimestamp64Milli(from_at) AS from_ms, effective_ppm, version
FROM efficiency_references FINAL
