import type { Court, Hearing, Judge } from './court.js';

/** Rules stopped and left-stopped: nobody but its owner stops a server, unless it is allowed; then it is started again. */
export class PowerJudge implements Judge {
  /** Stopped by the service under test, and by nobody started since. */
  private readonly off = new Set<string>();

  constructor(
    private readonly court: Court,
    private readonly mayStop: ReadonlySet<string>,
    private readonly mayStayStopped: ReadonlySet<string>,
  ) {}

  readonly hearing: Hearing = {
    power: ({ instanceId, on, byService }) => {
      this.off.delete(instanceId);
      if (on || !byService) return;
      this.off.add(instanceId);
      const { name } = this.court.instance(instanceId);
      if (!this.mayStop.has(name)) this.court.violate('stopped', `${name} was stopped by Fenix`);
    },
    'instance-gone': ({ instanceId }) => {
      this.off.delete(instanceId);
    },
  };

  end(): void {
    for (const id of this.off) {
      const { name } = this.court.instance(id);
      if (!this.mayStayStopped.has(name))
        this.court.violate('left-stopped', `${name} was stopped by Fenix and never started again`);
    }
  }
}
