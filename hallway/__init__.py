"""The hallway's rooms: what the machine has and will do, the desk, the doors held open, the command.

They know everybody; only `smart_startup.py` knows them.
"""
