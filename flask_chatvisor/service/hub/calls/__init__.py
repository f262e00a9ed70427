"""Calls: one module for each thing that can happen in one."""
