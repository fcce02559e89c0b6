"""notified.py SOCKET: prints each datagram that comes to a socket, as systemd takes notifications."""

import socket
import sys

receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
receiver.bind(sys.argv[1])
print("bound", flush=True)
while True:
    # A barrier's descriptor, which comes along, is closed by not being taken.
    print(receiver.recv(4096).decode().strip(), flush=True)
