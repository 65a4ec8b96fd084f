"""A small service that knows how to end."""

import os
import signal
import socket
import sys


def end(*_):
    print("ending", flush=True)
    sys.exit(3)


signal.signal(signal.SIGTERM, end)
server = socket.create_server(("127.0.0.1", 80))
print("listening", flush=True)
while True:
    client, _ = server.accept()
    client.recv(4096)
    client.sendall(f"HTTP/1.0 200 OK\r\n\r\n{os.getuid()} {os.getcwd()} {os.getpid()}\n".encode())
    client.close()
