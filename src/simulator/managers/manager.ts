import { createServer, type Server } from 'node:http';
import express from 'express';
import { type Clock, plusSeconds } from '../../common/clock.js';
import { FenixError, messageOf, Stopped } from '../../common/errors.js';
import { isObject } from '../http/wire.js';
import { close, listen } from '../listening.js';
import type { Application } from './application.js';
import type { Lifecycle } from './lifecycle.js';
import { type ManagerNotice, parseNotice } from './notice.js';
import type { TenantSession } from './tenant-session.js';

export type ManagerAction = 'MIGRATE' | 'LIVE_MIGRATE' | 'OWN_ACTION';

export interface ManagerOptions {
  /** Domain seconds between a notice and its answer, default 1. */
  readonly answerAfter?: number;
  /** How its instances shall leave their host, default MIGRATE. */
  readonly action?: ManagerAction;
  /** Instances that it deletes for a SCALE_IN that does not say how many, default 1. */
  readonly scaleInBy?: number;
}

/** An answer to a notice. */
export interface ManagerReply {
  readonly at: Date;
  readonly projectId: string;
  readonly sessionId: string;
  readonly state: string;
  readonly actions: Readonly<Record<string, string>>;
  readonly status: number;
}

/** Repeats of an answer that was not taken, as a manager in the field does it. */
const REPEATS = 5;
const REPEAT_AFTER_S = 5;

/**
 * The reference project manager: hears of maintenance by its own event alarm, keeps its application serving by
 * switching over before it agrees, and speaks to the cloud and to the maintenance service by HTTP alone.
 */
export class Manager {
  readonly replies: ManagerReply[] = [];
  /** What it could not understand or do, one sentence each. */
  readonly problems: string[] = [];
  /** Instances that are about to be moved, or on the move: never switched over to. */
  private readonly expected = new Set<string>();
  private readonly stopped = new AbortController();
  private server: Server | undefined;
  private alarmId: string | undefined;

  constructor(
    readonly projectId: string,
    readonly application: Application,
    private readonly session: TenantSession,
    private readonly lifecycle: Lifecycle,
    private readonly clock: Clock,
    private readonly options: ManagerOptions,
  ) {}

  /** Listens, and creates the alarm that points there. */
  async start(): Promise<void> {
    const app = express().use(express.json({ type: () => true }));
    app.post('/maintenance', (request, response) => {
      response.status(204).end();
      void this.take(request.body);
    });
    this.server = createServer(app);
    const url = await listen(this.server, 0, '127.0.0.1');
    const { status, body } = await this.session.service('alarming', 'POST', '/v2/alarms', {
      name: `maintenance-${this.projectId}`,
      type: 'event',
      enabled: true,
      alarm_actions: [`${url}/maintenance`],
      repeat_actions: true,
      event_rule: { event_type: 'maintenance.scheduled' },
    });
    if (status !== 201) throw new FenixError('terminal', 'no-alarm', `Aodh answered ${status} to a new alarm.`);
    this.alarmId = isObject(body) ? String(body.alarm_id) : undefined;
  }

  /** Deletes its alarm and ends; what it had not answered stays unanswered. */
  async stop(): Promise<void> {
    this.stopped.abort();
    if (this.server === undefined) return;
    try {
      if (this.alarmId !== undefined) await this.session.service('alarming', 'DELETE', `/v2/alarms/${this.alarmId}`);
    } finally {
      await close(this.server);
    }
  }

  private async take(body: unknown): Promise<void> {
    try {
      await this.handle(parseNotice(body));
    } catch (error) {
      if (!(error instanceof Stopped)) this.problems.push(messageOf(error));
    }
  }

  private async handle(notice: ManagerNotice): Promise<void> {
    if (notice.state === 'INSTANCE_ACTION_DONE') {
      if ('ids' in notice.instances) for (const id of notice.instances.ids) this.expected.delete(id);
      return;
    }
    const { ids, scaleIn } = await this.listed(notice);
    await this.pause(this.options.answerAfter ?? 1);
    switch (notice.state) {
      case 'MAINTENANCE':
      case 'MAINTENANCE_COMPLETE':
        this.expected.clear();
        return this.reply(notice, {});
      case 'SCALE_IN':
        await this.scaleIn(scaleIn ?? this.options.scaleInBy ?? 1, ids);
        return this.reply(notice, {});
      case 'PREPARE_MAINTENANCE':
      case 'PLANNED_MAINTENANCE':
        return this.letGo(notice, ids);
      default:
        this.problems.push(`Unknown state ${notice.state}.`);
    }
  }

  /** The instances a notice is about; in a SCALE_IN perhaps how many are asked for. */
  private async listed({ instances }: ManagerNotice): Promise<{ ids: readonly string[]; scaleIn: number | undefined }> {
    if ('ids' in instances) return { ids: instances.ids, scaleIn: undefined };
    const { status, body } = await this.session.call('GET', instances.url);
    if (status !== 200 || !isObject(body) || !Array.isArray(body.instance_ids))
      throw new FenixError('terminal', 'no-list', `${instances.url} answered ${status}.`);
    const asked = isObject(body.scale_in) ? Number(body.scale_in.instances) : undefined;
    return { ids: body.instance_ids.map(String), scaleIn: asked };
  }

  private async letGo(notice: ManagerNotice, ids: readonly string[]): Promise<void> {
    for (const id of ids) this.expected.add(id);
    this.application.switchAway(this.expected);
    const actions = Object.fromEntries(ids.map((id) => [id, this.actionFor(id, notice.allowedActions)]));
    await this.reply(notice, actions);
    for (const id of ids) if (actions[id] === 'OWN_ACTION') await this.replace(id);
  }

  /** What still is active has no stand-by to take over: it must not notice its move. */
  private actionFor(id: string, allowed: readonly string[]): string {
    const wanted = this.options.action ?? 'MIGRATE';
    const better = wanted === 'MIGRATE' && this.application.isActive(id) ? 'LIVE_MIGRATE' : wanted;
    return allowed.includes(better) ? better : 'MIGRATE';
  }

  private async replace(id: string): Promise<void> {
    await this.lifecycle.bootLike(id, this.stopped.signal);
    this.application.switchAway(this.expected);
    await this.lifecycle.delete(id, this.stopped.signal);
    this.expected.delete(id);
  }

  /** Deletes what it can spare, suggested ones first, and waits until they are gone. */
  private async scaleIn(count: number, suggested: readonly string[]): Promise<void> {
    const spare = this.application.spare().map(({ id }) => id);
    const ordered = [...spare.filter((id) => suggested.includes(id)), ...spare.filter((id) => !suggested.includes(id))];
    for (const id of ordered.slice(0, count)) await this.lifecycle.delete(id, this.stopped.signal);
  }

  private async reply(notice: ManagerNotice, actions: Readonly<Record<string, string>>): Promise<void> {
    const state = `ACK_${notice.state}`;
    const body = { session_id: notice.sessionId, state, ...actionKeys(notice, actions) };
    for (let attempt = 0; attempt <= REPEATS; attempt += 1) {
      const { status } = await this.session.call('PUT', notice.replyUrl, body);
      const { projectId } = this;
      this.replies.push({ at: this.clock.now(), projectId, sessionId: notice.sessionId, state, actions, status });
      if (status === 200) return;
      await this.pause(REPEAT_AFTER_S);
    }
    this.problems.push(`${state} was not taken.`);
  }

  private pause(seconds: number): Promise<void> {
    return this.clock.sleep(plusSeconds(this.clock.now(), seconds), this.stopped.signal);
  }
}

/** `vnf` style names one action, `default` style a map; neither is sent where no action was asked for. */
function actionKeys({ instances }: ManagerNotice, actions: Readonly<Record<string, string>>): object {
  const [first] = Object.values(actions);
  if (first === undefined) return {};
  return 'ids' in instances ? { instance_action: first } : { instance_actions: actions };
}
