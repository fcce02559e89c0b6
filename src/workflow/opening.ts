import { isThrough, policyFor, type Reason, type SessionHost } from '../model/index.js';
import { toAll } from './asking-all.js';
import type { Step } from './decisions.js';
import { discoverHosts, readSurroundings } from './discovery.js';
import { computesOf, waitingComputes } from './hosts.js';
import { actionsOf, ENGINE_HOST, preflight, progressOf } from './maintaining.js';
import { assumeUnmanaged, withoutManager } from './managers.js';
import { ask, maintenanceWindow, troubleOf } from './notices.js';
import { replyWindow } from './reply-window.js';
import { serversOn } from './room.js';
import { failing, resolveTrouble } from './trouble.js';
import type { SessionView, WorkflowTools } from './view.js';
import { holding } from './waits.js';

/**
 * MAINTENANCE in any workflow: claims hosts, checks them, tells all projects, waits for their answers and for
 * maintenance_at, runs `pre` (v1 §5.2). @returns undefined when all of that is done
 */
export async function openSession(view: SessionView, tools: WorkflowTools): Promise<Step | undefined> {
  if (view.hosts.length === 0) return join(view, tools);
  const lacking = withoutConstraints(view);
  if (lacking !== undefined) return failing(lacking);
  const stray = retiringStrangers(view, tools);
  if (stray !== undefined) return failing(stray);
  const fits = preflight(view, tools.hasCheck);
  if (!fits.done) return 'trouble' in fits ? resolveTrouble(view, fits.trouble) : fits.step;
  const question = toAll(view, 'MAINTENANCE');
  const strangers = await withoutManager(view, tools, [...question.instances.keys()]);
  if (strangers.length > 0) return noManager(strangers);
  const asked = ask(view, {
    ...question,
    window: (repeated, projectId) =>
      maintenanceWindow(
        view.now,
        view.session.maintenanceAt,
        replyWindow(view, 'project_maintenance_reply', projectId),
        repeated,
      ),
  });
  const trouble = troubleOf(asked, (notice) => hostsOf(view, notice.projectId));
  if (trouble !== undefined) return resolveTrouble(view, trouble);
  if (asked.decisions.length > 0) return { do: await assumeUnmanaged(view, tools, asked.decisions) };
  if (asked.wait !== undefined) return holding(asked.wait, waitingComputes(view).map(nameOf));
  const startsAt = startTime(view);
  if (startsAt > view.now) {
    return {
      wait: { for: 'maintenance-at', message: 'All projects answered; waiting for maintenance_at.', until: startsAt },
    };
  }
  const pre = progressOf(view, ENGINE_HOST, actionsOf(view, 'pre'));
  if (!pre.done) return 'trouble' in pre ? resolveTrouble(view, pre.trouble) : pre.step;
  return undefined;
}

function nameOf({ hostname }: SessionHost): string {
  return hostname;
}

async function join(view: SessionView, tools: WorkflowTools): Promise<Step> {
  const surroundings = await readSurroundings(view, tools);
  if ('unknown' in surroundings) {
    const { unknown, code = 'unknown-scope' } = surroundings;
    return failing({ code, message: unknown });
  }
  const decision = discoverHosts(view, surroundings);
  if (decision.hosts.length > 0) return { do: [decision] };
  const why = decision.excluded.map(({ hostname, reason }) => `${hostname}: ${reason}`).join(' ');
  return failing({ code: 'no-hosts', message: `There is no host to be maintained. ${why}`.trim() });
}

/** The later of maintenance_at and, where that left too little time to answer, what the projects were told instead. */
function startTime(view: SessionView): Date {
  const told = view.notices.filter((notice) => notice.state === 'MAINTENANCE' && notice.repeats === 0);
  const times = told.flatMap((notice) => (notice.actionsAt === null ? [] : [notice.actionsAt.getTime()]));
  return new Date(Math.max(view.session.maintenanceAt.getTime(), ...times));
}

/** Instances whose project must have said what they bear, and did not (v1 §4.1). */
function withoutConstraints(view: SessionView): Omit<Reason, 'at'> | undefined {
  const { session, settings, constraints } = view;
  if (view.notices.length > 0) return undefined;
  const lacking = computesOf(view)
    .flatMap((host) => serversOn(view, host.hostname))
    .filter(({ projectId }) => policyFor('constraints', session.policy, settings.policy, projectId) === 'require')
    .filter(({ id }) => constraints.groupOf(id) === undefined);
  if (lacking.length === 0) return undefined;
  const names = lacking.map(({ id }) => id).join(', ');
  return {
    code: 'constraints-missing',
    message: `No constraints are known of instance(s) ${names} or of their group.`,
  };
}

/** Hosts of the cloud that an action is to take out of it, though the session does not have them: it would never get there. */
function retiringStrangers(view: SessionView, tools: WorkflowTools): Omit<Reason, 'at'> | undefined {
  const { session, hosts, notices, cloud } = view;
  if (notices.length > 0) return undefined;
  const own = new Set(hosts.map(({ hostname }) => hostname));
  const others = cloud.services.filter(({ binary, host }) => binary === 'nova-compute' && !own.has(host));
  for (const action of session.actions) {
    const strangers = others.filter(({ host }) => tools.removes(action, host)).map(({ host }) => host);
    if (strangers.length === 0) continue;
    const message =
      `Action ${action.name} is to take ${strangers.sort().join(', ')} out of the cloud, which the session does not have: ` +
      'add them to its hosts, or leave them out of the action. What was left out of the session has its reason in the detail.';
    return { code: 'not-in-session', message, host: strangers[0] as string, plugin: action.plugin };
  }
  return undefined;
}

function hostsOf(view: SessionView, projectId: string): string[] {
  const own = new Set(view.cloud.servers.filter((server) => server.projectId === projectId).map(({ host }) => host));
  return computesOf(view)
    .filter((host) => !isThrough(host.state) && own.has(host.hostname))
    .map((host) => host.hostname);
}

function noManager(projects: readonly string[]): Step {
  const message = `No event alarm on maintenance.scheduled for project(s) ${projects.join(', ')}.`;
  return failing({ code: 'no-manager', message, projectId: projects[0] as string });
}
