import type { ExecutionContext } from 'ava';
import type { NewSession, SessionDetail } from '../../../src/client/index.js';
import { becomes } from '../cloud/becomes.js';
import { TestCloud } from '../cloud/cloud.js';
import { Fenix } from './fenix.js';
import { HeatManager, type ManagerOptions } from './heat-manager.js';
import { NovaLists, type NovaMigration } from './nova-lists.js';
import { requestsOf } from './request-log.js';
import { waited } from './waited.js';

/** Between a session's request and its maintenance_at. */
const NOTICE_S = 5;

/** In which Nova does nothing more about a migration. */
const ENDED = ['confirmed', 'completed', 'reverted', 'error', 'failed', 'cancelled'];
/** Of a session's time, in which nothing but Fenix is waited for. */
const LARGEST_SHARE = 0.05;

/** A cloud with an application and its manager, and Fenix on it, about to maintain every compute host. */
export class Story {
  /** Compute hosts that are there: the cloud's own, and those that were added. */
  readonly hosts: string[];
  readonly nova: NovaLists;
  /** Older migrations are other stories'. */
  private readonly since = new Date(Date.now() - 1000);

  private constructor(
    readonly cloud: TestCloud,
    readonly fenix: Fenix,
    readonly manager: HeatManager,
    /** Spare hosts that were started; removed when the application is. */
    private readonly added: string[],
  ) {
    this.nova = new NovaLists(cloud.admin);
    this.hosts = [...cloud.settings.computes];
  }

  static async begin(t: ExecutionContext, application: ManagerOptions): Promise<Story> {
    const cloud = TestCloud.open();
    cloud.wellAgain();
    t.teardown(() => cloud.wellAgain());
    const added: string[] = [];
    // Nova deletes no servers on a host that is gone: these go after the application.
    t.teardown(async () => {
      for (const host of added) await cloud.removeCompute(host);
    });
    const fenix = await Fenix.install(t, cloud);
    const manager = await HeatManager.start(t, cloud.as('demo'), application, fenix.url);
    return new Story(cloud, fenix, manager, added);
  }

  /** Starts the cloud's spare hosts, which are removed when the test ends. */
  async addHosts(): Promise<void> {
    for (const host of this.cloud.settings.spares) this.addHost(host);
    const areUp = async (): Promise<boolean> => {
      const path = '/os-hypervisors';
      const { hypervisors } = await this.cloud.admin.get<{ hypervisors: { state: string }[] }>('compute', path);
      return hypervisors.filter(({ state }) => state === 'up').length === this.hosts.length;
    };
    await becomes(areUp, 'the spare hosts up');
  }

  /** Starts one of them. */
  addHost(host: string): void {
    this.added.push(host);
    this.cloud.startCompute(host);
    this.hosts.push(host);
  }

  /** Ends the nova-compute of a host of the cloud's own, which is back when the test has ended. */
  async endsCompute(t: ExecutionContext, host: string): Promise<void> {
    t.teardown(async () => {
      this.cloud.startCompute(host);
      const path = `/os-hypervisors?hypervisor_hostname_pattern=${host}`;
      const isUp = async (): Promise<boolean> => {
        const found = await this.cloud.admin
          .get<{ hypervisors: { state: string }[] }>('compute', path, 'compute 2.53')
          .catch(() => ({ hypervisors: [] }));
        return found.hypervisors.some(({ state }) => state === 'up');
      };
      await becomes(isUp, `${host} back`);
    });
    await this.cloud.killCompute(host);
  }

  /** Makes a host aggregate, which is deleted when the test ends. @returns what says who is in it */
  async aggregate(t: ExecutionContext, name: string): Promise<() => Promise<readonly string[]>> {
    const { admin } = this.cloud;
    const wanted = { aggregate: { name } };
    const { aggregate } = await admin.call<{ aggregate: { id: number } }>('compute', 'POST', '/os-aggregates', wanted);
    const path = `/os-aggregates/${aggregate.id}`;
    const members = async (): Promise<readonly string[]> =>
      (await admin.get<{ aggregate: { hosts: string[] } }>('compute', path)).aggregate.hosts;
    t.teardown(async () => {
      for (const host of await members())
        await admin.call('compute', 'POST', `${path}/action`, { remove_host: { host } });
      await admin.call('compute', 'DELETE', path);
    });
    return members;
  }

  /** @returns the session's id */
  maintain(session: Partial<NewSession> = {}): Promise<string> {
    const at = new Date(Date.now() + NOTICE_S * 1000).toISOString();
    return this.fenix.client.create({
      maintenance_at: at.slice(0, 19).replace('T', ' '),
      metadata: { openstack_version: 'Zed' },
      hosts: this.hosts,
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

  /** Waits until Nova is at a migration of that type. */
  migrates(type: string): Promise<void> {
    const isUnderWay = ({ migration_type, status }: NovaMigration): boolean =>
      migration_type === type && !ENDED.includes(status);
    return becomes(async () => (await this.migrations()).some(isUnderWay), `a ${type} under way`);
  }

  /** Waits until nothing is left to be done for a session that is over. */
  closes(sessionId: string): Promise<void> {
    const isClosed = async (): Promise<boolean> =>
      (await this.fenix.client.history(sessionId)).some(({ what }) => what === 'closed');
    return becomes(isClosed, 'the session closed');
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
      this.hosts.map((host) => [host, 'enabled', 'up', null]),
    );
    const ended = ['confirmed', 'completed', 'reverted', 'error', 'failed', 'cancelled'];
    t.deepEqual(
      (await this.migrations()).filter(({ status }) => !ended.includes(status)),
      [],
    );
  }

  /** By Nova's own list: nobody was moved but as plans said, to where they said, and as often. */
  async movedAsPlanned(t: ExecutionContext, sessionId: string): Promise<void> {
    const isSuccess = ({ status }: NovaMigration): boolean => status === 'confirmed' || status === 'completed';
    const moved = (await this.migrations()).filter(isSuccess);
    const history = await this.fenix.client.history(sessionId);
    // Nova forgets the migrations of servers that are deleted.
    const there = new Set<unknown>((await this.nova.servers()).map(({ id }) => id));
    const ended = history.filter(({ what, result }) => what === 'move-ended' && result === 'moved');
    const begun = ended.filter(({ instance }) => there.has(instance));
    t.deepEqual(
      moved.map(({ instance_uuid, dest_compute }) => `${instance_uuid} to ${dest_compute}`).sort(),
      begun.map(({ instance, host }) => `${instance} to ${host}`).sort(),
    );
    const plans = history.filter(({ what }) => what === 'plan');
    const again = plans.flatMap((line) => (line.again as string[] | undefined) ?? []);
    for (const id of new Set(moved.map(({ instance_uuid }) => instance_uuid))) {
      const times = moved.filter(({ instance_uuid }) => instance_uuid === id).length;
      t.true(times <= 1 + again.filter((other) => other === id).length, `${id} moved ${times} times`);
    }
  }

  /** Says how long the session took and what was waited for; Fenix itself must hardly be. */
  async tellsWaits(t: ExecutionContext, sessionId: string): Promise<void> {
    const { settings, logFolder } = this.cloud;
    const requests = requestsOf(logFolder, await this.cloud.idOfUser('fenix'));
    const { total, by, share, longest } = await waited(settings.mysqlUrl, this.fenix.database, sessionId, requests);
    const parts = Object.entries(by).map(([what, seconds]) => `${what} ${seconds.toFixed(1)} s`);
    const sentence = `${t.title}: ${total.toFixed(1)} s: ${parts.join(', ')}; Fenix ${(100 * share).toFixed(1)} %`;
    process.stderr.write(`${sentence}\n`);
    t.true(share < LARGEST_SHARE, [sentence, ...longest].join('\n'));
  }

  migrations() {
    return this.nova.migrations(this.since);
  }
}
