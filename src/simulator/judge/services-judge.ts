import type { Court, Hearing, Judge } from './court.js';

/** Reasons that are nobody else's: the service's own, and Nova's where `enable_new_services` is off. */
const FREE = ['fenix ', 'New compute service disabled'];

interface Service {
  enabled: boolean;
  reason: string | null;
  /** Whether the service under test disabled it last. */
  taken: boolean;
}

/** Rules disabled-target, left-disabled and enabled-others. */
export class ServicesJudge implements Judge {
  private readonly hosts = new Map<string, Service>();

  constructor(
    private readonly court: Court,
    private readonly mayStayDisabled: ReadonlySet<string>,
  ) {}

  readonly hearing: Hearing = {
    host: ({ host, enabled, reason }) => this.hosts.set(host, { enabled, reason, taken: false }),
    'host-gone': ({ host }) => void this.hosts.delete(host),
    service: ({ host: name, enabled, reason, byService }) => {
      const host = this.hosts.get(name);
      if (host === undefined) return;
      const isFree = FREE.some((words) => host.reason?.startsWith(words));
      if (enabled && !host.enabled && byService && !isFree)
        this.court.violate('enabled-others', `nova-compute on ${name} was enabled, which others had disabled`);
      this.hosts.set(name, { enabled, reason, taken: !enabled && byService });
    },
    'move-scheduled': ({ instanceId, to }) => {
      if (this.hosts.get(to)?.enabled === false)
        this.court.violate(
          'disabled-target',
          `${this.court.instance(instanceId).name} was sent to ${to}, whose nova-compute was disabled`,
        );
    },
  };

  end(): void {
    for (const [name, { enabled, taken }] of this.hosts)
      if (taken && !enabled && !this.mayStayDisabled.has(name))
        this.court.violate('left-disabled', `nova-compute on ${name} was disabled by Fenix and left so`);
  }
}
