/**
 * The least that answers for a project: it hears of maintenance by an event alarm, tells its limits, and lets every
 * instance be migrated live. It cannot give capacity back, so it says no to SCALE_IN. See docs/application-owner.md.
 *
 *   OS_AUTH_URL=… OS_USERNAME=… OS_PASSWORD=… OS_PROJECT_NAME=… MANAGER_URL=http://my-address:8080 node manager.mjs
 */
import { createServer } from 'node:http';
import { json } from 'node:stream/consumers';

export async function startManager({ OS_AUTH_URL, OS_USERNAME, OS_PASSWORD, OS_PROJECT_NAME, MANAGER_URL }) {
  const domain = { id: 'default' };
  const identity = { methods: ['password'], password: { user: { name: OS_USERNAME, password: OS_PASSWORD, domain } } };
  const auth = { identity, scope: { project: { name: OS_PROJECT_NAME, domain } } };
  const send = async (method, url, body, token) => {
    const headers = { 'content-type': 'application/json', ...(token && { 'x-auth-token': token }) };
    const signal = AbortSignal.timeout(10_000);
    const answer = await fetch(url, { method, headers, signal, ...(body && { body: JSON.stringify(body) }) });
    if (!answer.ok) throw new Error(`${method} ${url}: ${answer.status} ${await answer.text()}`);
    return answer;
  };
  // A token for each call is simple, and never too old; a busy manager keeps it until it expires.
  const login = async () => {
    const answer = await send('POST', `${OS_AUTH_URL}/auth/tokens`, { auth });
    const { catalog } = (await answer.json()).token;
    const urlOf = (type) =>
      catalog.find((one) => one.type === type).endpoints.find((e) => e.interface === 'public').url;
    return { token: answer.headers.get('x-subject-token'), urlOf };
  };
  const call = async (method, url, body) => (await send(method, url, body, (await login()).token)).json();

  const answerNotice = async (alarm) => {
    const notice = Object.fromEntries(alarm.reason_data.event.traits.map(([name, , value]) => [name, value]));
    const { state, session_id, instance_ids, allowed_actions, reply_url } = notice;
    if (state === 'INSTANCE_ACTION_DONE') return; // an instance has arrived: use it again
    const verdict = state === 'SCALE_IN' ? 'NACK' : 'ACK';
    const reply = { session_id, state: `${verdict}_${state}` };
    // Here an application switches away from what is about to be moved, before it agrees.
    if (allowed_actions !== '[]' && /^https?:/.test(instance_ids)) {
      const listed = await call('GET', instance_ids);
      reply.instance_actions = Object.fromEntries(listed.instance_ids.map((id) => [id, 'LIVE_MIGRATE']));
    } else if (allowed_actions !== '[]') reply.instance_action = 'LIVE_MIGRATE'; // a list of one: about that instance alone
    await call('PUT', reply_url, reply);
  };

  const server = createServer(async (request, response) => {
    const alarm = json(request);
    response.writeHead(204).end(); // at once: Aodh does not wait for what comes of it
    await alarm.then(answerNotice).catch((error) => console.error(error.message));
  });
  await new Promise((listening) => server.listen(Number(new URL(MANAGER_URL).port || 80), listening));

  const { urlOf } = await login();
  const { servers } = await call('GET', `${urlOf('compute')}/servers`);
  const group_id = `all-of-${OS_PROJECT_NAME}`;
  await call('PUT', `${urlOf('maintenance')}/instance_group/${group_id}`, {
    max_impacted_members: 1,
    recovery_time: 10,
  });
  for (const { id } of servers)
    await call('PUT', `${urlOf('maintenance')}/instance/${id}`, { group_id, migration_type: 'LIVE_MIGRATE' });
  const { alarm_id } = await call('POST', `${urlOf('alarming')}/v2/alarms`, {
    name: 'maintenance',
    type: 'event',
    event_rule: { event_type: 'maintenance.scheduled' },
    alarm_actions: [MANAGER_URL],
    repeat_actions: true,
  });
  return async () => {
    const { token } = await login();
    await send('DELETE', `${urlOf('alarming')}/v2/alarms/${alarm_id}`, undefined, token);
    await new Promise((closed) => server.close(closed));
  };
}

if (import.meta.filename === process.argv[1]) {
  const stop = await startManager(process.env);
  process.once('SIGTERM', stop).once('SIGINT', stop);
}
