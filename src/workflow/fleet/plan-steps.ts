import { plusSeconds } from '../../common/clock.js';
import { isThrough, type NoticePlan } from '../../model/index.js';
import type { FleetPlan, FleetWait } from '../../planner/fleet.js';
import type { OpenNotice } from '../decisions.js';
import { mayReceive } from '../room.js';
import { isBeingSteered } from '../steering.js';
import { OFFERED_ACTIONS, type SessionView } from '../view.js';
import type { Gathered } from './gathered.js';
import { leadTimeOf } from './lead-time.js';
import type { Leaving } from './leaving.js';

/** What a plan means for a session: decisions, and who waits for what. */
export class PlanSteps {
  private readonly byId: ReadonlyMap<string, Leaving>;
  private readonly hosts;

  constructor(
    private readonly view: SessionView,
    leaving: ReadonlyMap<string, readonly Leaving[]>,
    private readonly held: ReadonlySet<string>,
  ) {
    this.byId = new Map([...leaving.values()].flat().map((one) => [one.server.id, one]));
    this.hosts = new Map(view.hosts.map((host) => [host.hostname, host]));
  }

  /** Hosts to be emptied, moves and actions that begin now. */
  begin(plan: FleetPlan, gathered: Gathered): void {
    for (const name of plan.empty) {
      const host = this.free(name);
      if (host?.state === 'waiting' && !isBeingSteered(this.view, host))
        gathered.decide({ kind: 'take-host', host: name });
    }
    for (const { instanceId, target } of plan.move) {
      const leaving = this.byId.get(instanceId);
      const prospect = leaving?.prospect;
      if (leaving === undefined || prospect === undefined || !('action' in prospect)) continue;
      const { action } = prospect;
      // Those that stay are stopped together, when all others have left.
      if (action === 'STOP_START' || (action !== 'OWN_ACTION' && target === null)) continue;
      const interruptionS = this.view.constraints.instance(instanceId)?.maxInterruptionTimeS;
      gathered.decide({
        kind: 'move-instance',
        instanceId,
        action,
        target: action === 'OWN_ACTION' ? null : target,
        ...(action === 'LIVE_MIGRATE' && interruptionS !== undefined && { interruptionS }),
      });
    }
    for (const name of plan.maintain) {
      const host = this.free(name);
      if (host?.state === 'empty') {
        gathered.decide({ kind: 'set-host-state', host: name, state: 'in_maintenance', why: 'its actions begin' });
      } else if (host?.state === 'waiting' && !host.isCompute) {
        gathered.decide({ kind: 'set-host-state', host: name, state: 'empty', why: 'it holds no instances' });
      }
    }
  }

  /** One notice for each instance whose place is reserved now. */
  notices(plan: FleetPlan): OpenNotice[] {
    return plan.ask.flatMap(({ instanceId, target }) => {
      const leaving = this.byId.get(instanceId);
      if (leaving === undefined || this.free(leaving.host.hostname) === undefined) return [];
      if (leaving.notice !== undefined) return [];
      const { server, host } = leaving;
      const at = plusSeconds(this.view.now, leadTimeOf(this.view, server));
      return [
        {
          kind: 'open-notice' as const,
          state: this.isForGood(target) ? ('PLANNED_MAINTENANCE' as const) : ('PREPARE_MAINTENANCE' as const),
          projectId: server.projectId,
          instanceId,
          instanceIds: [instanceId],
          host: host.hostname,
          allowedActions: OFFERED_ACTIONS,
          replyAt: at,
          actionsAt: at,
          planned: { target, ...this.room(plan, instanceId) },
        },
      ];
    });
  }

  /** Room for one more that was kept until now, and is not to be had any more (V6). */
  lostRoom(plan: FleetPlan, gathered: Gathered): void {
    for (const instanceId of plan.unkept ?? []) {
      const notice = this.byId.get(instanceId)?.notice;
      if (notice?.planned?.room?.[instanceId]) gathered.decide({ kind: 'lose-room', notice, instanceId });
    }
  }

  private room({ unkept = [] }: FleetPlan, id: string): Pick<NoticePlan, 'room'> {
    return this.view.constraints.keepsRoom(id) ? { room: { [id]: !unkept.includes(id) } } : {};
  }

  /** Why hosts and instances are not gone on with. */
  waits(plan: FleetPlan, gathered: Gathered): void {
    for (const wait of plan.waits) {
      const host = this.hosts.get(wait.host);
      if (host === undefined || this.held.has(wait.host)) continue;
      // Said already, and with the time until which it is waited for.
      const isSaid = gathered.held.some((one) => one.host === wait.host && one.instanceId === wait.instanceId);
      if (isSaid) continue;
      const { because } = wait;
      const message = [wait.message, wait.lifts].filter((sentence) => sentence !== '').join(' ');
      const until = this.untilOf(wait);
      gathered.hold({
        host: wait.host,
        ...(wait.instanceId !== undefined && { instanceId: wait.instanceId }),
        because,
        message,
        until,
      });
    }
  }

  /** What was said once stands until it is over: a forecast that moves with every plan tells nobody more. */
  private untilOf({ host, instanceId, because, until }: FleetWait): Date {
    const { now, settings } = this.view;
    const blocked = instanceId === undefined ? this.hosts.get(host)?.blocked : undefined;
    if (blocked?.because === because && blocked.until > now) return blocked.until;
    const expected = until === undefined ? undefined : new Date(until * 1000);
    return expected !== undefined && expected > now ? expected : plusSeconds(now, settings.blockedTimeoutS);
  }

  /** A host nobody has to decide about first. */
  private free(name: string) {
    return this.held.has(name) ? undefined : this.hosts.get(name);
  }

  /** Whether an instance that goes there will not have to move once more. */
  private isForGood(target: string | null): boolean {
    if (target === null) {
      return this.view.hosts.some(({ hostname, maintained }) => maintained && mayReceive(this.view, hostname));
    }
    const host = this.hosts.get(target);
    return host === undefined || isThrough(host.state);
  }
}
