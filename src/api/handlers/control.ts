import type { Tx } from '../../db/database.js';
import { type CommandKind, isUnfinished, type Session } from '../../model/index.js';
import type { ApiDeps } from '../deps.js';
import { notFound } from '../errors.js';
import { once, type Remember } from '../idempotency.js';
import { type Prospect, prospectOf } from '../prospect.js';
import type { ApiRequest } from '../request.js';
import { type ControlBody, parseControl } from '../schemas/control.js';
import { checkUnclaimed, claimHosts } from './claim-hosts.js';
import { type Args, CONTROL_RULES, type ControlFacts, type Rule } from './control-rules.js';
import { originOf } from './origin.js';
import { sessionIdOf, UNKNOWN_SESSION } from './session-id.js';

/** POST /v1/maintenance/{sid}/action (v1 §1.5): stored for the session's owner, who carries it out. */
export function controlSession(deps: ApiDeps, request: ApiRequest): Promise<unknown> {
  return once(deps, request, (remember) => control(deps, request, remember));
}

async function control(deps: ApiDeps, request: ApiRequest, remember: Remember): Promise<unknown> {
  const sessionId = sessionIdOf(request);
  const body = request.body();
  const wanted = parseControl(body);
  const [kind] = Object.keys(wanted) as [keyof ControlBody];
  const isStored = await deps.repositories.database.transaction(async (tx) => {
    const { session, prospect } = await lockedSession(deps, sessionId, tx);
    const args = judge(kind, wanted, await factsOf(deps, sessionId, prospect, tx));
    await remember(body, tx);
    if (args === null) return false;
    if (kind === 'add_hosts') await takeHosts(deps, sessionId, prospect, args, tx);
    await insertCommand(deps, request, session, kind, args, tx);
    return true;
  });
  request.log.info(
    { session_id: sessionId, action: kind, value: wanted[kind] },
    isStored ? 'control' : 'control: so already',
  );
  if (isStored) void deps.engines.wake(sessionId, request.context).catch(() => {});
  return body;
}

/** The session and what will become of it; another that asks for it in this way waits. @throws Refusal 404 */
export async function lockedSession(
  { repositories }: ApiDeps,
  sessionId: string,
  tx: Tx,
): Promise<{ readonly session: Session; readonly prospect: Prospect }> {
  const { sessions, hosts, commands } = repositories;
  await sessions.lock(sessionId, tx);
  const session = await sessions.get(sessionId, tx);
  if (session === undefined) throw notFound(UNKNOWN_SESSION);
  const unhandled = await commands.unhandled(sessionId, tx);
  return { session, prospect: prospectOf(session, await hosts.list(sessionId, tx), unhandled) };
}

/** The command and its line of history. */
export async function insertCommand(
  { repositories, clock }: ApiDeps,
  { caller: { userId }, context }: ApiRequest,
  { sessionId, state }: Session,
  kind: CommandKind,
  args: Args,
  tx: Tx,
): Promise<void> {
  const at = clock.now();
  const { requestId } = context;
  await repositories.commands.insert({ sessionId, kind, args: { ...args }, userId, requestId, receivedAt: at }, tx);
  const details = { ...args, state, ...originOf(context) };
  await repositories.history.append([{ sessionId, seq: null, at, who: userId, what: kind, details }], tx);
}

/** @throws Refusal 422 */
function judge<K extends keyof ControlBody>(kind: K, control: ControlBody, facts: ControlFacts): Args | null {
  const rule: Rule<K> = CONTROL_RULES[kind];
  return rule(control[kind] as Required<ControlBody>[K], facts);
}

async function factsOf(
  { repositories }: ApiDeps,
  sessionId: string,
  prospect: Prospect,
  tx: Tx,
): Promise<ControlFacts> {
  const runs = await repositories.pluginRuns.list(sessionId, tx);
  const atWork = new Set(runs.filter((run) => run.endedAt === null).map((run) => run.hostname));
  return { prospect, atWork, questions: await repositories.notices.withQuestion(sessionId, tx) };
}

/** A failed session holds no claims until it is continued (v1 §2.1). */
async function takeHosts(
  { repositories }: ApiDeps,
  sessionId: string,
  { state }: Prospect,
  args: Args,
  tx: Tx,
): Promise<void> {
  const take = isUnfinished(state) ? claimHosts : checkUnclaimed;
  await take(repositories, sessionId, args.hosts as string[], tx);
}
