import type { ExecutionContext } from 'ava';
import type { NewSession, SessionDetail } from '../../../src/client/index.js';
import { becomes } from '../cloud/becomes.js';
import { TestCloud } from '../cloud/cloud.js';
import { Fenix } from './fenix.js';
import { HeatManager, type ManagerOptions } from './heat-manager.js';
import { NovaLists } from './nova-lists.js';
import { waited } from './waited.js';

/** Between a session's request and its maintenance_at. */
const NOTICE_S = 5;

/** Of a session's time, in which nothing but Fenix is waited for. */
const LARGEST_SHARE = 0.05;

/** A cloud with an application and its manager, and Fenix on it, about to maintain every compute host. */
export class Story {
  readonly nova: NovaLists;
  /** Older migrations are other stories'. */
  private readonly since = new Date(Date.now() - 1000);

  private constructor(
    readonly cloud: TestCloud,
    readonly fenix: Fenix,
    readonly manager: HeatManager,
  ) {
    this.nova = new NovaLists(cloud.admin);
  }

  static async begin(t: ExecutionContext, application: ManagerOptions): Promise<Story> {
    const cloud = TestCloud.open();
    cloud.wellAgain();
    t.teardown(() => cloud.wellAgain());
    const fenix = await Fenix.install(t, cloud);
    const manager = await HeatManager.start(t, cloud.as('demo'), application, fenix.url);
    return new Story(cloud, fenix, manager);
  }

  /** @returns the session's id */
  maintain(session: Partial<NewSession> = {}): Promise<string> {
    const at = new Date(Date.now() + NOTICE_S * 1000).toISOString();
    return this.fenix.client.create({
      maintenance_at: at.slice(0, 19).replace('T', ' '),
      metadata: { openstack_version: 'Zed' },
      hosts: [...this.cloud.settings.computes],
      actions: [{ plugin: 'noop', type: 'compute', metadata: { duration: 1 } }],
      ...session,
    });
  }

  /** Waits until the session is something. @returns its detail then */
  async reaches(sessionId: string, holds: (detail: SessionDetail) => boolean, what: string): Promise<SessionDetail> {
    let detail = await this.fenix.client.detail(sessionId);
    const look = async (): Promise<boolean> => {
      detail = await this.fenix.client.detail(sessionId);
      return holds(detail) || detail.state === 'MAINTENANCE_FAILED';
    };
    await becomes(look, what, 480);
    return detail;
  }

  /** Waits until the session is over, either way, and closed. */
  async ends(sessionId: string): Promise<SessionDetail> {
    const isOver = ({ state }: SessionDetail): boolean => ['MAINTENANCE_DONE', 'MAINTENANCE_FAILED'].includes(state);
    return this.reaches(sessionId, isOver, 'the end of the session');
  }

  /** By Nova's own lists: every server serves, every host is as before, nothing is half moved. */
  async isInOrder(t: ExecutionContext): Promise<void> {
    const servers = await this.nova.servers();
    t.deepEqual(
      servers.map(({ name, status, 'OS-EXT-STS:task_state': task }) => [name, status, task]),
      servers.map(({ name }) => [name, 'ACTIVE', null]),
    );
    t.deepEqual(
      (await this.nova.computes()).map(({ host, status, state, disabled_reason }) => [
        host,
        status,
        state,
        disabled_reason,
      ]),
      this.cloud.settings.computes.map((host) => [host, 'enabled', 'up', null]),
    );
    const ended = ['confirmed', 'completed', 'reverted', 'error', 'failed', 'cancelled'];
    t.deepEqual(
      (await this.migrations()).filter(({ status }) => !ended.includes(status)),
      [],
    );
  }

  /** How often each server was moved to another host. */
  async moves(): Promise<Record<string, number>> {
    const count: Record<string, number> = {};
    for (const { instance_uuid: id, status } of await this.migrations()) {
      if (status === 'confirmed' || status === 'completed') count[id] = (count[id] ?? 0) + 1;
    }
    return count;
  }

  /** Says how long the session took and what was waited for; Fenix itself must hardly be. */
  async tellsWaits(t: ExecutionContext, sessionId: string): Promise<void> {
    const { total, by, share } = await waited(this.cloud.settings.mysqlUrl, this.fenix.database, sessionId);
    const parts = Object.entries(by).map(([what, seconds]) => `${what} ${seconds.toFixed(1)} s`);
    const sentence = `${t.title}: ${total.toFixed(1)} s: ${parts.join(', ')}; Fenix ${(100 * share).toFixed(1)} %`;
    process.stderr.write(`${sentence}\n`);
    t.true(share < LARGEST_SHARE, sentence);
  }

  migrations() {
    return this.nova.migrations(this.since);
  }
}
