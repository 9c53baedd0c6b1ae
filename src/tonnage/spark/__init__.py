"""A scan spread over the executors of Apache Spark, for registries whose keys are in a table and whose platform is Spark.

    keys of a table --place--> groups of parts --list--> rows     in mapInArrow, by the functions of scan/staging.py
    named manifests --read--> rows, level by level --> configurations --read--> rows     all of them packed as Parquet
    tonnage load DIR                                                                     the inventory, by DuckDB

What the executors run is in `workers`: the read half, no database. A task that is lost is run again and writes the same.
"""
