-- A pass of idle time that has been added to every table.
INSERT INTO ledger_passes (pass_from, pass_revision, moves)
SELECT toDateTime(intDiv({from_ms:Int64}, 1000), 'UTC'), {revision:UInt32}, {moves:UInt64}
