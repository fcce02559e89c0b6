"""A peer on Python's oslo.messaging for interoperability tests: a line of JSON in, a line of JSON out, in any order.

The first line names broker, control exchange and drivers of notifications; every further one is a request with an id.
Runs with Debian's python3-oslo.messaging; ends when its standard input does.
"""

import json
import sys
import threading
import time

import oslo_messaging
from oslo_config import cfg
from oslo_messaging.rpc import dispatcher

# The library's own exceptions become classes again; all others stay RemoteError.
ALLOWED_MODULES = ['oslo_messaging.rpc.dispatcher']
lock = threading.Lock()


def say(message):
    with lock:
        sys.stdout.write(json.dumps(message) + '\n')
        sys.stdout.flush()


class Main:
    target = oslo_messaging.Target(version='1.5')

    def echo(self, ctxt, x):
        return x

    def none(self, ctxt):
        pass

    def context(self, ctxt):
        return ctxt

    def note(self, ctxt, x):
        say({'event': 'note', 'x': x})

    def slow(self, ctxt, seconds):
        time.sleep(seconds)
        return seconds

    @oslo_messaging.expected_exceptions(LookupError)
    def expected(self, ctxt):
        raise LookupError('as expected')

    def unexpected(self, ctxt):
        raise ZeroDivisionError('by nothing')


class Admin:
    target = oslo_messaging.Target(namespace='admin', version='2.1')

    def echo(self, ctxt, x):
        return {'admin': x}


def heard(priority):
    def handle(self, ctxt, publisher_id, event_type, payload, metadata):
        say({
            'event': 'notification', 'priority': priority, 'context': ctxt, 'publisher_id': publisher_id,
            'event_type': event_type, 'payload': payload, 'metadata': metadata,
        })

    return handle


Listening = type('Listening', (), {name: heard(name) for name in ('info', 'warn', 'error')})


class Peer:
    def __init__(self, url, exchange):
        self.conf = cfg.CONF
        self.conf([], project='peer')
        oslo_messaging.set_transport_defaults(control_exchange=exchange)
        self.rpc = oslo_messaging.get_rpc_transport(self.conf, url, allowed_remote_exmods=ALLOWED_MODULES)
        # The library registers it no sooner than it looks at it.
        self.conf.register_opts(dispatcher._dispatcher_opts)
        self.conf.set_override('rpc_ping_enabled', True)
        self.notifications = oslo_messaging.get_notification_transport(self.conf, url)
        self.serving = []

    def target(self, request):
        keys = ('topic', 'server', 'namespace', 'version', 'fanout')
        return oslo_messaging.Target(**{key: request[key] for key in keys if key in request})

    def client(self, request):
        options = None
        if request.get('mandatory'):
            options = oslo_messaging.TransportOptions(at_least_once=True)
        return oslo_messaging.get_rpc_client(
            self.rpc, self.target(request), timeout=request.get('timeout', 20),
            call_monitor_timeout=request.get('monitor'), transport_options=options,
        )

    def serve(self, request):
        self.begin(oslo_messaging.get_rpc_server(self.rpc, self.target(request), [Main(), Admin()], executor='threading'))

    def listen(self, request):
        targets = [oslo_messaging.Target(topic=topic) for topic in request['topics']]
        self.begin(oslo_messaging.get_notification_listener(
            self.notifications, targets, [Listening()], executor='threading', pool=request.get('pool')))

    def begin(self, server):
        server.start()
        self.serving.append(server)

    def call(self, request):
        return self.client(request).call(request.get('context', {}), request['method'], **request.get('args', {}))

    def cast(self, request):
        self.client(request).cast(request.get('context', {}), request['method'], **request.get('args', {}))

    def notify(self, request):
        notifier = oslo_messaging.Notifier(
            self.notifications, request['publisher_id'], driver=request['driver'], topics=request['topics'])
        send = getattr(notifier, request['priority'])
        send(request.get('context', {}), request['event_type'], request['payload'])

    def stop(self, request):
        for server in self.serving:
            server.stop()
            server.wait()
        self.serving = []

    def answer(self, request):
        try:
            say({'id': request['id'], 'result': getattr(self, request['op'])(request)})
        except BaseException as error:
            kind = type(error)
            remote = {key: getattr(error, key) for key in ('exc_type', 'value') if hasattr(error, key)}
            say({'id': request['id'], 'error': {
                'class': kind.__name__, 'module': kind.__module__, 'text': str(error), **remote}})


def main():
    settings = json.loads(sys.stdin.readline())
    peer = Peer(settings['url'], settings['exchange'])
    say({'event': 'ready'})
    for line in sys.stdin:
        threading.Thread(target=peer.answer, args=(json.loads(line),), daemon=True).start()


main()
