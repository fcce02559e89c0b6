import { createServer, type Server } from 'node:http';
import express from 'express';
import { type Clock, plusSeconds } from '../../common/clock.js';
import { FenixError, messageOf, Stopped } from '../../common/errors.js';
import { isObject } from '../http/wire.js';
import { close, listen } from '../listening.js';
import type { Application } from './application.js';
import type { ConstraintRecords } from './constraint-records.js';
import type { Lifecycle } from './lifecycle.js';
import { type ManagerNotice, parseNotice } from './notice.js';
import type { ManagerOptions } from './options.js';
import { parsePython } from './python-parse.js';
import { type Actions, type ManagerReply, Replies, type Verdict } from './replies.js';
import type { TenantSession } from './tenant-session.js';

/** What every manager is made of. */
export interface ManagerParts {
  readonly projectId: string;
  readonly application: Application;
  readonly session: TenantSession;
  readonly lifecycle: Lifecycle;
  readonly records: ConstraintRecords;
  /** Domain time. */
  readonly clock: Clock;
  readonly options: ManagerOptions;
}

/** Instances of a notice, and how many a SCALE_IN asks for where it says so. */
export interface Listed {
  readonly ids: readonly string[];
  readonly scaleIn: number | undefined;
}

/**
 * The reference project manager: hears of maintenance by its own event alarm, keeps its application serving by
 * switching over before it agrees, and speaks to the cloud and to the maintenance service by HTTP alone. Other dialects
 * (`dialects/`) change one habit each.
 */
export class Manager {
  readonly projectId: string;
  readonly application: Application;
  /** What the other side made hard to understand or did not take, one sentence each. */
  readonly problems: string[] = [];
  /** What it failed to do by its own habits or for want of room, one sentence each. */
  readonly remarks: string[] = [];
  /** From then on it does not look after its application, and what that suffers is its own doing. */
  carelessSince: Date | undefined;

  protected readonly session: TenantSession;
  protected readonly lifecycle: Lifecycle;
  protected readonly records: ConstraintRecords;
  protected readonly clock: Clock;
  protected readonly options: ManagerOptions;
  protected readonly sent: Replies;
  /** Instances that are about to be moved, or on the move: never switched over to. */
  protected readonly expected = new Set<string>();
  private readonly stopped = new AbortController();
  private server: Server | undefined;
  private alarmId: string | undefined;

  constructor(parts: ManagerParts) {
    this.projectId = parts.projectId;
    this.application = parts.application;
    this.session = parts.session;
    this.lifecycle = parts.lifecycle;
    this.records = parts.records;
    this.clock = parts.clock;
    this.options = parts.options;
    this.sent = new Replies(parts.projectId, parts.session, parts.clock, parts.options.patienceS);
  }

  get replies(): readonly ManagerReply[] {
    return this.sent.all;
  }

  /** Tells its constraints where it has to, listens, and creates the alarm that points there. */
  async start(): Promise<void> {
    if (this.options.constraints === true) await this.records.putAll();
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
      event_rule: { event_type: this.options.eventType ?? 'maintenance.scheduled' },
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

  /** Its reading of Aodh's POST. */
  protected read(body: unknown): ManagerNotice {
    return parseNotice(body, parsePython);
  }

  protected async handle(notice: ManagerNotice): Promise<void> {
    if (notice.state === 'INSTANCE_ACTION_DONE') return this.actionDone(notice);
    if (this.options.notifyStates?.includes(notice.state)) return;
    const listed = await this.listed(notice);
    await this.think(notice, listed.ids);
    await this.decide(notice, listed);
  }

  /** What it does for each state, its answer being the last of it. */
  protected async decide(notice: ManagerNotice, listed: Listed): Promise<void> {
    switch (notice.state) {
      case 'MAINTENANCE':
        this.expected.clear();
        return this.reply(notice);
      case 'MAINTENANCE_COMPLETE':
        this.expected.clear();
        await this.scaleBack();
        return this.reply(notice);
      case 'SCALE_IN':
        await this.scaleIn(listed.scaleIn ?? this.options.scaleInBy ?? 1, listed.ids);
        return this.reply(notice);
      case 'PREPARE_MAINTENANCE':
      case 'PLANNED_MAINTENANCE':
        return this.letGo(notice, listed.ids);
      default:
        return this.unknown(notice);
    }
  }

  /** Between reading a notice and deciding about it. */
  protected think(_notice: ManagerNotice, _ids: readonly string[]): Promise<void> {
    return this.pause(this.options.answerAfter ?? 1);
  }

  protected async actionDone({ instances }: ManagerNotice): Promise<void> {
    if ('ids' in instances) for (const id of instances.ids) this.expected.delete(id);
  }

  protected async unknown({ state }: ManagerNotice): Promise<void> {
    this.problems.push(`Unknown state ${state}.`);
  }

  protected async letGo(notice: ManagerNotice, ids: readonly string[]): Promise<void> {
    this.switchAway(ids);
    const actions = Object.fromEntries(ids.map((id) => [id, this.actionFor(id, notice.allowedActions)]));
    await this.reply(notice, actions);
    for (const id of ids) if (actions[id] === 'OWN_ACTION') await this.replace(id);
  }

  protected switchAway(ids: readonly string[]): void {
    for (const id of ids) this.expected.add(id);
    this.application.switchAway(this.expected);
  }

  /** What still is active has no stand-by to take over: it must not notice its move. */
  protected actionFor(id: string, allowed: readonly string[]): string {
    const wanted = this.options.action ?? 'MIGRATE';
    const better = wanted === 'MIGRATE' && this.application.isActive(id) ? 'LIVE_MIGRATE' : wanted;
    return allowed.includes(better) ? better : 'MIGRATE';
  }

  /** A new instance of the same name takes the place of an old one; false where there was no room for it. */
  protected async replace(id: string): Promise<boolean> {
    const created = await this.lifecycle.bootLike(id, this.signal);
    if (created === undefined) {
      this.remarks.push(`There was no room for a replacement of ${id}.`);
      return false;
    }
    if (this.options.constraints === true) await this.records.put(created);
    this.application.switchAway(this.expected);
    await this.delete(id);
    return true;
  }

  /** Deletes what it can spare, suggested ones first, and waits until they are gone. */
  protected async scaleIn(count: number, suggested: readonly string[]): Promise<void> {
    const spare = this.application.spare().map(({ id }) => id);
    const ordered = [...spare.filter((id) => suggested.includes(id)), ...spare.filter((id) => !suggested.includes(id))];
    for (const id of ordered.slice(0, count)) await this.giveAway(id);
  }

  /** Removes one instance for good, to make room. */
  protected giveAway(id: string): Promise<void> {
    return this.delete(id);
  }

  /** After the maintenance; the reference manager stays as it is. */
  protected async scaleBack(): Promise<void> {}

  protected async delete(id: string): Promise<void> {
    this.application.giveUp(id);
    await this.lifecycle.delete(id, this.signal);
    this.expected.delete(id);
    if (this.options.constraints === true) await this.records.remove(id);
  }

  /** Sends an answer until it is taken. */
  protected async reply(notice: ManagerNotice, actions: Actions = {}, verdict: Verdict = 'ACK'): Promise<void> {
    const taken = await this.sent.send(notice, verdict, actions, this.signal);
    if (!taken) this.problems.push(`${verdict}_${notice.state} was not taken.`);
  }

  protected pause(seconds: number): Promise<void> {
    return this.clock.sleep(plusSeconds(this.clock.now(), seconds), this.signal);
  }

  protected get signal(): AbortSignal {
    return this.stopped.signal;
  }

  /** From now on its application's outages are its own doing. */
  protected becomeCareless(why: string): void {
    this.carelessSince ??= this.clock.now();
    this.remarks.push(why);
  }

  private async take(body: unknown): Promise<void> {
    try {
      await this.handle(this.read(body));
    } catch (error) {
      if (!(error instanceof Stopped) && !this.signal.aborted) this.problems.push(messageOf(error));
    }
  }

  private async listed({ instances }: ManagerNotice): Promise<Listed> {
    if ('ids' in instances) return { ids: instances.ids, scaleIn: undefined };
    const { status, body } = await this.session.call('GET', instances.url);
    if (status !== 200 || !isObject(body) || !Array.isArray(body.instance_ids))
      throw new FenixError('terminal', 'no-list', `${instances.url} answered ${status}.`, { status });
    const asked = isObject(body.scale_in) ? Number(body.scale_in.instances) : undefined;
    return { ids: body.instance_ids.map(String), scaleIn: asked };
  }
}
