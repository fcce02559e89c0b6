"""launch.py NAME MODULE FUNCTION ARGUMENTS...: what the console script NAME does, without the package that has it."""
import importlib
import sys

name, module, function = sys.argv[1:4]
sys.argv = [name, *sys.argv[4:]]
sys.exit(getattr(importlib.import_module(module), function)())
