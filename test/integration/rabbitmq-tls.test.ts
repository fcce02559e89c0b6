import { fileURLToPath } from 'node:url';
import test, { type ExecutionContext } from 'ava';
import { type LogLine, logInto } from '../support/api-log.js';
import { eventually } from '../support/eventually.js';
import { connectTo, IMPATIENT, type OwnRabbit, rabbitUrl, startRabbit } from '../support/services/rabbitmq.js';

const certificates = fileURLToPath(new URL('../../../test/fixtures/tls/', import.meta.url));
const AUTHORITY = `ssl_ca_file=${certificates}ca.pem`;
const CLIENT = `ssl_cert_file=${certificates}client.pem&ssl_key_file=${certificates}client.key`;

let rabbit: OwnRabbit;
const story = rabbitUrl === undefined ? test.skip : test;

if (rabbitUrl !== undefined) {
  test.before(async () => {
    const tls = [
      `ssl_options.cacertfile = ${certificates}ca.pem`,
      `ssl_options.certfile = ${certificates}server.pem`,
      `ssl_options.keyfile = ${certificates}server.key`,
      'ssl_options.verify = verify_peer',
      'ssl_options.fail_if_no_peer_cert = true',
    ];
    rabbit = await startRabbit({ tls });
  });
  test.after.always(() => rabbit?.stop());
}

/** Connects by TLS; resolves to the broker's trouble once it is known, undefined if it has none. */
async function trouble(t: ExecutionContext, options: string, host = 'localhost'): Promise<string | undefined> {
  const lines: LogLine[] = [];
  const url = `rabbit://fenix:${rabbit.password}@${host}:${rabbit.tlsPort}/?ssl=true&${options}&${IMPATIENT}`;
  const { broker } = connectTo(
    t,
    url,
    logInto((line) => lines.push(line)),
  );
  await eventually(() => broker.trouble === undefined || lines.some(({ level }) => level === 'error'));
  const { trouble: found } = broker;
  await broker.close();
  return found;
}

story("a broker's certificate is checked against the authority, by name if that is asked for", async (t) => {
  t.is(await trouble(t, `${AUTHORITY}&${CLIENT}`), undefined);
  t.is(await trouble(t, `${AUTHORITY}&${CLIENT}`, '127.0.0.1'), undefined, 'the name is not looked at');
  const strictly = `${AUTHORITY}&${CLIENT}&ssl_enforce_hostname_verification=true`;
  t.is(await trouble(t, strictly), undefined);
  t.regex((await trouble(t, strictly, '127.0.0.1')) ?? '', /does not match certificate/);
});

story('a certificate of another authority is refused; without one to compare, nothing is checked', async (t) => {
  const other = `ssl_ca_file=${certificates}other-ca.pem&${CLIENT}`;
  t.regex((await trouble(t, other)) ?? '', /self-signed certificate|unable to (verify|get)/);
  t.is(await trouble(t, CLIENT), undefined);
});

story('a version of TLS may be fixed', async (t) => {
  t.is(await trouble(t, `${AUTHORITY}&${CLIENT}&ssl_version=TLSv1_2`), undefined);
});
