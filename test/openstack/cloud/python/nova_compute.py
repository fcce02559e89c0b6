"""nova-compute with the driver of this folder: Nova loads drivers from its package nova.virt only, so that is widened."""
import os

from nova.cmd import compute  # first: it makes eventlet patch the standard library
import nova.virt

nova.virt.__path__.append(os.path.dirname(__file__))
main = compute.main
