import type { ExecutionContext } from 'ava';
import { messageOf } from '../../../src/common/errors.js';
import { type ManagerNotice, parseNotice } from '../../../src/simulator/managers/notice.js';
import { parsePython } from '../../../src/simulator/managers/python-parse.js';
import { becomes } from '../cloud/becomes.js';
import type { Rest } from '../cloud/rest.js';
import { AlarmListener, type AlarmPost } from './alarm-listener.js';
import { HeatApplication } from './heat-application.js';

export interface ManagerOptions {
  /** Servers of the part that may be scaled, two of which it gives up for a SCALE_IN. */
  readonly workers: number;
  readonly flavor?: string;
}

export interface Answer {
  readonly state: string;
  readonly status: number;
}

const SPARE = 2;

/**
 * A project's manager as one would be written for a real cloud: its application and its alarm are a stack of Heat's, by
 * which it scales; everything else goes over the project's own rights at the public APIs.
 */
export class HeatManager {
  readonly notices: ManagerNotice[] = [];
  readonly answers: Answer[] = [];
  /** What it could not do or understand. */
  readonly problems: string[] = [];
  private readonly held = new Map<string, Promise<void>>();
  private readonly refused = new Set<string>();

  private constructor(
    private readonly tenant: Rest,
    readonly listener: AlarmListener,
    readonly application: HeatApplication,
    private readonly options: ManagerOptions,
  ) {}

  /** Deploys its application, which is removed when the test ends, and tells its constraints to `maintenanceUrl`. */
  static async start(
    t: ExecutionContext,
    tenant: Rest,
    options: ManagerOptions,
    maintenanceUrl: string,
  ): Promise<HeatManager> {
    const taking: { manager?: HeatManager } = {};
    const listener = await AlarmListener.start(t, (post) => void taking.manager?.take(post));
    const { workers, flavor = 'small' } = options;
    const application = await HeatApplication.deploy(tenant, {
      worker_count: workers,
      flavor,
      alarm_url: listener.url,
    });
    t.teardown(() => application.delete());
    const manager = new HeatManager(tenant, listener, application, options);
    await manager.tellConstraints(maintenanceUrl);
    taking.manager = manager;
    return manager;
  }

  /** From now on notices of that state stay unanswered. @returns what lets the answers go */
  hold(state: string): () => void {
    let release: () => void = () => undefined;
    this.held.set(
      state,
      new Promise((resolve) => {
        release = resolve;
      }),
    );
    return () => {
      this.held.delete(state);
      release();
    };
  }

  /** Resolves when that answer was taken. */
  answered(state: string): Promise<void> {
    return becomes(async () => this.answers.some((answer) => answer.state === state && answer.status === 200), state);
  }

  /** Whoever wants to move that server gets a NACK. */
  refuseToMove(id: string): void {
    this.refused.add(id);
  }

  /** The pair must not share a host, and one of it must serve. */
  private async tellConstraints(maintenanceUrl: string): Promise<void> {
    const { group, pair } = await this.application.parts();
    const records = {
      ...Object.fromEntries(pair.map((id) => [`instance/${id}`, { instance_id: id, group_id: group }])),
      [`instance_group/${group}`]: { group_id: group, anti_affinity_group: true, max_impacted_members: 1 },
    };
    for (const [path, record] of Object.entries(records)) {
      const { status } = await this.tenant.url('PUT', `${maintenanceUrl}/${path}`, record);
      if (status !== 200) throw new Error(`PUT ${path}: ${status}`);
    }
  }

  private async take(post: AlarmPost): Promise<void> {
    try {
      const notice = parseNotice(post, parsePython);
      this.notices.push(notice);
      if (notice.state !== 'INSTANCE_ACTION_DONE') await this.answer(notice);
    } catch (error) {
      this.problems.push(messageOf(error));
    }
  }

  private async answer(notice: ManagerNotice): Promise<void> {
    const ids = await this.listed(notice);
    const actions = await this.act(notice, ids);
    await this.held.get(notice.state);
    const isRefused = notice.allowedActions.length > 0 && ids.some((id) => this.refused.has(id));
    const verdict = isRefused ? 'NACK' : 'ACK';
    const body = { state: `${verdict}_${notice.state}`, ...actions };
    const { status } = await this.tenant.url('PUT', notice.replyUrl, body);
    this.answers.push({ state: body.state, status });
  }

  private async act(notice: ManagerNotice, ids: readonly string[]): Promise<object> {
    const { workers } = this.options;
    switch (notice.state) {
      case 'SCALE_IN':
        await this.application.scaleTo(workers - SPARE);
        return {};
      case 'MAINTENANCE_COMPLETE':
        await this.application.scaleTo(workers);
        return {};
      case 'PREPARE_MAINTENANCE':
      case 'PLANNED_MAINTENANCE': {
        const { pair } = await this.application.parts();
        const actionOf = (id: string): string => (pair.includes(id) ? 'LIVE_MIGRATE' : 'MIGRATE');
        return { instance_actions: Object.fromEntries(ids.map((id) => [id, actionOf(id)])) };
      }
      default:
        return {};
    }
  }

  private async listed({ instances }: ManagerNotice): Promise<readonly string[]> {
    if ('ids' in instances) return instances.ids;
    const { status, body } = await this.tenant.url('GET', instances.url);
    if (status !== 200) throw new Error(`${instances.url}: ${status}`);
    return (body as { instance_ids: string[] }).instance_ids;
  }
}
