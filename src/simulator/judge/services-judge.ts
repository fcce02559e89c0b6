import type { Court, Hearing, Judge } from './court.js';

/** Rules disabled-target and left-disabled. */
export class ServicesJudge implements Judge {
  private readonly hosts = new Map<string, { readonly enabledAtStart: boolean; enabled: boolean }>();

  constructor(private readonly court: Court) {}

  readonly hearing: Hearing = {
    host: ({ host, enabled }) => this.hosts.set(host, { enabledAtStart: enabled, enabled }),
    service: ({ host: name, enabled }) => {
      const host = this.hosts.get(name);
      if (host !== undefined) host.enabled = enabled;
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
    for (const [name, { enabledAtStart, enabled }] of this.hosts)
      if (enabledAtStart && !enabled)
        this.court.violate('left-disabled', `nova-compute on ${name} was enabled at first and was left disabled`);
  }
}
