"""What a profile knew of a row's key as of the row (`plan.Recall`), as SQL.

`learnt` makes rows to be learnt, sums them up by bucket, and brings the buckets before a row's own
together; `opened` is the row's own bucket up to the row; `sets` says since when a value belongs to a
set; `peers` finds the other keys of a group; `reads` makes columns of all that, and `recall` puts
it beside the rows. Bucket, window and growth are those of `dsl.plan`.
"""
