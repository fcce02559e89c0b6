"""The same as rpc-node.ts with Python's oslo.messaging: one RPC client shared by as many threads as calls in flight."""

import json
import sys
import time
from concurrent import futures

import oslo_messaging
from oslo_config import cfg

EXCHANGE = 'fenix-bench'


class Echo:
    def echo(self, ctxt, x):
        return x


class Peer:
    def begin(self, order):
        # The library's own metrics look at the global configuration.
        cfg.CONF([], project='bench')
        transport = oslo_messaging.get_rpc_transport(cfg.CONF, order['url'])
        target = oslo_messaging.Target(exchange=EXCHANGE, topic=order['topic'])
        if order['role'] == 'server':
            target = target(server='bench')
            oslo_messaging.get_rpc_server(transport, target, [Echo()], executor='threading').start()
        else:
            self.client = oslo_messaging.get_rpc_client(transport, target, timeout=60)

    def measure(self, in_flight, seconds):
        latencies = []
        began = time.perf_counter()
        until = began + seconds

        def caller():
            at = time.perf_counter()
            while at < until:
                self.client.call({}, 'echo', x='hello')
                now = time.perf_counter()
                latencies.append((now - at) * 1000)
                at = now

        with futures.ThreadPoolExecutor(in_flight) as pool:
            for caller_ended in [pool.submit(caller) for _ in range(in_flight)]:
                caller_ended.result()
        return {'tookS': time.perf_counter() - began, 'latencies': latencies}

    def carry_out(self, order):
        if 'role' in order:
            self.begin(order)
        if 'inFlight' in order:
            return self.measure(order['inFlight'], order['seconds'])
        return {'cpuS': time.process_time()}


peer = Peer()
for line in sys.stdin:
    print(json.dumps(peer.carry_out(json.loads(line))), flush=True)
