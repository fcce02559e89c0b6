import type { Court, Entry, Hearing, Judge } from './court.js';

/** Counts moves; rules two-moves, tenants-resize and left-unconfirmed. */
export class MovesJudge implements Judge {
  /** Arrivals on another host, by instance. */
  readonly moves = new Map<string, number>();
  private readonly open = new Map<number, Entry<'move-begun'>>();
  private readonly stuck = new Set<number>();
  private readonly targets = new Map<number, string>();
  private readonly down = new Set<string>();

  constructor(private readonly court: Court) {}

  readonly hearing: Hearing = {
    'move-begun': (entry) => {
      this.checkAlone(entry);
      this.open.set(entry.migrationId, entry);
    },
    fault: ({ what, migrationId }) => {
      if (what === 'stuck' && migrationId !== null) this.stuck.add(migrationId);
    },
    'move-scheduled': ({ migrationId, to }) => this.targets.set(migrationId, to),
    'host-state': ({ host, up }) => (up ? this.down.delete(host) : this.down.add(host)),
    'move-arrived': ({ instanceId }) => this.moves.set(instanceId, (this.moves.get(instanceId) ?? 0) + 1),
    'move-ended': ({ migrationId, instanceId, type, outcome, byProjectId }) => {
      this.open.delete(migrationId);
      const { name, projectId } = this.court.instance(instanceId);
      if (type === 'resize' && byProjectId !== null && byProjectId !== projectId)
        this.court.violate('tenants-resize', `The resize of ${name} was ${outcome} by somebody else than its owner`);
    },
  };

  end(): void {
    for (const { migrationId, instanceId, type, from } of this.open.values()) {
      if (type === 'resize' || this.stuck.has(migrationId)) continue;
      // Nobody finishes a move of which an end is dead: Nova goes on with it when the host is back.
      if ([from, this.targets.get(migrationId)].some((host) => host !== undefined && this.down.has(host))) continue;
      this.court.violate(
        'left-unconfirmed',
        `A ${type} of ${this.court.instance(instanceId).name} from ${from} was never finished`,
      );
    }
  }

  private checkAlone({ instanceId }: Entry<'move-begun'>): void {
    const { name } = this.court.instance(instanceId);
    for (const other of this.open.values()) {
      if (other.instanceId !== instanceId) continue;
      if (other.type === 'resize')
        this.court.violate('tenants-resize', `${name} was moved before its owner had confirmed a resize`);
      else this.court.violate('two-moves', `${name} was moved again during a ${other.type}`);
    }
  }
}
