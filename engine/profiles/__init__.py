"""What profiles have learnt, remembered as sums of minutes, hours and buckets."""
