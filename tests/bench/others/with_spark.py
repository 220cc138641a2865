#!/usr/bin/env python3
"""with_spark.py PORT: counts the orders that come from a port of this machine
by their status with Spark's DStreams, in batches of 5 seconds.

Prints rows: the batch's end in ms since 1970, STATUS, count, with tabs between
them. It runs until it is killed.
"""

import json
import sys

from pyspark import SparkConf, SparkContext
from pyspark.streaming import StreamingContext

BATCH_S = 5


def status_and_one(line):
    return json.loads(line)["status"], 1


def print_rows(end, batch):
    for status, count in batch.collect():
        print(f"{end.timestamp() * 1000:.0f}\t{status}\t{count}", flush=True)


def main():
    # One core receives, the other counts.
    conf = SparkConf().setMaster("local[2]").setAppName("orders") \
        .set("spark.driver.memory", "4g").set("spark.ui.enabled", "false")
    context = SparkContext(conf=conf)
    context.setLogLevel("ERROR")
    stream = StreamingContext(context, BATCH_S)
    stream.socketTextStream("127.0.0.1", int(sys.argv[1])) \
        .map(status_and_one) \
        .reduceByKey(lambda one, other: one + other) \
        .foreachRDD(print_rows)
    stream.start()
    stream.awaitTermination()


if __name__ == "__main__":
    main()
