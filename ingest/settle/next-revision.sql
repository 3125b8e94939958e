-- Above everything published or left behind by a crash: an unpublished row must never be published later.
SELECT
  1 + greatest(
    (
      SELECT max(revision)
      FROM revisions
      WHERE resolution = {resolution:String}
        AND bucket >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')
        AND bucket < fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')
    ),
    (
      SELECT max(revision)
      FROM {ledger:Identifier}
      WHERE bucket >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')
        AND bucket < fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')
    )
  ) AS revision
