import test from 'ava';
import { SystemMachineClock } from '../../src/common/clock.js';
import { FenixError } from '../../src/common/errors.js';
import { silentLogger } from '../../src/common/logger.js';
import { loadConfig } from '../../src/config/index.js';
import { amqpSettings, retryIntervalMs } from '../../src/messaging/amqp/settings.js';
import { MemoryBroker } from '../../src/messaging/memory-broker.js';
import { openTransport } from '../../src/messaging/transport.js';
import { parseTransportUrl } from '../../src/messaging/transport-url.js';

const { osloMessagingRabbit: DEFAULTS } = loadConfig().config;

/** `user:password@host:port` per host, then the virtual host. */
function read(url: string): string[] {
  const { hosts, virtualHost } = parseTransportUrl(url);
  return [...hosts.map(({ user, password, host, port }) => `${user}:${password}@${host}:${port}`), virtualHost];
}

// Each row as oslo.messaging was seen to read it.
const READ: Readonly<Record<string, readonly string[]>> = {
  'rabbit://': ['guest:guest@localhost:5672', '/'],
  'rabbit:': ['guest:guest@localhost:5672', '/'],
  'rabbit://h': ['guest:guest@h:5672', '/'],
  'rabbit://h/': ['guest:guest@h:5672', '/'],
  'rabbit://h//': ['guest:guest@h:5672', '/'],
  'rabbit://h/%2F': ['guest:guest@h:5672', '/'],
  'rabbit://h/vh': ['guest:guest@h:5672', 'vh'],
  'rabbit://h/a%2Fb': ['guest:guest@h:5672', 'a/b'],
  'rabbit://h/a%252Fb': ['guest:guest@h:5672', 'a%2Fb'],
  'rabbit://u:p@h1:1,u2:p2@h2:2/v': ['u:p@h1:1', 'u2:p2@h2:2', 'v'],
  'rabbit://u:p@h1,h2': ['u:p@h1:5672', 'guest:guest@h2:5672', '/'],
  'rabbit://us%3Aer:p:q@h': ['us:er:p:q@h:5672', '/'],
  'rabbit://u@v:p@h': ['u@v:p@h:5672', '/'],
  'rabbit://u@h': ['u:@h:5672', '/'],
  'rabbit://u:p%C3%A9%23%2F%zz@h': ['u:pé#/%zz@h:5672', '/'],
  'rabbit://[::1]:9': ['guest:guest@::1:9', '/'],
  'rabbit://u:p@[fe80::1]/v': ['u:p@fe80::1:5672', 'v'],
  'rabbit://h:': ['guest:guest@h:5672', '/'],
  'kombu://h': ['guest:guest@h:5672', '/'],
  'kombu+amqp://h': ['guest:guest@h:5672', '/'],
};

for (const [url, expected] of Object.entries(READ)) {
  test(`${url} is read as ${expected.join(', ')}`, (t) => t.deepEqual(read(url), [...expected]));
}

const REFUSED: Readonly<Record<string, RegExp>> = {
  'localhost:5672': /no scheme|not known/,
  '': /no scheme/,
  'amqp://h': /AMQP 1\.0.*rabbit:\/\//,
  'kafka://h': /kafka:\/\/ is not known; write rabbit:\/\/ or memory:\/\//,
  'rabbit://h:abc': /port of host h is no number/,
  'rabbit://h:70000': /port of host h/,
  'rabbit://::1': /brackets/,
  'rabbit://u:hush#1@h': /%23/,
};

for (const [url, sentence] of Object.entries(REFUSED)) {
  test(`'${url}' is refused with a sentence that tells no password`, (t) => {
    const error = t.throws(() => parseTransportUrl(url), { instanceOf: FenixError, code: 'transport-url' });
    t.regex(error?.message ?? '', sentence);
    t.notRegex(error?.message ?? '', /hush/);
  });
}

test('a host without credentials beside hosts that have some is worth a warning, all bare hosts are not', (t) => {
  t.deepEqual(parseTransportUrl('rabbit://u:hush@h1,h2').warnings, [
    'In the transport_url h2 has no user and password of its own: guest is used there.',
  ]);
  t.deepEqual(parseTransportUrl('rabbit://h1,h2').warnings, []);
});

test('the query overrides the options of the rabbit section, in their words', (t) => {
  const settings = (query: string) => amqpSettings(parseTransportUrl(`rabbit://h/v?${query}`), DEFAULTS, 'x').options;
  t.deepEqual(settings(''), DEFAULTS);
  t.deepEqual(settings('ssl=yes&ssl_ca_file=%2Fa%20b&heartbeat_timeout_threshold=0&rpc_conn_pool_size=3'), {
    ...DEFAULTS,
    ssl: true,
    sslCaFile: '/a b',
    heartbeatTimeoutThreshold: 0,
  });
  t.true(settings('amqp_durable_queues=1').amqpDurableQueues);
  const refused = (query: string): string | undefined =>
    t.throws(() => settings(query), { code: 'transport-url', instanceOf: FenixError })?.message;
  t.regex(refused('ssl_key=hush') ?? '', /ssl_key is no option of \[oslo_messaging_rabbit\]/);
  t.regex(refused('constructor=1') ?? '', /constructor is no option/);
  t.regex(refused('ssl=perhaps') ?? '', /ssl: must be true or false/);
  t.regex(refused('heartbeat_rate=1&heartbeat_rate=2') ?? '', /heartbeat_rate: must be a whole number/);
  t.regex(refused('ssl_version=SSLv2') ?? '', /ssl_version: must be empty or one of SSLv23/);
});

test('the query also decides how queues are declared there', async (t) => {
  const memory = new MemoryBroker();
  const parts = { options: DEFAULTS, program: 'x', memory: () => memory, clock: new SystemMachineClock() };
  const open = (url: string) => openTransport(url, { ...parts, logger: silentLogger });
  t.false(open('memory://').topology.durableQueues);
  const { broker, topology } = open('rabbit://127.0.0.1:1/?amqp_durable_queues=true&rabbit_transient_queues_ttl=60');
  t.teardown(() => broker.close());
  t.like(topology, { durableQueues: true, transientQueuesTtlS: 60 });
  const file = 'rabbit://h/?ssl=true&ssl_ca_file=/nonexistent/ca.pem';
  t.throws(() => open(file), { code: 'config-invalid', message: /Option ssl_ca_file .*ENOENT/ });
});

test('the waits between rounds of attempts grow as those of oslo.messaging: 1, 3, 5 … 31 seconds', (t) => {
  const waits = [1, 2, 3, 15, 16, 17, 99].map((rounds) => retryIntervalMs(DEFAULTS, rounds) / 1000);
  t.deepEqual(waits, [1, 3, 5, 29, 31, 31, 31]);
});
