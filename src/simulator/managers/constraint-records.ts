import type { ServerGroup } from '../records.js';
import type { Application } from './application.js';
import type { ManagerOptions } from './options.js';
import type { TenantSession } from './tenant-session.js';

/** A service that does not keep constraints answers 404. */
const TOLERATED = [200, 404];
/** The maintenance service, or its Keystone, cannot be reached: it is asked again at once. */
const UNAVAILABLE = 503;
const TRIES = 6;

/** What a manager tells the maintenance service about its instances and groups (Fenix v1 §4). */
export class ConstraintRecords {
  /** Numbers as text, as one manager in the field sends them. */
  numbersAsText = false;

  constructor(
    private readonly session: TenantSession,
    private readonly application: Application,
    private readonly groups: () => readonly ServerGroup[],
    private readonly options: ManagerOptions,
    private readonly problems: (sentence: string) => void,
  ) {}

  /** Instances first, as it may come: their groups are not known yet. */
  async putAll(): Promise<void> {
    for (const { id } of this.application.members()) await this.put(id);
    for (const group of this.groups()) await this.send('PUT', `/instance_group/${group.id}`, this.groupRecord(group));
  }

  async put(instanceId: string): Promise<void> {
    const instance = this.application.member(instanceId);
    if (instance === undefined) return;
    await this.send('PUT', `/instance/${instanceId}`, {
      instance_id: instanceId,
      project_id: instance.projectId,
      instance_name: instance.name,
      group_id: instance.groupId,
      max_interruption_time: 120,
      migration_type: this.options.action ?? 'MIGRATE',
      resource_mitigation: this.options.mitigation ?? false,
      lead_time: 40,
    });
  }

  async remove(instanceId: string): Promise<void> {
    await this.send('DELETE', `/instance/${instanceId}`);
  }

  async removeGroups(): Promise<void> {
    for (const { id } of this.groups()) await this.send('DELETE', `/instance_group/${id}`);
  }

  private groupRecord({ id, name, project, policy, maxImpacted, recoveryTime }: ServerGroup): object {
    return {
      group_id: id,
      project_id: project.id,
      group_name: name,
      anti_affinity_group: policy === 'anti-affinity',
      max_instances_per_host: policy === 'anti-affinity' ? 1 : 0,
      max_impacted_members: maxImpacted ?? 1,
      recovery_time: recoveryTime ?? 0,
      resource_mitigation: this.options.mitigation ?? false,
      ...(this.options.notifyStates && { notify_states: this.options.notifyStates }),
    };
  }

  private async send(method: string, path: string, body?: object): Promise<void> {
    const sent = body !== undefined && this.numbersAsText ? withTextNumbers(body) : body;
    let status = 0;
    for (let tries = 0; tries < TRIES && (tries === 0 || status === UNAVAILABLE); tries += 1) {
      status = (await this.session.service('maintenance', method, path, sent)).status;
    }
    if (!TOLERATED.includes(status)) this.problems(`${method} ${path} was answered ${status}.`);
  }
}

function withTextNumbers(record: object): object {
  return Object.fromEntries(
    Object.entries(record).map(([key, value]: [string, unknown]) => [
      key,
      typeof value === 'number' ? String(value) : value,
    ]),
  );
}
