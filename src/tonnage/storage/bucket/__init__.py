"""A registry in a bucket of S3, GCS or Azure, or of a store that speaks one of their languages. Read only.

`address` says which bucket, `connecting` how to reach it, `listing` how its keys are listed in few requests,
`storage` is the storage, `failing` what errors mean, `counting` what was spent.
"""
