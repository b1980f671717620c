"""Findings that turn several launches into one."""
