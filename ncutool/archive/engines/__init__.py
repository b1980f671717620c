"""Engines that run the work of a batch: all they do is to carry jobs to workers and answers back.

A job is one file, or one part of the dataset whose inbox goes into the tables. Workers write to the
dataset themselves; what comes back are summaries of a few hundred bytes.
"""
