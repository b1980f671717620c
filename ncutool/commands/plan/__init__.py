"""The commands of ``ncutool plan``: what needs no capture, or holds a plan against one."""
