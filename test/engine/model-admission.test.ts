import test from 'ava';
import { FenixError } from '../../src/common/errors.js';
import type { Repositories } from '../../src/db/repositories.js';
import { admit, type ImpactRequest } from '../../src/engine/admission.js';
import { Unit } from '../../src/engine/session-writer.js';
import { addResources, type Impact } from '../../src/model/index.js';
import { NOON } from '../support/api-records.js';
import { aView, SMALL } from '../support/engine-views.js';
import { Broken, everyInterleaving, Part, type Run } from '../support/model/interleavings.js';

/*
 * Admission as it is, in every order in which the statements of several engines' transactions can follow each other. The
 * database is a model of READ COMMITTED: a transaction sees what is committed and what it wrote itself, and a row that
 * another one has changed is waited for.
 */

/** Which rule of admission is broken on purpose. */
type Broke = 'no guard is moved' | 'versions are read after the impacts' | 'guards move whatever their version';

class Store {
  readonly versions = new Map<string, number>();
  readonly impacts: Impact[] = [];
  /** Keys of rows that a transaction has changed and not yet committed. */
  readonly locked = new Map<string, Transaction>();
}

class Transaction {
  private readonly moved = new Map<string, number>();
  private readonly inserted: Impact[] = [];
  /** The row that it waits for. */
  awaited: string | undefined;

  constructor(
    private readonly store: Store,
    private readonly gate: () => Promise<void>,
    private readonly broke: Broke | undefined,
  ) {}

  get isBlocked(): boolean {
    return this.awaited !== undefined && this.store.locked.has(this.awaited);
  }

  repositories(): Repositories {
    const guards = {
      read: async (keys: readonly string[]) => {
        if (this.broke === 'versions are read after the impacts') return new Map(keys.map((key) => [key, Number.NaN]));
        await this.gate();
        return new Map(keys.map((key) => [key, this.store.versions.get(key) ?? 0]));
      },
      move: async (versions: ReadonlyMap<string, number>) => {
        if (this.broke === 'no guard is moved') return;
        for (const [key, version] of versions) await this.move(key, version);
      },
    };
    const impacts = {
      active: async () => {
        await this.gate();
        return [...this.store.impacts, ...this.inserted];
      },
      insert: async (impact: Impact) => {
        this.inserted.push(impact);
      },
    };
    return { guards, impacts } as unknown as Repositories;
  }

  commit(): void {
    for (const [key, version] of this.moved) this.store.versions.set(key, version);
    this.store.impacts.push(...this.inserted);
    this.unlock();
  }

  unlock(): void {
    for (const [key, holder] of this.store.locked) if (holder === this) this.store.locked.delete(key);
  }

  private async move(key: string, version: number): Promise<void> {
    this.awaited = key;
    await this.gate();
    this.awaited = undefined;
    const present = this.store.versions.get(key) ?? 0;
    const isExpected = this.broke === 'no guard is moved' || this.broke === undefined ? present === version : true;
    if (!isExpected) throw new FenixError('conflict', 'guard-moved', key);
    this.store.locked.set(key, this);
    this.moved.set(key, present + 1);
  }
}

const group = (groupId: string, maxImpacted: number) => ({
  groupId,
  maxImpacted,
  recoveryTimeS: 60,
  broken: [],
  maxPerHost: 0,
  members: [],
});

const wish = (instanceId: string, overrides: Partial<ImpactRequest>): ImpactRequest => ({
  instanceId,
  attempt: 1,
  projectId: 'tenant',
  group: group('group', 1),
  action: 'MIGRATE',
  sourceHost: 'c1',
  targetHost: null,
  resources: SMALL,
  ...overrides,
});

interface Rules {
  readonly maxImpacted: number;
  /** Instances like these that a target has room for. */
  readonly maxPerTarget: number;
}

/** Engines that want one impact each, at the same time. */
async function world(wishes: readonly ImpactRequest[], rules: Rules, broke?: Broke): Promise<Run> {
  const store = new Store();
  const parts = new Map<string, { readonly part: Part; readonly tx: Transaction }>();
  for (const request of wishes) {
    const part = new Part();
    const tx = new Transaction(store, () => part.gate(), broke);
    parts.set(request.instanceId, { part, tx });
    const work = async (): Promise<void> => {
      const unit = new Unit(undefined as never, request.instanceId, NOON);
      try {
        const refusal = await admit(unit, tx.repositories(), aView().cloud, request);
        await part.gate();
        if (refusal === undefined) tx.commit();
      } catch (error) {
        if (!(error instanceof FenixError && error.code === 'guard-moved')) throw error;
      } finally {
        tx.unlock();
      }
    };
    await part.start(work);
  }
  const hold = (): void => {
    for (const groupId of new Set(store.impacts.map((impact) => impact.groupId))) {
      const members = store.impacts.filter((impact) => impact.groupId === groupId);
      if (members.length > rules.maxImpacted) throw new Error(`group ${groupId} is over its limit`);
    }
    for (const host of new Set(store.impacts.map(({ targetHost }) => targetHost))) {
      const coming = store.impacts.filter(({ targetHost }) => host !== null && targetHost === host);
      if (coming.length > rules.maxPerTarget) throw new Error(`host ${host} has no room for all`);
    }
  };
  return {
    options: () => [...parts].filter(([, { part, tx }]) => part.waits && !tx.isBlocked).map(([name]) => name),
    take: async (name) => {
      await parts.get(name)?.part.step();
      hold();
    },
    end: async () => {
      if (store.impacts.length === 0) throw new Error('nobody was admitted');
      if ([...parts.values()].some(({ part }) => part.waits)) throw new Error('somebody waits for ever');
    },
  };
}

/** All that a target of these views has room for. */
const WHOLE = addResources(SMALL, SMALL);
const roomy = (groupId: string) => group(groupId, 9);
const STORIES: Readonly<Record<string, { readonly wishes: readonly ImpactRequest[]; readonly rules: Rules }>> = {
  'two want the last place of a group': {
    wishes: [wish('i1', {}), wish('i2', {})],
    rules: { maxImpacted: 1, maxPerTarget: 0 },
  },
  'three want two places of a group': {
    wishes: ['i1', 'i2', 'i3'].map((id) => wish(id, { group: group('group', 2) })),
    rules: { maxImpacted: 2, maxPerTarget: 0 },
  },
  'two of different groups want the room for one on a target': {
    wishes: ['i1', 'i2'].map((id) => wish(id, { group: roomy(id), targetHost: 'c2', resources: WHOLE })),
    rules: { maxImpacted: 9, maxPerTarget: 1 },
  },
};

for (const [title, { wishes, rules }] of Object.entries(STORIES)) {
  test(`${title}: no order of their statements admits too many`, async (t) => {
    const runs = await everyInterleaving(() => world(wishes, rules));
    t.log(`${runs} interleavings`);
    t.true(runs > 10);
  });

  for (const broke of [
    'no guard is moved',
    'versions are read after the impacts',
    'guards move whatever their version',
  ] as const) {
    test(`${title}: were it so that ${broke}, it would be found out`, async (t) => {
      await t.throwsAsync(
        everyInterleaving(() => world(wishes, rules, broke)),
        { instanceOf: Broken, message: /over its limit|has no room/ },
      );
    });
  }
}
